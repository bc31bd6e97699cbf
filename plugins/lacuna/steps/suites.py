"""Check one partition of a mart with its Great Expectations suite.

The suites are in `expectations/`, one module a mart. The result of each check is one `CheckResult`.
A check that could not be carried out (`errored`) is distinguished from data that is bad.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from lacuna.lake import athena
from lacuna.steps import findings
from lacuna.steps.findings import Finding
from lacuna.tables import evidence
from lacuna.tables.evidence import CheckResult
from lacuna.tables.statements import Origin, marked
from lacuna.text import visible

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch

    from expectations.shared import Check
    from lacuna.lake.lake import Lake
    from lacuna.settings import Settings

log = logging.getLogger(__name__)

# Every mart that has a suite, and the day that a partition of it is about
PARTITION_COLUMNS = {
    "fct_log_objects": "delivered_on",
    "fct_delivery_hours": "event_date",
    "fct_bucket_days": "event_date",
    "fct_logging_changes": "event_date",
    "fct_logging_coverage": "event_date",
    "fct_object_requests": "event_date",
    "fct_detection_coverage": "event_date",
    "fct_findings": "event_date",
    "fct_run_costs": "day",
}

MARTS = "lacuna"

LONGEST_CAUSE = 500

# Great Expectations keeps the last context in a global, so threads make theirs one at a time
_MAKING = Lock()

# What rows of fct_logging_coverage that an older version built hold instead of `advice`: texts,
# whose first line is the remedy. One that begins with "Nothing" asks for no action.
_OLDER_ADVICE = """
transform(
    recommendations,
    text -> cast(
        row(
            '',
            '',
            split_part(text, chr(10), 1),
            substr(text, length(split_part(text, chr(10), 1)) + 2),
            not starts_with(text, 'Nothing')
        )
        as row(code varchar, meaning varchar, remedy varchar, call varchar, is_action boolean)
    )
)
"""


def check(
    mart: str,
    partition_day: date,
    lake: Lake,
    settings: Settings,
    *,
    source: Callable[[str], str] | None = None,
    marts_database: str = MARTS,
    evidence_database: str = evidence.DATABASE,
) -> list[CheckResult]:
    """Return the results of a mart's checks on one partition; `source`: the tables to read.

    Bad data and checks that could not be carried out are results; nothing is raised for them.
    """
    from expectations import shared

    partition = shared.Partition(
        day=partition_day,
        lateness_hours=settings.lateness_hours,
        config_max_age_days=settings.config_max_age_days,
        quarantine_share=settings.quarantine_share,
        completeness_tolerance=settings.completeness_tolerance,
        evidence=evidence_database,
        unlogged_pattern=settings.unlogged_pattern,
        advice=advice_rows(lake, marts_database),
        mart=source or f"{marts_database}.{{}}".format,
    )
    checks = import_module(f"expectations.{mart}").checks(partition)
    # the literal date lets Athena read this partition only; no text of strangers is in it
    where = f"{PARTITION_COLUMNS[mart]} = date '{partition_day}'"
    table = f"{marts_database}.{mart}"
    batch = f"select * from {partition.mart(mart)} where {where}"  # noqa: S608
    try:
        validated = _validated(lake, marts_database, batch, mart, checks)
    except Exception as error:
        log.warning("the checks of %s could not begin", mart, exc_info=True)
        cause = _shortened(error) or type(error).__name__
        validated = dict.fromkeys((check.code for check in checks), cause)
    return [
        _result(mart, partition_day, one, validated[one.code], one.query_of_all(table, where))
        for one in checks
    ]


def advice_rows(lake: Lake, marts_database: str) -> str:
    """Return the SQL of the column advice of fct_logging_coverage, also of rows and lakes without it."""
    if lake.lacks_column(marts_database, "fct_logging_coverage", "advice"):
        return _OLDER_ADVICE
    return f"coalesce(advice, {_OLDER_ADVICE})"


def athena_url(lake: Lake, database: str) -> str:
    """Return the SQLAlchemy URL of Athena; credentials and endpoint are those of boto3."""
    results = quote_plus(lake.query_results)
    return (
        f"awsathena+rest://@athena.{lake.account.region}.amazonaws.com:443/{database}"
        f"?s3_staging_dir={results}&work_group={quote_plus(lake.workgroup)}&poll_interval=0.2"
    )


def _validated(
    lake: Lake, database: str, batch_query: str, mart: str, checks: Sequence[Check]
) -> dict[str, ExpectationValidationResult]:
    """Carry out the checks: count for all in one statement, then name what some of them found.

    A query that fails, fails the one statement for all. So what was not counted is carried out
    alone too, and only its own query can fail a check.
    """
    from expectations import suite  # takes seconds, as it imports Great Expectations

    with _MAKING:
        batch = _batch(athena_url(lake, database), batch_query, mart)
    if lake.origin:
        _mark(batch, replace(lake.origin, kind="suite", model=mart))
    found = _patiently(batch, partial(suite.counting, mart), checks)
    causes = (cause for one in found.values() for cause in _causes(one.exception_info))
    if cause := next(causes, None):
        log.warning("the checks of %s are carried out one by one: %s", mart, cause)
    rest = [check for check in checks if not found[check.code].success]
    found |= _patiently(batch, partial(suite.naming, mart), rest)
    return found


def _patiently(
    batch: Batch,
    suite_of: Callable[[Sequence[Check]], ExpectationSuite],
    checks: Sequence[Check],
) -> dict[str, ExpectationValidationResult]:
    """Validate the checks. Those whose query S3 slowed down are tried again, and these alone."""
    found: dict[str, ExpectationValidationResult] = {}
    wanted = checks
    for wait in (0.0, *athena.RETRY_WAITS):
        if not wanted:
            break
        time.sleep(wait)
        # only COMPLETE carries the rows that were found
        for validation in batch.validate(suite_of(wanted), result_format="COMPLETE").results:
            found[validation.expectation_config.meta["code"]] = validation
        wanted = [
            check
            for check in wanted
            if any(map(athena.is_transient, _causes(found[check.code].exception_info)))
        ]
    return found


def _batch(url: str, batch_query: str, mart: str) -> Batch:
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return (
        context.data_sources.add_sql("athena", connection_string=url)
        .add_query_asset(mart, query=batch_query)
        .add_batch_definition_whole_table("partition")
        .get_batch()
    )


def _mark(batch: Batch, origin: Origin) -> None:
    """Make every statement of a batch name its origin."""
    from sqlalchemy import event

    def mark(*arguments: Any) -> tuple[str, Any]:
        _connection, _cursor, statement, parameters, *_ = arguments
        return marked(statement, origin), parameters

    engine = batch.data.execution_engine.engine
    event.listen(engine, "before_cursor_execute", mark, retval=True)


def _result(
    suite: str,
    day: date,
    check: Check,
    validation: ExpectationValidationResult | str,
    query_of_all: str,
) -> CheckResult:
    """Return the result of a check; `validation`: why there is none, if its suite did not begin."""
    number: Any
    found: list[Finding]
    if isinstance(validation, str):
        cause, number, found, success = validation, None, [], False
    else:
        cause = next(_causes(validation.exception_info), "")
        number = validation.result.get("observed_value")
        found = _findings(check, validation, day)
        success = bool(validation.success)
    if cause:
        message = f"the check {check.code} of {suite} on {day} could not be carried out: {cause}"
    elif success:
        message = f"{check.question} Yes."
    else:
        message = findings.text(check.code, str(day), number, found, query_of_all)
    return CheckResult(
        suite=suite,
        expectation=check.code,
        severity=check.severity,
        success=success,
        errored=bool(cause),
        observed="" if number is None else f"{number} offending",
        message=message,
        partition_day=day,
        checked_at=datetime.now(UTC),
        findings=number,
        query_of_all=query_of_all,
        cause=cause or None,
        **findings.columns(found),
    )


def _findings(check: Check, validation: ExpectationValidationResult, day: date) -> list[Finding]:
    from expectations.shared import subject

    details = validation.result.get("details") or {}
    rows = [_shown(row, day) for row in details.get("unexpected_rows", ())]
    return [
        Finding(check.sentence(row), check.to_do(row), subject(row), row.get("bucket_name") or "")
        for row in rows
    ]


def _causes(info: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what was raised during a check, from both forms that Great Expectations has for it.

    A clean result has one flat dict, a check that raised has a dict for each metric.
    """
    for part in [info or {}, *(info or {}).values()]:
        if isinstance(part, Mapping) and part.get("raised_exception"):
            yield _shortened(part.get("exception_message")) or "no cause was given"


def _shortened(raised: object) -> str:
    """Return what was raised, without the statement that SQLAlchemy adds: the suite shows it better."""
    return visible(str(raised).partition("\n[SQL:")[0])[:LONGEST_CAUSE]


def _shown(row: Mapping[str, Any], day: date) -> dict[str, Any]:
    """Return a row that may be shown: text of strangers in it holds no control character."""
    shown = {
        name: visible(value) if isinstance(value, str) else value for name, value in row.items()
    }
    return {"day": day, **shown}
