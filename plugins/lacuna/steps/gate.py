"""Decide which of the days that a run has built readers are shown.

The gate is small: four checks that say that the marts themselves are not right. All others find
something in the account, and that is what the marts are read for.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from lacuna.steps import findings
from lacuna.steps.findings import Finding
from lacuna.tables.evidence import CheckResult

# The checks of the gate, and the key of the partitions that they are about
GATES = {
    "object_not_built": "delivered_on",
    "hours_not_judged": "event_date",
    "bucket_not_judged": "event_date",
    "requests_do_not_add_up": "event_date",
}

SUITE = "publish_day"
CODE = "day_withheld"
SEVERITY: Literal["critical"] = "critical"
QUESTION = "Are readers shown the day as it was built?"
MEANING = (
    "The day could not be built or checked, or what was built is not complete: a check of the gate "
    "failed. Readers of the marts keep the version before, and the next run builds the day again."
)


class DayWithheld(RuntimeError):
    """A day was built, and its marts are not right: readers keep the version that they have."""


class NotChecked(RuntimeError):
    """What was built was not checked, or is gone since, so it is not shown."""


def unbuilt(results: Iterable[CheckResult]) -> set[date]:
    """Return the delivery days of which log objects are not built, or may not be."""
    return {
        result.partition_day
        for result in results
        if GATES.get(result.expectation) == "delivered_on" and not result.success
    }


def withheld(results: Iterable[CheckResult], event_days: Iterable[date]) -> list[str]:
    """Return the partitions that are not shown, `key=day` each.

    The verdicts of `event_days` do not have their evidence: records of them may be in log objects
    that are not built.
    """
    failed = {
        (GATES[result.expectation], result.partition_day)
        for result in results
        if result.expectation in GATES and not result.success
    }
    failed |= {("event_date", day) for day in event_days}
    return sorted(f"{key}={day}" for key, day in failed)


def result(
    day: date, partitions: Sequence[str], results: Iterable[CheckResult], now: datetime
) -> CheckResult:
    """Return the result that says whether readers are shown `day`; `partitions` are withheld."""
    own = [name for name in partitions if name.endswith(f"={day}")]
    causes = {one.expectation for one in results if one.expectation in GATES and not one.success}
    found = [
        Finding(
            f"{name} was built and is not shown: {', '.join(sorted(causes))} failed", subject=name
        )
        for name in own
    ]
    return _result(day, found, now)


def stopped(day: date, causes: Iterable[str], now: datetime) -> CheckResult:
    """Return the result that says why the run of `day` stopped before it could check the day."""
    to_do = "nothing that this run has built is shown: remove the cause, then run the day again"
    return _result(day, [Finding(cause, to_do, f"delivered_on={day}") for cause in causes], now)


def _result(day: date, found: Sequence[Finding], now: datetime) -> CheckResult:
    return CheckResult(
        suite=SUITE,
        expectation=CODE,
        severity=SEVERITY,
        success=not found,
        errored=False,
        observed=f"{len(found)} offending",
        message=findings.text(CODE, str(day), len(found), found, "")
        if found
        else f"{QUESTION} Yes.",
        partition_day=day,
        checked_at=now,
        findings=len(found),
        query_of_all="",
        cause=None,
        **findings.columns(found),
    )
