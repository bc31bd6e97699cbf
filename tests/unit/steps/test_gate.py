"""Which days are withheld, and what is said of it."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from lacuna.steps import gate
from lacuna.tables.evidence import CheckResult

DAY, NEXT = date(2026, 11, 20), date(2026, 11, 21)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def failed(expectation: str, *, errored: bool = False) -> CheckResult:
    nothing: dict[str, Any] = dict.fromkeys(field.name for field in fields(CheckResult))
    values = {"expectation": expectation, "success": False, "errored": errored}
    return replace(CheckResult(**nothing), partition_day=DAY, **values)


@pytest.mark.parametrize(
    ("expectation", "partitions"),
    [
        ("hour_lost", []),  # a finding about the account
        ("hours_not_judged", ["event_date=2026-11-20"]),
        ("bucket_not_judged", ["event_date=2026-11-20"]),
        ("object_not_built", ["delivered_on=2026-11-20"]),
    ],
)
def test_a_day_is_withheld_only_if_its_marts_are_not_right(expectation, partitions):
    assert gate.withheld([failed(expectation)], []) == partitions
    assert gate.withheld([failed(expectation, errored=True)], []) == partitions
    assert gate.withheld([replace(failed(expectation), success=True)], []) == []


def test_event_days_without_their_evidence_are_withheld_too():
    result = failed("object_not_built")
    assert gate.unbuilt([result, failed("hours_not_judged")]) == {DAY}
    assert gate.unbuilt([replace(result, success=True)]) == set()
    assert gate.withheld([result], [NEXT]) == ["delivered_on=2026-11-20", "event_date=2026-11-21"]


def test_a_withheld_day_is_told_with_its_cause_and_a_shown_one_answers_yes():
    results = [failed("hours_not_judged"), failed("hour_lost")]
    told = gate.result(DAY, ["event_date=2026-11-20"], results, NOW)
    assert (told.expectation, told.severity, told.success) == ("day_withheld", "critical", False)
    assert told.message == (
        "day_withheld of 2026-11-20: 1 finding\n"
        "  event_date=2026-11-20 was built and is not shown: hours_not_judged failed"
    )
    shown = gate.result(NEXT, ["event_date=2026-11-20"], results, NOW)
    assert (shown.success, shown.message) == (
        True,
        "Are readers shown the day as it was built? Yes.",
    )
