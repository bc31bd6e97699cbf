"""The summary of a day's run: counts, findings worst first, where to look next.

A summary asks Athena two queries, of the results since its run: that of an old day reads more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from lacuna.cli import answers
from lacuna.lake import athena
from lacuna.steps import findings
from lacuna.steps.findings import Finding

if TYPE_CHECKING:
    from lacuna.lake.lake import Lake
    from lacuna.settings import Settings

TextRow = Mapping[str, str | None]

# Worst first; a word without a count is not shown
VERDICTS = ("broken_target", "silent", "unknown", "off", "idle", "delivering")
STATUSES = ("missing", "partial", "unknown", "pending", "idle", "delivered")
SEVERITIES = ("critical", "warning", "info")

# For the same bucket and day the first explain the second
CAUSES = ("bucket_silent", "target_broken")
CONSEQUENCES = ("hour_lost", "hour_mostly_lost", "hour_partly_lost", "hour_barely_lost")

# What is counted in a mart. One that no run has built yet holds nothing.
COUNTS = {
    "fct_logging_coverage": """
select 'verdict' as kind, verdict as word, count(*) as number
from lacuna.fct_logging_coverage
where event_date = date '{day}'
group by verdict
""",
    "fct_delivery_hours": """
select 'hour' as kind, status as word, count(*) as number
from lacuna.fct_delivery_hours
where event_date = date '{day}'
group by status
""",
}

CHECKS = """
select 'check' as kind, if(success, 'passed', 'failed') as word, count(*) as number
from lacuna_evidence.check_results
where checked_on >= date '{since}' and delivery_day = date '{day}'
group by if(success, 'passed', 'failed')
"""

EXEMPT = """
select 'exempt' as kind, verdict as word, count(*) as number
from lacuna.fct_logging_coverage
where event_date = date '{day}' and verdict = 'off' and regexp_like(bucket_name, '{pattern}')
group by verdict
"""

# One row a finding, or a failed check without any. If a day of a mart was checked twice since then,
# the last check counts, whichever delivery day its run was about.
FINDINGS = """
select
    checks.severity,
    checks.suite,
    checks.expectation,
    cast(checks.partition_day as varchar) as partition_day,
    checks.findings,
    checks.query_of_all,
    checks.message,
    named.sentence,
    named.to_do,
    named.bucket_name
from (
    select
        *,
        row_number() over (
            partition by suite, expectation, partition_day
            order by checked_at desc
        ) as nth,
        bool_or(delivery_day = date '{day}') over (
            partition by suite, expectation, partition_day
        ) as is_of_day
    from lacuna_evidence.check_results
    where checked_on >= date '{since}'
) as checks
left join unnest(
    checks.sentences, checks.to_do, checks.bucket_names
) with ordinality as named (sentence, to_do, bucket_name, place)
    on true
where checks.nth = 1 and checks.is_of_day and not checks.success
order by checks.partition_day desc, checks.expectation, checks.suite, named.place
"""

NEXT = """
Where to look next: docs/runbook.md says what each finding means and what to do.
  make advise DAY={day}               what to do about each bucket, with the call to copy
  lacuna.fct_logging_coverage (event_date)    each bucket's verdict, its reasons, what to do
  lacuna.fct_logging_changes (event_date)     who turned logging off, on, or changed it
  lacuna.fct_bucket_days (event_date)         each bucket's day in one sentence
  lacuna.fct_delivery_hours (event_date)      each hour of a bucket: what arrived, how complete
  lacuna.fct_log_objects (delivered_on)       each log object: bytes, lines, what is wrong with it
  lacuna.fct_object_requests (event_date)     who did what, and the marts made of it
  lacuna.fct_findings (event_date)            what the detections found, with the query of the evidence
  lacuna.fct_detection_coverage (event_date)  of which bucket they can say that nothing was there
  lacuna.fct_check_results (checked_on)       every check, in words, and whether it still holds
  lacuna.fct_run_costs (day)                  what the run cost, by step and model

For example:
  select bucket_name, hour, status, data_event_requests, access_log_requests
  from lacuna.fct_delivery_hours
  where event_date = date '{day}' and status in ('missing', 'partial')
  order by bucket_name, hour

in Athena's console (Region {region}, workgroup {workgroup}), or with `make ask SQL="…"`.
`make ask LIST=1` lists saved queries, for example: make ask QUERY=missing_hours PARAMS="bucket=% since={day}"
"""


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check that failed on one partition day, with the findings that its result names.

    `number` counts all of them. Nothing is named if the check could not be carried out, or if an
    older version wrote the result: then `message` is all that is known.
    """

    severity: str
    expectation: str
    day: str
    message: str
    findings: tuple[Finding, ...] = ()
    number: int = 0
    query_of_all: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What is shown of one check: a head line, the lines below it, the number of findings."""

    severity: str
    head: str
    lines: tuple[str, ...]
    number: int = 1


@dataclass(frozen=True, slots=True)
class Summary:
    """One delivery day after its run: number of buckets by verdict, of hours by status, and the
    checks that failed. `exempt` buckets are off on purpose, days `skipped` just before were not
    run, and `checks` counts the results of all checks since the day was run."""

    day: date
    verdicts: Mapping[str, int]
    hours: Mapping[str, int]
    failed: tuple[FailedCheck, ...]
    exempt: int = 0
    skipped: tuple[date, ...] = ()
    checks: int = 0


def read(lake: Lake, settings: Settings, day: date, since: date) -> Summary:
    """Read the summary of a delivery day that was checked on the UTC day `since` or later."""
    built = {mart: query for mart, query in COUNTS.items() if lake.table_exists("lacuna", mart)}
    queries, pattern = [CHECKS, *built.values()], settings.unlogged_pattern
    if pattern is not None and "fct_logging_coverage" in built:
        queries.append(EXEMPT)
    query = "union all".join(queries)
    counts = athena.rows(lake, query.format(day=day, since=since, pattern=pattern))
    return Summary(
        day=day,
        verdicts=_numbers(counts, "verdict"),
        hours=_numbers(counts, "hour"),
        failed=tuple(_failed_checks(athena.rows(lake, FINDINGS.format(day=day, since=since)))),
        exempt=_numbers(counts, "exempt").get("off", 0),
        skipped=tuple(answers.skipped_before(lake, day)),
        checks=sum(_numbers(counts, "check").values()),
    )


def _failed_checks(rows: Iterable[TextRow]) -> Iterator[FailedCheck]:
    """Yield a check for each run of rows about the same one."""
    for _, group in groupby(rows, itemgetter("suite", "expectation", "partition_day")):
        named = list(group)
        check = named[0]
        yield FailedCheck(
            severity=check["severity"] or "",
            expectation=check["expectation"] or "",
            day=check["partition_day"] or "",
            message=check["message"] or "",
            findings=tuple(
                Finding(row["sentence"], row["to_do"] or "", bucket_name=row["bucket_name"] or "")
                for row in named
                if row["sentence"]
            ),
            number=int(check["findings"] or 0),
            query_of_all=check["query_of_all"] or "",
        )


def heading(day: date) -> str:
    """Return the first line of a day's summary. The counts follow, up to an empty line."""
    return f"{day} in short"


def lines(summary: Summary, *, brief: bool = False) -> Iterator[str]:
    """Yield the summary line by line; `brief`: the head line of each check only."""
    paragraphs = combined(summary.failed)
    yield ""
    yield heading(summary.day)
    yield f"  buckets   {_listed(summary.verdicts, VERDICTS)}"
    if summary.exempt:
        buckets = "1 bucket is" if summary.exempt == 1 else f"{summary.exempt:,} buckets are"
        yield f"            {buckets} off on purpose (LACUNA_UNLOGGED_BUCKETS)"
    yield f"  hours     {_listed(summary.hours, STATUSES)}"
    yield f"  findings  {_counted(paragraphs)}"
    if summary.skipped:
        yield f"  not run   {answers.spans(summary.skipped)}, just before: nothing is known"
    for severity in ("critical", "warning"):
        for paragraph in paragraphs:
            if paragraph.severity != severity:
                continue
            if brief:
                yield f"            {severity}: {paragraph.head}"
            else:
                yield ""
                yield f"{severity}: {paragraph.head}"
                yield from paragraph.lines


def combined(failed: Iterable[FailedCheck]) -> list[Paragraph]:
    """Return one paragraph a check, whatever its days; those that others explain come last."""
    failed = sorted(failed, key=lambda check: check.expectation in CONSEQUENCES)
    causes = {
        (check.day, finding.bucket_name): check.expectation
        for check in failed
        if check.expectation in CAUSES
        for finding in check.findings
    }
    by_code: dict[tuple[str, ...], list[FailedCheck]] = {}
    for check in failed:
        day = () if check.findings else (check.day,)  # messages cannot be combined
        by_code.setdefault((check.severity, check.expectation, *day), []).append(check)
    return [
        _of_findings(checks, causes) if checks[0].findings else _of_message(checks[0])
        for checks in by_code.values()
    ]


def _of_message(check: FailedCheck) -> Paragraph:
    head, *others = check.message.split("\n")
    return Paragraph(check.severity, head, tuple(others), max(check.number, 1))


def _of_findings(checks: Sequence[FailedCheck], causes: Mapping[tuple[str, str], str]) -> Paragraph:
    """Return the findings of one check: each once, with its days if they are not all days."""
    days = sorted({check.day for check in checks})
    days_of, explained = _explained(sorted(checks, key=attrgetter("day")), causes)
    number = len(days_of) + sum(map(len, explained.values()))
    unnamed = {
        check.day: findings.remainder(more, check.query_of_all)
        for check in checks
        if (more := check.number - len(check.findings))
    }
    if len(days) == 1:
        number = checks[0].number
        head = findings.head(checks[0].expectation, days[0], number)
        remainders = list(unnamed.values())
    else:
        head = findings.head(checks[0].expectation, _days(days), number)
        head += " and more" if unnamed else ""
        remainders = [f"{day}: {line}" for day, line in sorted(unnamed.items())]
        # findings about the same thing follow each other, whatever their days
        days_of = dict(sorted(days_of.items(), key=lambda pair: pair[0].sentence))
    shown = [
        finding if own == days else replace(finding, sentence=f"{_days(own)}: {finding.sentence}")
        for finding, own in days_of.items()
    ]
    shown += [
        Finding(f"{', '.join(sorted(buckets))}: see {cause}")
        for cause, buckets in explained.items()
    ]
    return Paragraph(checks[0].severity, head, tuple(findings.lines(shown, remainders)), number)


def _explained(
    checks: Iterable[FailedCheck], causes: Mapping[tuple[str, str], str]
) -> tuple[dict[Finding, list[str]], dict[str, set[str]]]:
    """Return the days of each finding, and by cause the buckets whose findings it explains."""
    days_of: dict[Finding, list[str]] = {}
    explained: dict[str, set[str]] = {}
    for check in checks:
        for finding in check.findings:
            cause = causes.get((check.day, finding.bucket_name))
            if cause and check.expectation in CONSEQUENCES:
                explained.setdefault(cause, set()).add(finding.bucket_name)
            else:
                days_of.setdefault(finding, []).append(check.day)
    return days_of, explained


def _days(days: Sequence[str]) -> str:
    """Return days in words; more than two that follow each other as a span."""
    if len(days) > 2:
        first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
        if (last - first).days == len(days) - 1:
            return f"{first} to {last}"
    return " and ".join(part for part in (", ".join(days[:-1]), days[-1]) if part)


def where_next(settings: Settings, day: date) -> list[str]:
    """Return the tables, a query that one of them answers, and where to run it."""
    place = {"region": settings.region, "workgroup": settings.workgroup}
    return NEXT.format(day=day, **place).rstrip().split("\n")


def _numbers(rows: Iterable[TextRow], kind: str) -> dict[str, int]:
    return {row["word"] or "": int(row["number"] or 0) for row in rows if row["kind"] == kind}


def _counted(paragraphs: Sequence[Paragraph]) -> str:
    """Return the findings of each severity, and how many checks have them."""
    counts = []
    for severity in SEVERITIES:
        of_severity = [one.number for one in paragraphs if one.severity == severity]
        checks = "1 check" if len(of_severity) == 1 else f"{len(of_severity):,} checks"
        counts += [f"{sum(of_severity):,} {severity} of {checks}"] if of_severity else []
    return ", ".join(counts) or "none"


def _listed(numbers: Mapping[str, int], order: tuple[str, ...]) -> str:
    words = [*order, *sorted(numbers.keys() - set(order))]
    return ", ".join(f"{numbers[word]:,} {word}" for word in words if numbers.get(word)) or "none"
