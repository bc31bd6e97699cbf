"""What is said of a day that was run: counts, findings worst first, what was exempted."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from lacuna.cli.summary import Finding, Summary, advised, fitted, grouped, read, told
from lacuna.lake import athena, lake
from lacuna.settings import Settings
from lacuna.steps.suites import in_words
from lacuna.tables.evidence import CHECK_RESULTS, CheckResult

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


def off(day: int, *buckets: str, more: str = "", cure: str = "Turn it on.") -> Finding:
    """What the check for logging says of a day in November, in the words of a check."""
    head = f"logging_off of 2026-11-{day}: {len(buckets)} findings"
    sentences = [f"access logging of {one} was off\n{cure}" for one in buckets]
    message = in_words(head, sentences, more)
    return Finding("warning", "logging_off", message, f"2026-11-{day}", buckets)


def of(code: str, day: int, *buckets: str) -> Finding:
    """What any other check says of a day in November and some buckets."""
    day_text = f"2026-11-{day}"
    message = in_words(f"{code} of {day_text}: 1 finding", [f"{one} was hit" for one in buckets])
    subjects = [f"{one} {day_text} 13:00 UTC" if "hour" in code else one for one in buckets]
    return Finding("critical", code, message, day_text, tuple(subjects))


def test_what_is_the_same_on_several_days_is_told_once_with_its_days():
    (finding,) = grouped([off(20, "attic", "cellar"), off(19, "attic", "loft"), off(18, "attic")])
    assert finding.message.split("\n") == [
        "logging_off of 2026-11-18 to 2026-11-20: 3 findings",
        "  access logging of attic was off",
        "  2026-11-20: access logging of cellar was off",
        "  2026-11-19: access logging of loft was off",
        "    to do: Turn it on.",
    ]


def test_days_that_do_not_follow_each_other_are_listed():
    heads = [
        grouped([off(day, "attic") for day in days])[0].message.split("\n")[0]
        for days in ((20, 18), (20, 18, 17))
    ]
    assert heads == [
        "logging_off of 2026-11-18 and 2026-11-20: 1 finding",
        "logging_off of 2026-11-17, 2026-11-18 and 2026-11-20: 1 finding",
    ]


def test_a_bucket_that_is_mended_in_another_way_on_another_day_is_told_twice():
    (finding,) = grouped([off(20, "attic"), off(19, "attic", cure="Ask.")])
    assert finding.message.split("\n")[1:] == [
        "  2026-11-19: access logging of attic was off",
        "    to do: Ask.",
        "  2026-11-20: access logging of attic was off",
        "    to do: Turn it on.",
    ]


def test_where_not_all_findings_were_read_the_query_for_all_is_told_for_each_day():
    more = "and 5 more; all: select {}"
    (finding,) = grouped([off(20, "attic", more=more), off(19, "attic", more=more)])
    assert finding.message.split("\n") == [
        "logging_off of 2026-11-19 and 2026-11-20: 1 finding and more",
        "  access logging of attic was off",
        "    to do: Turn it on.",
        f"  2026-11-19: {more}",
        f"  2026-11-20: {more}",
    ]


def test_hours_of_a_bucket_whose_loss_is_explained_are_not_told_again():
    findings = grouped(
        [
            of("hour_lost", 20, "lossy", "mute", "photos"),
            of("hour_lost", 19, "lossy"),
            of("target_broken", 20, "lossy"),
            of("bucket_silent", 20, "mute"),
        ]
    )
    assert [one.expectation for one in findings] == ["target_broken", "bucket_silent", "hour_lost"]
    assert findings[-1].message.split("\n") == [
        "hour_lost of 2026-11-19 and 2026-11-20: 4 findings",
        "  2026-11-19: lossy was hit",
        "  2026-11-20: photos was hit",
        "  lossy: see target_broken",
        "  mute: see bucket_silent",
    ]


def test_several_days_of_one_check_are_one_finding_of_the_count():
    assert "  findings  1 warning" in summary(findings=(off(20, "attic"), off(19, "attic")))


def test_a_word_that_is_new_is_told_too():
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
def marts(settings):
    """Two days of the marts, as far as a summary reads them."""
    for table, word, rows in (
        ("fct_logging_coverage", "verdict", COVERAGE),
        ("fct_delivery_hours", "status", HOURS),
    ):
        values = ", ".join(f"(date '{day}', '{bucket}', '{said}')" for day, bucket, said in rows)
        athena.rows(
            lake.open_lake(settings),
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
    partition = {"checked_on": day_of_check, "delivery_day": about}
    lake.open_lake(settings).write(CHECK_RESULTS, rows, partition)


def test_buckets_and_hours_of_the_day_alone_are_counted_by_their_words(settings, marts):
    found = read(lake.open_lake(settings), settings, DAY, NEXT_DAY)
    assert found == Summary(
        DAY, {"delivering": 3, "off": 3}, {"delivered": 2, "missing": 1}, (), exempt=0
    )


def test_exempt_are_the_buckets_of_the_day_that_are_off_and_named(settings, marts):
    named = Settings(unlogged_buckets=("tmp-*", "photos"))
    mine = lake.open_lake(named)
    exempt = [read(mine, named, day, NEXT_DAY).exempt for day in (DAY, NEXT_DAY)]
    assert exempt == [2, 1]


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

    found = read(lake.open_lake(settings), settings, DAY, NEXT_DAY).findings
    assert [(one.expectation, one.message) for one in found] == [
        ("broken", f"a/broken of {DAY} at 1"),
        ("mended", f"b/mended of {DAY} at 1"),
        ("still", f"a/still of {DAY} at 2"),
        ("broken", f"b/broken of {before} at 1"),
        ("still", f"a/still of {before} at 1"),
    ]
    assert {one.severity for one in found} == {"warning"}
    assert [one.day for one in found] == [*[str(DAY)] * 3, *[str(before)] * 2]


def test_what_a_finding_is_about_is_read_as_it_was_written(settings, marts):
    result = CheckResult(
        "a", "lost", "critical", False, False, None, "m", ("b 1", "c, d"), DAY,
        datetime.combine(NEXT_DAY, datetime.min.time(), UTC),
    )  # fmt: skip
    partition = {"checked_on": NEXT_DAY, "delivery_day": DAY}
    lake.open_lake(settings).write(CHECK_RESULTS, [result], partition)
    (found,) = read(lake.open_lake(settings), settings, DAY, NEXT_DAY).findings
    assert found == Finding("critical", "lost", "m", str(DAY), ("b 1", "c, d"))


def test_advice_has_its_calls_on_lines_of_their_own_and_nothing_that_moves_a_cursor():
    told_apart = "Turn it on.\n# keep the rest\naws s3api x --bucket photos\x1eLook at \x1b[2Jit."
    photos = {"bucket_name": "photos", "verdict": "off", "advice": told_apart}
    lines = list(advised([photos], whole=False))
    assert lines == [
        "photos: off",
        "  - Turn it on.",
        "# keep the rest",
        "aws s3api x --bucket photos",
        "  - Look at \\x1b[2Jit.",
        "",
    ]


def test_what_asks_nothing_of_anybody_is_told_of_a_bucket_that_was_asked_for_only():
    known = "Nothing for the days to come: a trail was changed."
    rows = [
        {"bucket_name": "music", "verdict": "delivering", "advice": known},
        {"bucket_name": "photos", "verdict": "off", "advice": f"Turn it on.\x1e{known}"},
        {"bucket_name": "videos", "verdict": "delivering", "advice": ""},
    ]
    assert list(advised(rows, whole=False)) == ["photos: off", "  - Turn it on.", ""]
    assert list(advised(rows[:1], whole=True)) == ["music: delivering", f"  - {known}", ""]
