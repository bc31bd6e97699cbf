"""What `make demo` prints of the days' run while it runs."""

from __future__ import annotations

from datetime import date, timedelta

from lacuna.cli import summary
from sandbox.demo import progress

LAST = date(2026, 11, 21)


def of_day(day: date) -> summary.Summary:
    failed = summary.FailedCheck("critical", "hour_lost", str(day), "photos lost an hour")
    return summary.Summary(day, {"off": 2}, {"missing": 1}, (failed,), exempt=1)


def test_tasks_and_counts_are_shown_and_details_and_findings_are_not():
    days = LAST - timedelta(days=1), LAST
    lines = ["account 123456789012, Region us-east-1"]
    for day in days:
        lines += [f"{day}  check_log_delivery.check_marts  ok  1.0 s", "    wrote 36 rows"]
        lines += summary.lines(of_day(day), brief=day != LAST)
    counts = ["  buckets   2 off", "  hours     1 missing", "  findings  1 critical of 1 check"]
    expected = ["account 123456789012, Region us-east-1"]
    for day in days:
        task = f"{day}  check_log_delivery.check_marts  ok  1.0 s"
        expected += [task, "", f"{day} in short", *counts]
    assert list(progress(lines, LAST)) == expected
