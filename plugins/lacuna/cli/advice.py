"""The advice for a day: what to do about the logging of each bucket, with the exact call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from operator import itemgetter

from lacuna.cli.summary import VERDICTS
from lacuna.lake import athena
from lacuna.lake.lake import Lake
from lacuna.steps.suites import MARTS, advice_rows
from lacuna.text import visible

# One row a recommendation, and one without a remedy for a bucket that has none. `{advice}`: rows
# like those of the column advice.
ADVICE = """
select coverage.bucket_name, coverage.verdict, items.remedy, items.call, items.is_action
from {marts}.fct_logging_coverage as coverage
left join unnest({advice}) with ordinality
    as items (code, meaning, remedy, call, is_action, place) on true
where coverage.event_date = date '{day}'
order by coverage.bucket_name, items.place
"""


class NothingKnown(LookupError):
    """The lake holds nothing about the day or the bucket; the message says what to do."""


def read(
    lake: Lake, day: date, bucket: str | None = None, *, marts_database: str = MARTS
) -> list[str]:
    """Return the advice for all buckets of a day, or for one of them, as lines to read and copy.

    Raises NothingKnown if no bucket has a verdict for that day, or not this bucket.
    """
    advice = advice_rows(lake, marts_database)
    rows = athena.rows(lake, ADVICE.format(day=day, advice=advice, marts=marts_database))
    if not rows:
        raise NothingKnown(
            f"no bucket has a verdict for {day}. If the day was not run yet: make run DAY={day}"
        )
    of_bucket = [row for row in rows if bucket in (None, row["bucket_name"])]
    if not of_bucket:
        raise NothingKnown(f"no bucket {visible(bucket or '')} has a verdict for {day}")
    return list(lines(of_bucket, whole=bucket is not None)) or [f"{day}: there is nothing to do"]


def _rank(verdict: str | None) -> int:
    """Return the place of a verdict, the worst first; a word that is new comes before all."""
    return VERDICTS.index(verdict) if verdict in VERDICTS else -1


def lines(rows: Iterable[Mapping[str, str | None]], *, whole: bool) -> Iterator[str]:
    """Yield each bucket, the worst verdict first, with its recommendations and their calls.

    `whole`: also the recommendations that ask for no action.
    """
    by_verdict = sorted(rows, key=lambda row: _rank(row["verdict"]))  # buckets keep their order
    for (bucket, verdict), items in groupby(by_verdict, itemgetter("bucket_name", "verdict")):
        shown = [row for row in items if row["remedy"] and (whole or row["is_action"] == "true")]
        if not shown and not whole:
            continue
        yield f"{visible(bucket or '')}: {verdict}"
        for row in shown:
            yield f"  - {visible(row['remedy'] or '')}"
            yield from map(_to_copy, (row["call"] or "").splitlines())
        yield ""


def _to_copy(line: str) -> str:
    """Return a line of a call as a shell takes it: a query is one for `make ask`."""
    line = visible(line)
    return f'make ask SQL="{line}"' if line.startswith("select ") and '"' not in line else line
