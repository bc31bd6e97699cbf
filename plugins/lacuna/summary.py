"""What a person wants to read when a day's run is over: how many of what, what is wrong, where next.

Two questions to Athena, each of one partition's rows: the work does not grow with history.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from lacuna.aws import athena

if TYPE_CHECKING:
    from lacuna.settings import Settings

# Worst first; words that no day has are not shown.
VERDICTS = ("broken_target", "silent", "unknown", "off", "idle", "delivering")
STATUSES = ("missing", "partial", "unknown", "pending", "idle", "delivered")
SEVERITIES = ("critical", "warning", "info")

COUNTS = """
select 'verdict' as kind, verdict as word, count(*) as number
from lacuna.fct_logging_coverage
where event_date = date '{day}'
group by verdict
union all
select 'hour' as kind, status as word, count(*) as number
from lacuna.fct_delivery_hours
where event_date = date '{day}'
group by status
"""

EXEMPT = """
union all
select 'exempt' as kind, verdict as word, count(*) as number
from lacuna.fct_logging_coverage
where event_date = date '{day}' and verdict = 'off' and regexp_like(bucket_name, '{pattern}')
group by verdict
"""

# A day that was checked twice since then: the last check counts.
FINDINGS = """
select severity, expectation, cast(partition_day as varchar) as partition_day, message
from (
    select
        severity,
        expectation,
        partition_day,
        message,
        success,
        row_number() over (
            partition by suite, expectation, partition_day
            order by checked_at desc
        ) as nth
    from lacuna_evidence.check_results
    where checked_on >= date '{since}' and delivery_day = date '{day}'
) as checks
where nth = 1 and not success
order by partition_day desc, expectation
"""

NEXT = """
Where to look next: docs/runbook.md says of each finding what it means and what to do.
  lacuna.fct_logging_coverage (event_date)    each bucket's verdict, its reasons, what to do
  lacuna.fct_delivery_hours (event_date)      each hour of a bucket: what came, how complete
  lacuna.fct_log_objects (delivered_on)       each log object: bytes, lines, what is wrong with it
  lacuna_evidence.check_results (checked_on, delivery_day)    every check, in words

For example:
  select bucket_name, hour, status, data_event_requests, access_log_requests
  from lacuna.fct_delivery_hours
  where event_date = date '{day}' and status in ('missing', 'partial')
  order by bucket_name, hour

in Athena's console (Region {region}, workgroup {workgroup}), or with `make ask SQL="…"`.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that the day did not pass; `message` is a head line and indented lines below it."""

    severity: str
    expectation: str
    message: str


@dataclass(frozen=True, slots=True)
class Summary:
    """One delivery day, once it was run: its buckets' verdicts, its hours, what was found."""

    day: date
    verdicts: Mapping[str, int]
    hours: Mapping[str, int]
    findings: tuple[Finding, ...]
    exempt: int = 0


def read(settings: Settings, day: date, since: date) -> Summary:
    """The summary of a delivery day that was checked on the UTC day `since` or later."""
    query, pattern = COUNTS, settings.unlogged_pattern
    if pattern is not None:
        query += EXEMPT
    counts = athena.rows(settings, query.format(day=day, pattern=pattern))
    found = athena.rows(settings, FINDINGS.format(day=day, since=since))
    return Summary(
        day=day,
        verdicts=_numbers(counts, "verdict"),
        hours=_numbers(counts, "hour"),
        findings=tuple(
            Finding(
                severity=row["severity"] or "",
                expectation=row["expectation"] or "",
                message=row["message"] or "",
            )
            for row in found
        ),
        exempt=_numbers(counts, "exempt").get("off", 0),
    )


def told(summary: Summary, *, brief: bool = False) -> Iterator[str]:
    """The summary, line by line; `brief`: of each finding its head line only."""
    severities = Counter(finding.severity for finding in summary.findings)
    yield ""
    yield f"{summary.day} in short"
    yield f"  buckets   {_listed(summary.verdicts, VERDICTS)}"
    if summary.exempt:
        buckets = "1 bucket" if summary.exempt == 1 else f"{summary.exempt:,} buckets"
        yield f"            of those off, {buckets} on purpose: LACUNA_UNLOGGED_BUCKETS"
    yield f"  hours     {_listed(summary.hours, STATUSES)}"
    yield f"  findings  {_listed(severities, SEVERITIES)}"
    for severity in ("critical", "warning"):
        for finding in summary.findings:
            if finding.severity != severity:
                continue
            head = finding.message.split("\n")[0]
            if brief:
                yield f"            {severity}: {head}"
            else:
                yield ""
                yield f"{severity}: {finding.message}"


def where_next(settings: Settings, day: date) -> list[str]:
    """The tables, a question that one of them answers, and where to ask it."""
    place = {"region": settings.region, "workgroup": settings.workgroup}
    return NEXT.format(day=day, **place).rstrip().split("\n")


def fitted(lines: Iterable[str]) -> Iterator[str]:
    """Lines as they are for a file or a pipe; for a terminal, broken between words to its width."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for line in (part for one in lines for part in one.split("\n")):
        indent = line[: len(line) - len(line.lstrip())]
        yield from textwrap.wrap(
            line.strip(),
            width,
            initial_indent=indent,
            subsequent_indent=indent + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]


def _numbers(rows: Iterable[Mapping[str, str | None]], kind: str) -> dict[str, int]:
    return {row["word"] or "": int(row["number"] or 0) for row in rows if row["kind"] == kind}


def _listed(numbers: Mapping[str, int], order: tuple[str, ...]) -> str:
    words = [*order, *sorted(numbers.keys() - set(order))]
    return ", ".join(f"{numbers[word]:,} {word}" for word in words if numbers.get(word)) or "none"
