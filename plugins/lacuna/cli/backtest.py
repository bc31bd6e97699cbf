"""`make backtest`: what a detection would have found with other settings, beside what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lacuna import declared, detections
from lacuna.cli.ask import size_in_words
from lacuna.cli.saved_queries import WrongQuestion
from lacuna.day import named_day
from lacuna.lake.athena import Answer
from lacuna.steps.backtest import Prepared, Trial
from lacuna.text import meant, visible

Row = Mapping[str, str | None]

MOST_DAYS = 90  # that one trial judges: a statement of Athena has 256 KiB
MOST_NAMED = 20  # findings that are new, or gone, by name


def trial(name: str, since: str, until: str | None, given: Sequence[str]) -> Trial:
    """Return what is tried; `given` are `setting=value`. Raises WrongQuestion or DayError."""
    known = {one.name: one for one in detections.every()}
    if name not in known:
        raise WrongQuestion(f"there is no detection '{visible(name)}'.{meant(name, known)}")
    first = named_day(since, "SINCE")
    last = named_day(until, "UNTIL") if until else first
    if not 0 <= (last - first).days < MOST_DAYS:
        raise WrongQuestion(
            f"from {first} to {last}: UNTIL is not before SINCE, and at most {MOST_DAYS - 1} days after"
        )
    overrides = {}
    for text in given:
        setting, _, value = text.partition("=")
        try:
            overrides[setting] = declared.override(known[name], setting, value)
        except declared.WrongRow as error:
            raise WrongQuestion(str(error)) from error
    return Trial(known[name], first, last, overrides)


def announcement(tried: Trial, prepared: Prepared) -> str:
    """Return a line: what is tried and how much it reads."""
    changed = ", ".join(f"{name} {value}" for name, value in tried.overrides.items())
    return (
        f"{tried.detection.name} from {tried.since} to {tried.until} with "
        f"{changed or 'its settings as they are'}: it reads at most {size_in_words(prepared.most_bytes)}"
    )


def rows(found: Answer) -> list[Row]:
    """Return the rows of an answer by column."""
    names = [column.name for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


def lines(tried: Trial, found: Sequence[Row]) -> Iterator[str]:
    """Yield how many findings each day has, and which are new or would be gone."""
    by_day: dict[str, Counter[str]] = {}
    for row in found:
        by_day.setdefault(str(row["event_date"]), Counter())[str(row["change"])] += 1
    if by_day:
        yield f"{'day':<10}  {'findings':>8}  {'new':>4}  {'gone':>4}"
    for day, changes in sorted(by_day.items()):
        number = changes["kept"] + changes["new"]
        yield f"{day:<10}  {number:>8,}  {changes['new']:>4,}  {changes['gone']:>4,}"
    for change in ("new", "gone"):
        named = [row for row in found if row["change"] == change]
        yield from (_named(change, tried.detection.unit, row) for row in named[:MOST_NAMED])
        if len(named) > MOST_NAMED:
            yield f"{change}: {len(named) - MOST_NAMED:,} more"


def _named(change: str, unit: str, row: Row) -> str:
    about = " ".join(filter(None, (row["bucket_name"], row["subject"])))
    value, threshold = (float(row[name] or 0) for name in ("value", "threshold"))
    return (
        f"{change:<4}  {row['event_date']}  {row['severity']}  {visible(about)}: "
        f"{value:,.0f} {unit} (threshold {threshold:,.0f})"
    )


def end(found: Sequence[Row], answer: Answer) -> str:
    """Return a line that sums it up."""
    changes = Counter(row["change"] for row in found)
    number = changes["kept"] + changes["new"]
    return (
        f"{number:,} finding{'' if number == 1 else 's'}, {changes['new']:,} of them new; "
        f"{changes['gone']:,} of today's would be gone. {size_in_words(answer.bytes_scanned)} scanned, "
        f"{answer.seconds:.1f} s. Nothing was written."
    )
