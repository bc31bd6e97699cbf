"""The demo's result: a short page for the terminal, the whole comparison for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lacuna.text import visible
from sandbox.demo.comparison import Comparison, Completeness, PlantedFault, Verdict

REPORT_WIDTH = 160

# A bucket with many callers
BUCKET = "meridian-web-assets"

NEXT = """
make up            Airflow's UI with the runs of these days and their logs
make demo SEED=8   the same faults in another account
make sandbox       this account again, to query it. In a second terminal,
                   paste the export lines that it prints. Then:

  make run DAY={day}
  make who BUCKET={bucket} SINCE={day}
  make ask SQL="select bucket_name, hour, data_event_requests
       from lacuna.fct_delivery_hours
       where event_date = date '{day}' and status = 'missing'"
"""


def show(
    console: Console,
    comparison: Comparison,
    seconds: Mapping[str, float],
    files: Mapping[str, str],
    day: str,
) -> None:
    """Print the verdicts with their buckets, the kinds of fault, and the summary.

    `files` are the paths of the details; `day` is a day that has missing hours.
    """
    for table in (_short_verdicts(comparison.verdicts), _short_faults(comparison.faults)):
        console.print()
        console.print(table)
    console.print(Text("\nWhat do the logs say?", style="bold"))
    for line in comparison.said:
        console.print(_text(line))
    console.print(Text("\nWhat do the detections answer, for each bucket and day?", style="bold"))
    for line in comparison.detected:
        console.print(_text(line))
    console.print()
    _missed(console, comparison)
    _conclusion(console, comparison)
    console.print(f"It took {sum(seconds.values()):.0f} seconds.")
    console.print(Text("\nDetails", style="bold"))
    for what, path in files.items():
        console.print(_text(f"  {path}  {what}"), soft_wrap=True)
    console.print(Text("\nWhat to try next", style="bold"))
    console.print(Text(NEXT.format(day=day, bucket=BUCKET).rstrip()))


def write_report(console: Console, comparison: Comparison, seconds: Mapping[str, float]) -> None:
    """Print everything: each verdict with its reasons, each fault, each bucket's hours, times."""
    for table in (
        _verdicts(comparison.verdicts),
        _faults(comparison.faults),
        _completeness(comparison.completeness),
        _times(seconds),
    ):
        console.print(table)
        console.print()
    _missed(console, comparison)
    _conclusion(console, comparison)


def _short_verdicts(verdicts: Sequence[Verdict]) -> Table:
    """Return a row for each verdict and its reasons, with the buckets that have them."""
    table = _table("Is access logged? The verdicts, why, and of which buckets")
    table.add_column("verdict", overflow="fold")
    table.add_column("")
    table.add_column("why", overflow="fold")
    table.add_column("buckets", overflow="fold")
    alike: dict[tuple[str, str, str], list[str]] = {}
    for verdict in sorted(verdicts, key=lambda one: (one.agrees, _by_day(one.found), one.why)):
        planted = "" if verdict.agrees else _by_day(verdict.planted)
        key = (_by_day(verdict.found), planted, verdict.why)
        alike.setdefault(key, []).append(verdict.bucket_name)
    for (found, planted, why), buckets in alike.items():
        agreement = _no(f"planted: {planted}") if planted else _yes()
        table.add_row(_text(found), agreement, _text(why), _text(", ".join(buckets)))
    return table


def _short_faults(faults: Sequence[PlantedFault]) -> Table:
    """Return a row for each number of faults of one kind: how many were planted and found."""
    table = _table("Was every planted fault found?")
    table.add_column("found", justify="right")
    table.add_column("kinds of fault", overflow="fold")
    kinds: dict[tuple[int, int], list[str]] = {}
    for kind in dict.fromkeys(fault.kind for fault in faults):
        found = [fault.found for fault in faults if fault.kind == kind]
        kinds.setdefault((sum(found), len(found)), []).append(kind)
    for (hits, planted), names in sorted(kinds.items(), key=lambda pair: pair[0][0] - pair[0][1]):
        number = f"{hits} of {planted}" + (" each" if len(names) > 1 else "")
        table.add_row(_yes(number) if hits == planted else _no(number), _text(", ".join(names)))
    return table


def _verdicts(verdicts: Sequence[Verdict]) -> Table:
    table = _table("Is access logged? The verdict of each bucket and its reasons")
    table.add_column("bucket", overflow="fold")
    table.add_column("verdict", overflow="fold")
    table.add_column("")
    table.add_column("why", overflow="fold")
    for verdict in verdicts:
        table.add_row(
            _text(verdict.bucket_name),
            _text(_by_day(verdict.found)),
            _yes() if verdict.agrees else _no(f"planted: {_by_day(verdict.planted)}"),
            _text(verdict.why),
        )
    return table


def _by_day(verdicts: Mapping[str, str]) -> str:
    """Return the verdict if every day has the same, else each verdict with its days."""
    words = dict.fromkeys(verdicts[day] for day in sorted(verdicts))
    if len(words) <= 1:
        return "".join(words) or "none"
    days = {word: [day[5:] for day in sorted(verdicts) if verdicts[day] == word] for word in words}
    return ", ".join(f"{word} ({' '.join(days[word])})" for word in words)


def _faults(faults: Sequence[PlantedFault]) -> Table:
    table = _table("What was planted, and where it shows")
    table.add_column("planted", overflow="fold")
    table.add_column("found")
    table.add_column("where", overflow="fold")
    for fault in faults:
        table.add_row(
            _text(f"{fault.fault_id.replace(':', ' ')}: {fault.note}"),
            _yes("found") if fault.found else _no("not found"),
            _text("\n".join(fault.where)),
        )
    return table


def _completeness(rows: Sequence[Completeness]) -> Table:
    table = _table(
        "Did the logs arrive? Hours of each bucket, and the lowest completeness of an hour"
    )
    table.add_column("bucket", overflow="fold")
    table.add_column("hours", overflow="fold")
    table.add_column("records", justify="right")
    table.add_column("access log", justify="right")
    table.add_column("events", justify="right")
    for row in rows:
        table.add_row(
            _text(row.bucket_name),
            _text(", ".join(f"{number} {status}" for status, number in row.hours.items())),
            f"{row.requests:,}",
            _share(row.access_log),
            _share(row.data_events),
        )
    return table


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _times(seconds: Mapping[str, float]) -> Table:
    table = _table("How long it took")
    table.add_column("part", overflow="fold")
    table.add_column("seconds", justify="right")
    for part, spent in seconds.items():
        table.add_row(_text(part), f"{spent:.1f}")
    table.add_row("total", f"{sum(seconds.values()):.1f}")
    return table


def _missed(console: Console, comparison: Comparison) -> None:
    """Print the faults that were not found, and the findings that nothing planted explains."""
    missed = [fault for fault in comparison.faults if not fault.found]
    lists = {
        "Planted faults that were not found": [
            f"{fault.fault_id}: {fault.note}; look in {', '.join(fault.where)}" for fault in missed
        ],
        "Findings that were not planted": list(comparison.unplanted),
    }
    for title, lines in lists.items():
        if lines:
            console.print(Text(title, style="bold"))
        for line in lines:
            console.print(_text(f"  {line}"), style="red")


def _conclusion(console: Console, comparison: Comparison) -> None:
    found = sum(fault.found for fault in comparison.faults)
    right = sum(verdict.agrees for verdict in comparison.verdicts)
    console.print(
        f"{found} of {len(comparison.faults)} planted faults found, "
        f"{right} of {len(comparison.verdicts)} buckets as planted, "
        f"{len(comparison.unplanted)} findings that were not planted.",
        style="bold green" if comparison.agrees else "bold red",
        highlight=False,
    )


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)


def _text(text: Any) -> Text:
    """Return text that is no markup and that a terminal prints and does not obey."""
    return Text("\n".join(visible(line) for line in str(text).split("\n")))


def _yes(word: str = "as planted") -> Text:
    return Text(word, style="green")


def _no(words: str) -> Text:
    return Text(visible(words), style="bold red")
