"""What the suites share: the partition they are about, and how an expectation is made."""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

import great_expectations.expectations as gxe

if TYPE_CHECKING:
    from great_expectations.execution_engine import ExecutionEngine

# As many findings as a check result names; the others are counted.
MOST_ROWS = 20

Row = Mapping[str, Any]
Words = Mapping[str, Callable[[Row], str]]


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a mart and the limits that it is held to."""

    day: date
    lateness_hours: int = 6
    config_max_age_days: int = 7
    quarantine_share: float = 0.01
    evidence: str = "lacuna_evidence"
    unlogged_pattern: str | None = None

    def meant_to_be_logged(self) -> str:
        """A condition, `and …`, that leaves out the buckets of LACUNA_UNLOGGED_BUCKETS."""
        if self.unlogged_pattern is None:
            return ""
        return f"and not regexp_like(bucket_name, '{self.unlogged_pattern}')"

    def configuration(self) -> str:
        """A subquery: the buckets as first observed at or after the end of the day.

        Nothing older can tell how the day ended, and the marts judge by the same observation: one
        of the whole account, or buckets that are younger than the day would be expected of it.
        """
        bucket = ("account_id", "region", "bucket_name", "logging_state")
        trails = ("changes_witness", "changes_witnessed_since", "coverage_at_fault")
        return self._first_look("logging_snapshots", (*bucket, *trails))

    def accounts(self) -> str:
        """A subquery: the accounts as first observed at or after the end of the day."""
        error = ("error_operation", "error_code", "missing_permission")
        return self._first_look("accounts", ("account_id", "name", "state", *error))

    def _first_look(self, table: str, columns: Sequence[str]) -> str:
        first = self.day + timedelta(days=1)
        last = first + timedelta(days=self.config_max_age_days)
        names = ", ".join(columns)
        return f"""(
            select {names}
            from (
                select
                    {names},
                    rank() over (order by observed_at) as nth
                from {self.evidence}.{table}
                where
                    observed_on between date '{first}' and date '{last}'
                    and observed_at >= date '{first}'
            ) as observations
            where nth = 1
        )"""


class ExpectNoRows(gxe.UnexpectedRowsExpectation):
    """GX's own expectation with one statement instead of two.

    GX asks for the rows, up to 200 of them, and once more for their number. Here each row carries
    the number of all, as `findings`: on Athena every statement takes a second or more.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.table"]
        return {
            "success": not rows,
            "result": {
                "observed_value": rows[0]["findings"] if rows else 0,
                "details": {"unexpected_rows": rows},
            },
        }


def expect_no_rows(code: str, severity: str, notes: str, query: str) -> ExpectNoRows:
    """The expectation that `query` finds no row; `{batch}` in it is the partition of the mart.

    Its first two columns give the order in which findings are told. SQL and not one of GX's
    column expectations: regular expressions and partitioners do not work on Athena, and a check
    for what is absent has to start from the evidence.
    """
    # GX prints a warning, to stdout, about each query without a batch; some ask the evidence only
    beside = "" if "{batch}" in query else "/* beside {batch} */"
    return ExpectNoRows(
        unexpected_rows_query=(
            f"select found.*, count(*) over () as findings from ({query}) as found {beside} "
            f"order by 1, 2 limit {MOST_ROWS}"
        ),
        severity=severity,
        notes=notes,
        meta={"code": code, "query": query},
    )


def query_of_all(query: str, table: str, where: str) -> str:
    """An expectation's query on one line, without the limit, for whoever wants every row."""
    rows = " ".join(query.replace("{batch}", "batch").split())
    return f"with batch as (select * from {table} where {where}) {rows} order by 1"


def hours(row: Row) -> str:
    """The hours of a row in words: `13:00 UTC`, or `09:00-11:59 UTC`.

    `row["hours"]` holds the hours' numbers as text, `9 10 11 13`: Athena's driver returns arrays
    as text, whose form differs between its cursors.
    """
    numbers = sorted(int(number) for number in row["hours"].split())
    if len(numbers) == 1:
        return f"{numbers[0]:02}:00 UTC"
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    ]
    spans = ", ".join(f"{run[0]:02}:00-{run[-1]:02}:59" for run in runs)
    return f"{spans} UTC"


def log_object(row: Row) -> str:
    """The URL of a row's log object."""
    return f"s3://{row['log_bucket']}/{row['object_key']}"


def subject(row: Row) -> str:
    """What a row is about: a log object, a place, a trail, an account, or a bucket, with its hours
    if any."""
    if row.get("object_key"):
        return log_object(row)
    if "prefix" in row:
        return f"s3://{row['log_bucket']}/{row['prefix'] or ''}"
    account = f"account {row['account_id']}" if row.get("account_id") else "all buckets"
    name = row.get("bucket_name") or row.get("trail_arn") or account
    return f"{name} {row['day']} {hours(row)}" if "hours" in row else name


def count(number: int, noun: str) -> str:
    """`1 request`, `142 requests`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def percent(share: float) -> str:
    """A share as a percentage that never rounds a loss away: 0.9996 is `99.9 %`."""
    return f"{int(share * 1000) / 10:g} %"
