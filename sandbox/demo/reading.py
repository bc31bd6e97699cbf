"""Read what the runs wrote to the marts and to the evidence, through Athena."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import boto3
from pyathena import connect
from pyathena.cursor import DictCursor

from sandbox.demo import said
from sandbox.demo.comparison import BETWEEN, Row, Seen, expectations
from sandbox.process import access

Query = Callable[[str], list[Row]]

COVERAGE = f"""
select
    event_date,
    bucket_name,
    verdict,
    array_join(reasons, ', ') as reasons,
    read_coverage,
    write_coverage,
    coalesce(array_join(coverage_details, '{BETWEEN}'), '') as coverage_details,
    sensitivity,
    coalesce(array_join(weaknesses, '{BETWEEN}'), '') as weaknesses
from lacuna.fct_logging_coverage
where event_date between date '{{first}}' and date '{{last}}'
"""

HOURS = """
select
    bucket_name,
    hour,
    status,
    access_log_requests,
    access_log_completeness,
    data_event_completeness
from lacuna.fct_delivery_hours
where event_date between date '{first}' and date '{last}'
"""

DAYS = """
select
    event_date,
    bucket_name,
    hours_missing,
    sentence
from lacuna.fct_bucket_days
where event_date between date '{first}' and date '{last}'
"""

# One row a finding, or a failed check without any. If a run is repeated, the last check counts.
CHECKS = """
select
    latest.delivery_day,
    latest.partition_day,
    latest.expectation,
    latest.errored,
    latest.message,
    named.subject,
    named.bucket_name
from (
    select
        delivery_day,
        partition_day,
        expectation,
        errored,
        success,
        message,
        offending,
        bucket_names,
        row_number() over (
            partition by delivery_day, partition_day, suite, expectation
            order by checked_at desc
        ) as nth
    from lacuna_evidence.check_results
    where delivery_day between date '{first}' and date '{last}'
) as latest
left join unnest(latest.offending, latest.bucket_names) as named (subject, bucket_name) on true
where latest.nth = 1 and not latest.success
order by latest.delivery_day, latest.partition_day, latest.expectation
"""

FINDINGS = """
select
    event_date,
    detection,
    bucket_name,
    subject,
    principal,
    severity,
    confidence,
    summary
from lacuna.fct_findings
where event_date between date '{first}' and date '{last}'
"""

# How many answers of each kind the detections give
ANSWERS = """
select
    state,
    count(*) as number
from lacuna.fct_detection_coverage
where event_date between date '{first}' and date '{last}'
group by state
"""

DAY_COLUMNS = frozenset({"event_date", "delivered_on", "observed_on"})
MOMENT_COLUMNS = frozenset({"hour", "requested_at", "delivered_at"})


def connection(environment: Mapping[str, str]) -> Any:
    """Return a connection to the environment's Athena; its rows are dicts."""
    results = f"s3://{lake_bucket(environment)}/athena-results/"
    return connect(
        s3_staging_dir=results, cursor_class=DictCursor, poll_interval=0.2, **access(environment)
    )


def athena(environment: Mapping[str, str]) -> Query:
    """Return a function that runs a query in the environment's sandbox; its rows are dicts."""
    opened = connection(environment)

    def query(sql: str) -> list[Row]:
        with opened.cursor() as cursor:
            return list(cursor.execute(sql).fetchall())

    return query


def lake_bucket(environment: Mapping[str, str]) -> str:
    """Return the lake that the run created, or that LACUNA_LAKE_BUCKET names."""
    if name := environment.get("LACUNA_LAKE_BUCKET"):
        return name
    sts = boto3.client("sts", **access(environment))
    account_id = sts.get_caller_identity()["Account"]
    return f"lacuna-lake-{account_id}-{environment['AWS_DEFAULT_REGION']}"


def read(query: Query, truth: Row, lake: str) -> Seen:
    """Read everything that the comparison needs."""
    days = sorted({day for bucket in truth["buckets"] for day in bucket["expected"]})
    span = {"first": days[0], "last": days[-1]}
    return Seen(
        coverage=query(COVERAGE.format(**span)),
        hours=query(HOURS.format(**span)),
        days=query(DAYS.format(**span)),
        checks=query(CHECKS.format(**span)),
        findings=query(FINDINGS.format(**span)),
        answers=query(ANSWERS.format(**span)),
        expected_rows={
            fault["id"]: [_count(query, expect) for expect in expectations(fault)]
            for fault in truth["faults"]
        },
        said=query(said.query(days[0], days[-1])),
        most=query(said.query_of_most(days[0], days[-1])),
        lake_bucket=lake,
    )


def _count(query: Query, expect: Row) -> int:
    return int(query(counting(expect))[0]["found"])


def counting(expect: Row) -> str:
    """Return the query that counts the rows of an expectation of the answer sheet."""
    conditions = [_equals(name, value) for name, value in expect["where"].items()]
    conditions += [
        f"{name} >= {bound}" for name, bound in expect["at_least"].items() if name != "rows"
    ]
    table = expect["table"] if "." in expect["table"] else f"lacuna.{expect['table']}"
    return f"select count(*) as found from {table} where {' and '.join(conditions)}"


def _equals(name: str, value: Any) -> str:
    if value is None:
        return f"{name} is null"
    if isinstance(value, list):
        return " and ".join(f"contains({name}, '{item}')" for item in value)
    if isinstance(value, bool | int | float):
        return f"{name} = {str(value).lower()}"
    kind = "date " if name in DAY_COLUMNS else "timestamp " if name in MOMENT_COLUMNS else ""
    quoted = str(value).replace("'", "''")
    return f"{name} = {kind}'{quoted}'"
