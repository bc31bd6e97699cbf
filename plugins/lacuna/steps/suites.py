"""Hold one partition of a mart against its Great Expectations suite.

The suites are in `expectations/`, one module a mart. What comes back is one `CheckResult` an
expectation, in words for the person on call, with a check that could not be carried out
(`errored`) told apart from data that is bad.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from lacuna.tables import evidence
from lacuna.tables.evidence import CheckResult
from lacuna.text import visible

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core import ExpectationValidationResult

    from lacuna.lake.lake import Lake
    from lacuna.settings import Settings

Row = Mapping[str, Any]

PARTITION_COLUMNS = {
    "fct_delivery_hours": "event_date",
    "fct_log_objects": "delivered_on",
    "fct_logging_changes": "event_date",
    "fct_logging_coverage": "event_date",
}

MARTS = "lacuna"

LONGEST_CAUSE = 500

_TO_DO = "    to do: "
_MORE = re.compile(r"  and [\d,]+ more; all: ")


@dataclass(frozen=True, slots=True)
class Words:
    """How a suite's findings are told: a row's sentence by code, what a row is about, and the
    query for all rows where there are more than were read."""

    sentences: Mapping[str, Callable[[Row], str]]
    subject: Callable[[Row], str]
    all_rows: Callable[[str], str]


def check(
    mart: str,
    partition_day: date,
    lake: Lake,
    settings: Settings,
    *,
    marts_database: str = MARTS,
    evidence_database: str = evidence.DATABASE,
) -> list[CheckResult]:
    """The results of the mart's suite on one partition, one for each expectation.

    Bad data and broken checks are results; nothing is raised for them.
    """
    # the suites import Great Expectations, which takes seconds
    module = import_module(f"expectations.{mart}")
    shared = import_module("expectations.partition")
    partition = shared.Partition(
        day=partition_day,
        lateness_hours=settings.lateness_hours,
        config_max_age_days=settings.config_max_age_days,
        quarantine_share=settings.quarantine_share,
        evidence=evidence_database,
        unlogged_pattern=settings.unlogged_pattern,
    )
    # the literal date is what lets Athena read this partition only; no stranger's text is in it
    where = f"{PARTITION_COLUMNS[mart]} = date '{partition_day}'"
    table = f"{marts_database}.{mart}"
    query = f"select * from {table} where {where}"  # noqa: S608
    words = Words(
        sentences=module.WORDS,
        subject=shared.subject,
        all_rows=lambda one: shared.query_of_all(one, table, where),
    )
    return [
        _result(mart, found, words, partition_day)
        for found in _validate(athena_url(lake, marts_database), query, module.suite(partition))
    ]


def athena_url(lake: Lake, database: str) -> str:
    """The SQLAlchemy URL of the lake's Athena; credentials and endpoint as for boto3."""
    results = quote_plus(lake.query_results)
    return (
        f"awsathena+rest://@athena.{lake.account.region}.amazonaws.com:443/{database}"
        f"?s3_staging_dir={results}&work_group={quote_plus(lake.workgroup)}&poll_interval=0.2"
    )


def _validate(
    url: str, query: str, suite: ExpectationSuite
) -> Sequence[ExpectationValidationResult]:
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_sql("athena", connection_string=url)
        .add_query_asset(suite.name, query=query)
        .add_batch_definition_whole_table("partition")
        .get_batch()
    )
    # only COMPLETE carries the rows that were found
    return list(batch.validate(suite, result_format="COMPLETE").results)


def _result(
    suite: str,
    found: ExpectationValidationResult,
    words: Words,
    day: date,
) -> CheckResult:
    config = found.expectation_config
    code = config.meta["code"]
    cause = next(_causes(found.exception_info), None)
    details = found.result.get("details") or {}
    rows = [_shown(row, day) for row in details.get("unexpected_rows", ())]
    number = found.result.get("observed_value")
    if cause is not None:
        message = f"the check {code} of {suite} on {day} could not be carried out: {cause}"
    elif found.success:
        message = config.notes
    else:
        head = f"{code} of {day}: {number:,} finding{'' if number == 1 else 's'}"
        left = number - len(rows)
        more = f"and {left:,} more; all: {words.all_rows(config.meta['query'])}" if left else ""
        message = in_words(head, [words.sentences[code](row) for row in rows], more)
    return CheckResult(
        suite=suite,
        expectation=code,
        severity=config.severity.value,
        success=bool(found.success),
        errored=cause is not None,
        observed="" if number is None else f"{number} offending",
        message=message,
        offending=tuple(words.subject(row) for row in rows),
        partition_day=day,
        checked_at=datetime.now(UTC),
    )


def in_words(head: str, sentences: Sequence[str], more: str = "") -> str:
    """A head line, an indented line for each finding, and once what to do for those it mends.

    What to do is what follows a sentence's line break, if it has one. Findings without it come
    last: above what is to do for others they would seem to be mended by it.
    """
    by_cure: dict[str, list[str]] = {}
    for sentence in sentences:
        what, _, cure = sentence.partition("\n")
        by_cure.setdefault(cure, []).append(what)
    lines = [head]
    for cure, found in sorted(by_cure.items(), key=lambda pair: not pair[0]):
        lines += [f"  {what}" for what in found]
        lines += [f"{_TO_DO}{cure}"] if cure else []
    return "\n".join([*lines, f"  {more}"] if more else lines)


def out_of_words(message: str) -> tuple[list[tuple[str, str]], str]:
    """What `in_words` made a message of: each finding with what to do about it, and what is more.

    A message of one line, as that of a check that could not be carried out, is its own finding.
    """
    head, *lines = message.split("\n")
    if not lines:
        return [(head, "")], ""
    more = lines.pop().strip() if _MORE.match(lines[-1]) else ""
    findings: list[tuple[str, str]] = []
    cure = ""
    for line in reversed(lines):
        if line.startswith(_TO_DO):
            cure = line.removeprefix(_TO_DO)
        else:
            findings.insert(0, (line.strip(), cure))
    return findings, more


def _causes(info: Mapping[str, Any] | None) -> Iterator[str]:
    """What was raised during a check, from either form that Great Expectations has for it.

    A clean result has one flat dict, a check that raised has a dict for each metric.
    """
    for part in [info or {}, *(info or {}).values()]:
        if isinstance(part, Mapping) and part.get("raised_exception"):
            # SQLAlchemy adds the statement, which the suite shows in a better form
            cause = str(part.get("exception_message")).partition("\n[SQL:")[0]
            yield visible(cause)[:LONGEST_CAUSE]


def _shown(row: Row, day: date) -> dict[str, Any]:
    """A row as a person may be shown it: text that strangers wrote holds no control character."""
    shown = {
        name: visible(value) if isinstance(value, str) else value for name, value in row.items()
    }
    return {"day": day, **shown}
