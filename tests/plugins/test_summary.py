"""What is said of a day that was run: counts, findings worst first, what was exempted."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from lacuna.aws import athena, lake
from lacuna.evidence import CheckResult
from lacuna.settings import Settings
from lacuna.summary import Finding, Summary, fitted, read, told

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


# What is told, read from the lake

NEXT_DAY = DAY + timedelta(days=1)
COVERAGE = [
    (DAY, "photos", "delivering"),
    (DAY, "videos", "delivering"),
    (DAY, "attic", "off"),
    (DAY, "tmp-1", "off"),
    (DAY, "tmp-2", "off"),
    (DAY, "tmp-3", "delivering"),
    (NEXT_DAY, "tmp-1", "off"),
    (NEXT_DAY, "photos", "silent"),
]
HOURS = [
    (DAY, "photos", "delivered"),
    (DAY, "photos", "missing"),
    (DAY, "videos", "delivered"),
    (NEXT_DAY, "photos", "pending"),
]


@pytest.fixture
def settings(cloud):
    found = Settings.from_env()
    lake.prepare(found)
    return found


@pytest.fixture
def marts(settings):
    """Two days of the marts, as far as a summary reads them."""
    for table, word, rows in (
        ("fct_logging_coverage", "verdict", COVERAGE),
        ("fct_delivery_hours", "status", HOURS),
    ):
        values = ", ".join(f"(date '{day}', '{bucket}', '{said}')" for day, bucket, said in rows)
        athena.rows(
            settings,
            f"create table lacuna.{table} as "
            f"select * from (values {values}) as rows (event_date, bucket_name, {word})",
        )


def checked(settings, day_of_check, *results, about=DAY):
    """The results of one check of a delivery day: (hour, suite, expectation, partition, good)."""
    rows = [
        CheckResult(
            suite=suite,
            expectation=expectation,
            severity="warning",
            success=good,
            errored=False,
            observed=None,
            message=f"{suite}/{expectation} of {partition} at {hour}",
            offending=(),
            partition_day=partition,
            checked_at=datetime.combine(day_of_check, datetime.min.time(), UTC)
            + timedelta(hours=hour),
        )
        for hour, suite, expectation, partition, good in results
    ]
    lake.write_check_results(settings, rows, day_of_check, about)


def test_buckets_and_hours_of_the_day_alone_are_counted_by_their_words(settings, marts):
    found = read(settings, DAY, NEXT_DAY)
    assert found == Summary(
        DAY, {"delivering": 3, "off": 3}, {"delivered": 2, "missing": 1}, (), exempt=0
    )


def test_exempt_are_the_buckets_of_the_day_that_are_off_and_named(settings, marts):
    named = Settings(unlogged_buckets=("tmp-*", "photos"))
    assert (read(named, DAY, NEXT_DAY).exempt, read(named, NEXT_DAY, NEXT_DAY).exempt) == (2, 1)


def test_findings_are_those_of_the_days_last_check_since_it_was_run(settings, marts):
    before = DAY - timedelta(days=1)
    # a check of long ago is not looked at, whatever it found
    checked(settings, DAY, (1, "a", "old", DAY, False))
    checked(
        settings,
        NEXT_DAY,
        (1, "a", "mended", DAY, False),
        (3, "a", "mended", DAY, True),
        (1, "a", "broken", DAY, True),
        (3, "a", "broken", DAY, False),
        (2, "a", "still", DAY, False),
        (1, "a", "still", DAY, False),
        # one code in two suites, and of two partitions, is so many checks
        (1, "b", "broken", before, False),
        (3, "a", "broken", before, True),
        (1, "a", "still", before, False),
        (1, "b", "mended", DAY, False),
        (2, "a", "fine", DAY, True),
    )
    checked(
        settings,
        NEXT_DAY + timedelta(days=1),
        (1, "a", "broken", DAY, False),
        (1, "b", "broken", before, False),
    )
    checked(settings, NEXT_DAY, (5, "a", "elsewhere", DAY, False), about=before)

    found = read(settings, DAY, NEXT_DAY).findings
    assert [(one.expectation, one.message) for one in found] == [
        ("broken", f"a/broken of {DAY} at 1"),
        ("mended", f"b/mended of {DAY} at 1"),
        ("still", f"a/still of {DAY} at 2"),
        ("broken", f"b/broken of {before} at 1"),
        ("still", f"a/still of {before} at 1"),
    ]
    assert {one.severity for one in found} == {"warning"}
