"""What is tried of a detection is clear or refused, and what it changes is counted and named."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from lacuna.cli import backtest
from lacuna.cli.saved_queries import WrongQuestion
from lacuna.lake.athena import Answer, Column
from lacuna.steps.backtest import Prepared

SINCE, UNTIL = "2026-11-01", "2026-11-20"


def row(change: str, day: str = "2026-11-02", **values: Any) -> dict[str, str | None]:
    return {
        "event_date": day,
        "finding_id": "f",
        "change": change,
        "severity": "high",
        "bucket_name": None,
        "subject": "ann",
        "value": "1200.0",
        "threshold": "1000.0",
    } | values


def test_settings_of_the_detection_can_be_tried():
    tried = backtest.trial("denied_burst", SINCE, UNTIL, ["floor=100", "severity=low"])
    assert (tried.detection.name, tried.since, tried.until) == (
        "denied_burst",
        date(2026, 11, 1),
        date(2026, 11, 20),
    )
    assert tried.overrides == {"floor": 100, "severity": "low"}
    assert backtest.announcement(tried, Prepared("select 1", 2_500_000)) == (
        "denied_burst from 2026-11-01 to 2026-11-20 with floor 100, severity low: "
        "it reads at most 2.5 MB"
    )
    assert backtest.trial("denied_burst", SINCE, None, []).until == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("name", "since", "given", "message"),
    [
        ("denied_brust", SINCE, [], "no detection 'denied_brust'. Did you mean denied_burst?"),
        ("denied_burst", "2026-11-21", [], "UNTIL is not before SINCE"),
        ("denied_burst", "2026-08-22", [], "at most 89 days after"),
        ("denied_burst", SINCE, ["depth=3"], "has no setting 'depth'"),
        ("denied_burst", SINCE, ["floor"], "floor of denied_burst is ''"),
        ("denied_burst", SINCE, ["floor=-1"], "must be a number greater than 0"),
    ],
)
def test_what_cannot_be_tried_is_refused(name, since, given, message):
    with pytest.raises(WrongQuestion, match=re.escape(message)):
        backtest.trial(name, since, UNTIL, given)


def test_each_day_is_counted_and_changes_are_named():
    tried = backtest.trial("denied_burst", SINCE, UNTIL, ["floor=100"])
    found = [
        row("kept"),
        row("new", bucket_name="photos", subject="a\x1b[31m"),
        row("gone", day="2026-11-03", severity="low"),
    ]
    unit = tried.detection.unit
    assert list(backtest.lines(tried, found)) == [
        "day         findings   new  gone",
        "2026-11-02         2     1     0",
        "2026-11-03         0     0     1",
        f"new   2026-11-02  high  photos a\\x1b[31m: 1,200 {unit} (threshold 1,000)",
        f"gone  2026-11-03  low  ann: 1,200 {unit} (threshold 1,000)",
    ]
    answer = Answer([Column("x", "varchar")], iter([]), 4_000, 1.25)
    assert backtest.end(found, answer) == (
        "2 findings, 1 of them new; 1 of today's would be gone. 4.0 kB scanned, 1.2 s. "
        "Nothing was written."
    )


def test_more_than_a_screen_is_counted():
    tried = backtest.trial("denied_burst", SINCE, UNTIL, ["floor=100"])
    *_, last = backtest.lines(tried, [row("new")] * 25)
    assert last == "new: 5 more"
