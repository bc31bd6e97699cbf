"""The lines of a day's summary: counts, findings worst first, exempt buckets."""

from __future__ import annotations

import os
import sys
from datetime import date

import pytest

from lacuna.cli.summary import FailedCheck, Summary, combined, lines, where_next
from lacuna.cli.terminal import fitted
from lacuna.settings import Settings
from lacuna.steps import suites
from lacuna.steps.findings import Finding

DAY = date(2026, 11, 20)


def failed(severity: str, code: str, day: int, *findings: Finding, unnamed: int = 0) -> FailedCheck:
    """A check that failed on a day in November."""
    number = len(findings) + unnamed
    query = f"select {day}"
    return FailedCheck(severity, code, f"2026-11-{day}", "a message", findings, number, query)


LOST = failed("critical", "hour_lost", 20, Finding("photos lost all"))
OFF = failed("warning", "logging_off", 20, Finding("attic is off"))
LATE = failed("info", "records_late", 20, Finding("photos was late"))


def summary(**changes) -> list[str]:
    base = {
        "day": DAY,
        "verdicts": {"off": 7, "delivering": 1300, "broken_target": 1},
        "hours": {"delivered": 20, "missing": 4},
        "failed": (OFF, LATE, LOST),
    }
    return list(lines(Summary(**base | changes)))


def test_counts_are_shown_worst_first():
    text = summary()
    assert "  buckets   1 broken_target, 7 off, 1,300 delivering" in text
    assert "  hours     4 missing, 20 delivered" in text
    line = "  findings  1 critical of 1 check, 1 warning of 1 check, 1 info of 1 check"
    assert line in text


def test_critical_findings_come_first_and_mere_information_is_counted_only():
    text = "\n".join(summary())
    critical = "critical: hour_lost of 2026-11-20: 1 finding\n  photos lost all"
    warning = "warning: logging_off of 2026-11-20: 1 finding\n  attic is off"
    assert text.index(critical) < text.index(warning)
    assert "photos was late" not in text


def test_a_day_with_nothing_in_it_says_so():
    text = summary(verdicts={}, hours={}, failed=())
    assert text[2:] == ["  buckets   none", "  hours     none", "  findings  none"]


def test_exempt_buckets_are_counted_with_the_setting_that_exempts_them():
    line = "            5 buckets are off on purpose (LACUNA_UNLOGGED_BUCKETS)"
    assert line in summary(exempt=5)
    assert not any("LACUNA_UNLOGGED_BUCKETS" in line for line in summary())


def test_a_brief_summary_has_one_line_a_check():
    text = list(lines(Summary(DAY, {}, {}, (OFF, LATE, LOST)), brief=True))
    assert text[-2:] == [
        "            critical: hour_lost of 2026-11-20: 1 finding",
        "            warning: logging_off of 2026-11-20: 1 finding",
    ]


def off(day: int, *buckets: str, to_do: str = "Turn it on.", unnamed: int = 0) -> FailedCheck:
    """The check for logging, failed on a day in November for these buckets."""
    findings = [
        Finding(f"access logging of {bucket} was off", to_do, bucket, bucket) for bucket in buckets
    ]
    return failed("warning", "logging_off", day, *findings, unnamed=unnamed)


def hit(code: str, day: int, *buckets: str) -> FailedCheck:
    """Any other check, failed on a day in November for these buckets."""
    findings = [Finding(f"{bucket} was hit", bucket_name=bucket) for bucket in buckets]
    return failed("critical", code, day, *findings)


def paragraph(*checks: FailedCheck) -> list[str]:
    """The only paragraph about these checks."""
    (only,) = combined(checks)
    return [only.head, *only.lines]


def test_a_finding_of_several_days_is_shown_once_with_its_days():
    assert paragraph(off(20, "attic", "cellar"), off(19, "attic", "loft"), off(18, "attic")) == [
        "logging_off of 2026-11-18 to 2026-11-20: 3 findings",
        "  access logging of attic was off",
        "  2026-11-20: access logging of cellar was off",
        "  2026-11-19: access logging of loft was off",
        "    to do: Turn it on.",
    ]


def test_days_that_do_not_follow_each_other_are_listed():
    heads = [
        paragraph(*(off(day, "attic") for day in days))[0] for days in ((20, 18), (20, 18, 17))
    ]
    assert heads == [
        "logging_off of 2026-11-18 and 2026-11-20: 1 finding",
        "logging_off of 2026-11-17, 2026-11-18 and 2026-11-20: 1 finding",
    ]


def test_a_bucket_with_another_thing_to_do_on_another_day_is_shown_twice():
    assert paragraph(off(20, "attic"), off(19, "attic", to_do="Ask."))[1:] == [
        "  2026-11-19: access logging of attic was off",
        "    to do: Ask.",
        "  2026-11-20: access logging of attic was off",
        "    to do: Turn it on.",
    ]


def test_findings_that_are_not_named_are_counted_with_the_query_for_all():
    assert paragraph(off(20, "attic", unnamed=1500)) == [
        "logging_off of 2026-11-20: 1,501 findings",
        "  access logging of attic was off",
        "    to do: Turn it on.",
        "  and 1,500 more; all: select 20",
    ]


def test_the_query_for_all_is_shown_for_each_day():
    assert paragraph(off(20, "attic", unnamed=5), off(19, "attic", unnamed=5)) == [
        "logging_off of 2026-11-19 and 2026-11-20: 1 finding and more",
        "  access logging of attic was off",
        "    to do: Turn it on.",
        "  2026-11-19: and 5 more; all: select 19",
        "  2026-11-20: and 5 more; all: select 20",
    ]


def test_hours_of_a_bucket_whose_loss_is_explained_are_not_shown_again():
    paragraphs = combined(
        [
            hit("hour_lost", 20, "lossy", "mute", "photos"),
            hit("hour_lost", 19, "lossy"),
            hit("target_broken", 20, "lossy"),
            hit("bucket_silent", 20, "mute"),
            hit("target_broken", 19, "attic"),
        ]
    )
    assert [one.head.split()[0] for one in paragraphs] == [
        "target_broken",
        "bucket_silent",
        "hour_lost",
    ]
    assert [paragraphs[-1].head, *paragraphs[-1].lines] == [
        "hour_lost of 2026-11-19 and 2026-11-20: 4 findings",
        "  2026-11-19: lossy was hit",
        "  2026-11-20: photos was hit",
        "  lossy: see target_broken",
        "  mute: see bucket_silent",
    ]


def test_a_check_without_named_findings_is_shown_by_its_message_for_each_day():
    """It could not be carried out, or an older version of Lacuna wrote its result."""
    old = [
        FailedCheck("warning", "logging_off", f"2026-11-{day}", f"head {day}\n  attic\n  loft")
        for day in (20, 19)
    ]
    found = combined([off(18, "cellar"), *old])
    assert [(one.head, one.lines) for one in found[1:]] == [
        ("head 20", ("  attic", "  loft")),
        ("head 19", ("  attic", "  loft")),
    ]


def test_findings_are_counted_beside_their_checks_and_once_for_several_days():
    line = "  findings  1 warning of 1 check"
    assert line in summary(failed=(off(20, "attic"), off(19, "attic")))
    lost = failed("critical", "hour_lost", 20, Finding("photos"), Finding("videos"), unnamed=3)
    both = (lost, failed("critical", "target_broken", 20, Finding("attic")))
    assert "  findings  6 critical of 2 checks" in summary(failed=both)


def test_days_that_were_skipped_are_named():
    line = "  not run   2026-11-17 to 2026-11-18, just before: nothing is known"
    assert line in summary(skipped=(date(2026, 11, 17), date(2026, 11, 18)))
    assert not any("not run" in line for line in summary())


def test_a_word_that_is_new_is_shown_too():
    assert "  hours     2 delivered, 1 odd" in summary(hours={"odd": 1, "delivered": 2})


def test_lines_are_broken_for_a_terminal_only(monkeypatch):
    line = "  " + "word " * 40
    assert list(fitted([line])) == [line.rstrip()]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_, **__: os.terminal_size((40, 20)))
    first, *others = fitted([line, "", "end"])
    assert first.startswith("  word")
    assert others[0].startswith("    word")
    assert max(map(len, [first, *others])) <= 40
    assert others[-2:] == ["", "end"]


@pytest.mark.parametrize("mart", suites.PARTITION_COLUMNS)
def test_the_summary_names_every_mart_that_is_checked(mart):
    assert any(f"lacuna.{mart} (" in line for line in where_next(Settings(), DAY))
