"""What the suites share: a check, the partition that it is about, and the words of its findings."""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Literal

Row = Mapping[str, Any]
Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a mart: its query finds the rows that should not be there.

    `question` is answered by yes if there are none; `meaning` says what a row means. `sentence` and
    `to_do` put one row into words; `to_do` is empty if the runbook alone says what to do. In `query`
    `{batch}` is the partition of the mart. Its first two columns give the order of the findings.
    `stages`: of how many a plan of Trino's has for it at most; more where the mart is a view of views.

    SQL and not a column expectation of Great Expectations: its regular expressions and partitioners
    do not work on Athena, and a check for what is absent has to start from the evidence.
    """

    code: str
    severity: Severity
    question: str
    meaning: str
    query: str
    sentence: Callable[[Row], str]
    to_do: Callable[[Row], str] = lambda row: ""
    stages: int = 5

    def query_of_all(self, table: str, where: str) -> str:
        """Return the query on one line and without the limit, for somebody who wants every row."""
        rows = " ".join(self.query.replace("{batch}", "batch").split())
        return f"with batch as (select * from {table} where {where}) {rows} order by 1"


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a mart and the limits that it is checked against."""

    day: date
    lateness_hours: int = 6
    config_max_age_days: int = 7
    quarantine_share: float = 0.01
    completeness_tolerance: float = 0.0
    evidence: str = "lacuna_evidence"
    unlogged_pattern: str | None = None
    # SQL of the recommendations of a row, for rows that an older version built too
    advice: str = "advice"
    # the table of a mart as the run that is checked sees it
    mart: Callable[[str], str] = "lacuna.{}".format

    def must_be_logged(self) -> str:
        """Return a condition, `and …`, that leaves out the buckets of LACUNA_UNLOGGED_BUCKETS."""
        if self.unlogged_pattern is None:
            return ""
        return f"and not regexp_like(bucket_name, '{self.unlogged_pattern}')"

    def configuration(self) -> str:
        """Return a subquery: the buckets in the first snapshot at or after the end of the day.

        An older snapshot cannot say how the day ended, and the marts use the same one. It is one
        snapshot of the whole account, or buckets younger than the day would be expected in the mart.
        """
        bucket = ("account_id", "region", "bucket_name", "logging_state")
        trails = ("changes_witness", "changes_witnessed_since")
        faults = ("coverage_faults", "coverage_at_fault")
        return self._first_snapshot("logging_snapshots", (*bucket, *trails, *faults))

    def accounts(self) -> str:
        """Return a subquery: the accounts in the first snapshot at or after the end of the day."""
        error = ("error_operation", "error_code", "missing_permission")
        return self._first_snapshot("accounts", ("account_id", "name", "state", *error))

    def _first_snapshot(self, table: str, columns: Sequence[str]) -> str:
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


def subject(row: Row) -> str:
    """Return what a row is about: a log object, a place, a trail, an account, or a bucket, with its
    hours if any."""
    if row.get("object_key"):
        return log_object(row)
    if "prefix" in row:
        return log_place(row)
    account = f"account {row['account_id']}" if row.get("account_id") else "all buckets"
    names = (row.get(column) for column in ("bucket_name", "about_name", "trail_arn"))
    name = next(filter(None, names), account)
    return f"{name} {row['day']} {hours(row)}" if "hours" in row else name


def log_object(row: Row) -> str:
    """Return the URL of a row's log object."""
    return f"s3://{row['log_bucket']}/{row['object_key']}"


def log_place(row: Row) -> str:
    """Return the URL of the place that a row's logs are delivered to."""
    return f"s3://{row['log_bucket']}/{row['prefix'] or ''}"


def hours(row: Row) -> str:
    """Return the hours of a row in words: `13:00 UTC`, or `09:00-11:59 UTC`.

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


def not_allowed(permission: str | None) -> str:
    """Return what a sentence about a refusal ends with, if a permission is missing."""
    return f", {permission} is not allowed" if permission else ""


def count(number: int, noun: str) -> str:
    """Return `1 request`, `142 requests`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def percent(share: float) -> str:
    """Return a share as a percentage that never rounds a loss away: 0.9996 is `99.9 %`."""
    return f"{int(share * 1000) / 10:g} %"


def first_of(names: str, number: int) -> str:
    """Return the first of `number` names, and how many more there are."""
    rest = number - len(names.split(", "))
    return f"{names} and {rest:,} more" if rest else names
