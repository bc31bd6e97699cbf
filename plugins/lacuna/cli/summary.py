"""What a person wants to read when a day's run is over: how many of what, what is wrong, where next.

Two questions to Athena, each of one partition's rows: the work does not grow with history.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from lacuna.lake import athena
from lacuna.steps import suites
from lacuna.text import visible

if TYPE_CHECKING:
    from lacuna.lake.lake import Lake
    from lacuna.settings import Settings

# Worst first; words that no day has are not shown.
VERDICTS = ("broken_target", "silent", "unknown", "off", "idle", "delivering")
STATUSES = ("missing", "partial", "unknown", "pending", "idle", "delivered")
SEVERITIES = ("critical", "warning", "info")

# Of a bucket and day that the first are about, the second say nothing new.
CAUSES = ("bucket_silent", "target_broken")
CONSEQUENCES = ("hour_lost", "hour_partly_lost")

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
select
    severity,
    expectation,
    cast(partition_day as varchar) as partition_day,
    message,
    array_join(offending, chr(10)) as subjects
from (
    select
        severity,
        expectation,
        partition_day,
        message,
        offending,
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

# One cell a bucket; no text of a recommendation holds the character between two of them
ADVICE = """
select bucket_name, verdict, array_join(recommendations, chr(30)) as advice
from lacuna.fct_logging_coverage
where event_date = date '{day}'
order by bucket_name
"""
# How a remedy begins that asks nothing of anybody (dbt_project/seeds/remedies.csv)
_ONLY_TO_KNOW = "Nothing"

NEXT = """
Where to look next: docs/runbook.md says of each finding what it means and what to do.
  make advise DAY={day}                   what to do about each bucket, with the call to copy
  lacuna.fct_logging_coverage (event_date)    each bucket's verdict, its reasons, what to do
  lacuna.fct_logging_changes (event_date)     who turned logging off, on, or changed it
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


class NothingKnown(LookupError):
    """The lake holds nothing of what was asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that the day did not pass; `message` is a head line and indented lines below it.

    `subjects` are what its lines are about, `day` the partition that was checked.
    """

    severity: str
    expectation: str
    message: str
    day: str = ""
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """One delivery day, once it was run: its buckets' verdicts, its hours, what was found."""

    day: date
    verdicts: Mapping[str, int]
    hours: Mapping[str, int]
    findings: tuple[Finding, ...]
    exempt: int = 0


def read(lake: Lake, settings: Settings, day: date, since: date) -> Summary:
    """The summary of a delivery day that was checked on the UTC day `since` or later."""
    query, pattern = COUNTS, settings.unlogged_pattern
    if pattern is not None:
        query += EXEMPT
    counts = athena.rows(lake, query.format(day=day, pattern=pattern))
    found = athena.rows(lake, FINDINGS.format(day=day, since=since))
    return Summary(
        day=day,
        verdicts=_numbers(counts, "verdict"),
        hours=_numbers(counts, "hour"),
        findings=tuple(
            Finding(
                severity=row["severity"] or "",
                expectation=row["expectation"] or "",
                message=row["message"] or "",
                day=row["partition_day"] or "",
                subjects=tuple((row["subjects"] or "").split("\n")),
            )
            for row in found
        ),
        exempt=_numbers(counts, "exempt").get("off", 0),
    )


def told(summary: Summary, *, brief: bool = False) -> Iterator[str]:
    """The summary, line by line; `brief`: of each finding its head line only."""
    findings = grouped(summary.findings)
    severities = Counter(finding.severity for finding in findings)
    yield ""
    yield f"{summary.day} in short"
    yield f"  buckets   {_listed(summary.verdicts, VERDICTS)}"
    if summary.exempt:
        buckets = "1 bucket" if summary.exempt == 1 else f"{summary.exempt:,} buckets"
        yield f"            of those off, {buckets} on purpose: LACUNA_UNLOGGED_BUCKETS"
    yield f"  hours     {_listed(summary.hours, STATUSES)}"
    yield f"  findings  {_listed(severities, SEVERITIES)}"
    for severity in ("critical", "warning"):
        for finding in findings:
            if finding.severity != severity:
                continue
            head = finding.message.split("\n")[0]
            if brief:
                yield f"            {severity}: {head}"
            else:
                yield ""
                yield f"{severity}: {finding.message}"


def grouped(findings: Iterable[Finding]) -> list[Finding]:
    """One finding a check, whatever its days; those that others explain come after them."""
    findings = sorted(findings, key=lambda one: one.expectation in CONSEQUENCES)
    causes = {
        (one.day, subject): one.expectation
        for one in findings
        if one.expectation in CAUSES
        for subject in one.subjects
    }
    checks: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        checks.setdefault((finding.severity, finding.expectation), []).append(finding)
    return [_together(of_one_check, causes) for of_one_check in checks.values()]


def _together(findings: Sequence[Finding], causes: Mapping[tuple[str, str], str]) -> Finding:
    """The findings of one check as one: each line once, with its days where they are not all."""
    first = findings[0]
    lines: dict[tuple[str, str], list[str]] = {}
    explained: dict[str, set[str]] = {}
    left = []
    for finding in sorted(findings, key=lambda one: one.day):
        told, more = suites.out_of_words(finding.message)
        for line, bucket in zip(told, _buckets(finding, len(told)), strict=True):
            cause = causes.get((finding.day, bucket))
            if cause:
                explained.setdefault(cause, set()).add(bucket)
            else:
                lines.setdefault(line, []).append(finding.day)
        left += [f"{finding.day}: {more}"] if more else []
    if len(findings) == 1 and not explained:
        return first
    days = sorted({finding.day for finding in findings})
    number = len(lines) + sum(map(len, explained.values()))
    head = f"{first.expectation} of {_days(days)}: {number:,} finding{'' if number == 1 else 's'}"
    sentences = [
        (what if own == days else f"{_days(own)}: {what}") + (f"\n{cure}" if cure else "")
        for (what, cure), own in sorted(lines.items())
    ]
    sentences += [
        f"{', '.join(sorted(buckets))}: see {cause}" for cause, buckets in explained.items()
    ]
    message = suites.in_words(head + (" and more" if left else ""), sentences, "\n  ".join(left))
    return replace(first, message=message)


def _buckets(finding: Finding, number: int) -> Sequence[str]:
    """For each line the bucket whose hours it tells of, where that can be known."""
    if finding.expectation not in CONSEQUENCES or len(finding.subjects) != number:
        return [""] * number
    return [subject.partition(" ")[0] for subject in finding.subjects]


def _days(days: Sequence[str]) -> str:
    """Days in words; more than two that follow each other as a span."""
    if len(days) > 2:
        first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
        if (last - first).days == len(days) - 1:
            return f"{first} to {last}"
    return " and ".join(part for part in (", ".join(days[:-1]), days[-1]) if part)


def where_next(settings: Settings, day: date) -> list[str]:
    """The tables, a question that one of them answers, and where to ask it."""
    place = {"region": settings.region, "workgroup": settings.workgroup}
    return NEXT.format(day=day, **place).rstrip().split("\n")


def advice(lake: Lake, day: date, bucket: str | None = None) -> list[str]:
    """What is recommended for the buckets of a day, or for one of them: lines to read and copy.

    NothingKnown where no bucket was judged on that day, or not this one.
    """
    rows = athena.rows(lake, ADVICE.format(day=day))
    if not rows:
        raise NothingKnown(f"no bucket was judged on {day}: if it was not run, make run DAY={day}")
    wanted = [row for row in rows if bucket in (None, row["bucket_name"])]
    if not wanted:
        raise NothingKnown(f"there was no bucket {visible(bucket or '')} on {day}")
    return list(advised(wanted, whole=bucket is not None)) or [f"{day}: there is nothing to do"]


def advised(rows: Iterable[Mapping[str, str | None]], *, whole: bool) -> Iterator[str]:
    """Each bucket with its verdict, below it each recommendation; its calls as they are copied.

    `whole`: also those that ask nothing of anybody.
    """
    for row in rows:
        asked = [
            one
            for one in (row["advice"] or "").split("\x1e")
            if one and (whole or not one.startswith(_ONLY_TO_KNOW))
        ]
        if not asked and not whole:
            continue
        yield f"{visible(row['bucket_name'] or '')}: {row['verdict']}"
        for one in asked:
            first, *lines = one.split("\n")
            yield f"  - {visible(first)}"
            yield from map(visible, lines)
        yield ""


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
