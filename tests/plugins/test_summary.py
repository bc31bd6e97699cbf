"""What is said of a day that was run: counts, findings worst first, what was exempted."""

from __future__ import annotations

import os
import sys
from datetime import date

from lacuna.summary import Finding, Summary, fitted, told

DAY = date(2026, 11, 20)
LOST = Finding("critical", "hour_lost", "hour_lost of 2026-11-20: 1 finding\n  photos lost all")
OFF = Finding("warning", "logging_off", "logging_off of 2026-11-20: 1 finding\n  attic is off")
LATE = Finding("info", "records_late", "records_late of 2026-11-20: 1 finding\n  photos was late")


def summary(**changes) -> list[str]:
    base = {
        "day": DAY,
        "verdicts": {"off": 7, "delivering": 1300, "broken_target": 1},
        "hours": {"delivered": 20, "missing": 4},
        "findings": (OFF, LATE, LOST),
    }
    return list(told(Summary(**base | changes)))


def test_counts_are_told_worst_first():
    lines = summary()
    assert "  buckets   1 broken_target, 7 off, 1,300 delivering" in lines
    assert "  hours     4 missing, 20 delivered" in lines
    assert "  findings  1 critical, 1 warning, 1 info" in lines


def test_critical_findings_come_first_and_what_is_mere_information_is_counted_only():
    text = "\n".join(summary())
    assert text.index(f"critical: {LOST.message}") < text.index(f"warning: {OFF.message}")
    assert "photos was late" not in text


def test_a_day_with_nothing_in_it_says_so():
    lines = summary(verdicts={}, hours={}, findings=())
    assert lines[2:] == ["  buckets   none", "  hours     none", "  findings  none"]


def test_exempted_buckets_are_counted_with_the_setting_that_exempts_them():
    assert any(
        "5 buckets on purpose: LACUNA_UNLOGGED_BUCKETS" in line for line in summary(exempt=5)
    )
    assert not any("LACUNA_UNLOGGED_BUCKETS" in line for line in summary())


def test_a_brief_summary_has_one_line_a_finding():
    lines = list(told(Summary(DAY, {}, {}, (OFF, LATE, LOST)), brief=True))
    assert lines[-2:] == [
        "            critical: hour_lost of 2026-11-20: 1 finding",
        "            warning: logging_off of 2026-11-20: 1 finding",
    ]


def test_a_word_that_is_new_is_told_too():
    assert "  hours     2 delivered, 1 odd" in summary(hours={"odd": 1, "delivered": 2})


def test_lines_are_broken_for_a_terminal_only(monkeypatch):
    line = "  " + "word " * 40
    assert list(fitted([line])) == [line.rstrip()]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((40, 20)))
    first, *others = fitted([line, "", "end"])
    assert first.startswith("  word")
    assert others[0].startswith("    word")
    assert max(map(len, [first, *others])) <= 40
    assert others[-2:] == ["", "end"]
