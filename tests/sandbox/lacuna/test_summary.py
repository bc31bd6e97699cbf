"""The summary of a day that was run, as it is read from the lake."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest

from lacuna.cli.summary import FailedCheck, Summary, lines, read
from lacuna.lake import athena, glue, lake
from lacuna.settings import Settings
from lacuna.steps import gate
from lacuna.steps.findings import Finding
from lacuna.tables.evidence import (
    CATALOGUED_DAYS,
    CHECK_RESULTS,
    DATABASE,
    CataloguedDay,
    CheckResult,
)

DAY = date(2026, 11, 20)
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
        values = ", ".join(f"(date '{day}', '{bucket}', '{value}')" for day, bucket, value in rows)
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
    assert read(lake.open_lake(settings), settings, DAY, NEXT_DAY) == Summary(
        DAY, {"delivering": 3, "off": 3}, {"delivered": 2, "missing": 1}, (), exempt=0
    )


def test_a_first_run_that_stopped_has_a_summary_without_marts(settings):
    mine, now = lake.open_lake(Settings(unlogged_buckets=("tmp-*",))), datetime.now(UTC)
    stopped = gate.stopped(DAY, ["the model x was not built: \"y'", "the test z failed"], now)
    partition = {"checked_on": now.date(), "delivery_day": DAY}
    mine.append(CHECK_RESULTS, [stopped], partition)
    mine.append(CHECK_RESULTS, [stopped], partition)  # the task was tried again
    told = read(mine, Settings(unlogged_buckets=("tmp-*",)), DAY, now.date())
    assert list(lines(told))[2:] == [
        "  buckets   none",
        "  hours     none",
        "  findings  2 critical of 1 check",
        "",
        "critical: day_withheld of 2026-11-20: 2 findings",
        "  the model x was not built: \"y'",
        "  the test z failed",
        "    to do: nothing that this run has built is shown: remove the cause, then run the day again",
    ]


def test_days_without_a_run_before_this_one_are_skipped_days(settings, marts):
    mine = lake.open_lake(settings)
    assert read(mine, settings, DAY, NEXT_DAY).skipped == ()
    for n in (4, 0):
        row = CataloguedDay(datetime.now(UTC), 0, 0, 0, 0, 0)
        mine.write(CATALOGUED_DAYS, [row], {"delivered_on": DAY - timedelta(days=n)})
    assert read(mine, settings, DAY, NEXT_DAY).skipped == tuple(
        DAY - timedelta(days=n) for n in (3, 2, 1)
    )


def test_exempt_are_the_buckets_of_the_day_that_are_off_and_named(settings, marts):
    named = Settings(unlogged_buckets=("tmp-*", "photos"))
    mine = lake.open_lake(named)
    exempt = [read(mine, named, day, NEXT_DAY).exempt for day in (DAY, NEXT_DAY)]
    assert exempt == [2, 1]


def test_findings_are_those_of_the_days_last_check_since_it_was_run(settings, marts):
    before = DAY - timedelta(days=1)
    # a check of long ago does not count, whatever it found
    checked(settings, DAY, (1, "a", "old", DAY, False))
    checked(
        settings,
        NEXT_DAY,
        (1, "a", "repaired", DAY, False),
        (3, "a", "repaired", DAY, True),
        (1, "a", "broken", DAY, True),
        (3, "a", "broken", DAY, False),
        (2, "a", "still", DAY, False),
        (1, "a", "still", DAY, False),
        # one code in two suites, and of two partitions, is so many checks
        (1, "b", "broken", before, False),
        (3, "a", "broken", before, True),
        (1, "a", "still", before, False),
        (1, "b", "repaired", DAY, False),
        (2, "a", "fine", DAY, True),
    )
    checked(
        settings,
        NEXT_DAY + timedelta(days=1),
        (1, "a", "broken", DAY, False),
        (1, "b", "broken", before, False),
    )
    checked(settings, NEXT_DAY, (5, "a", "elsewhere", DAY, False), about=before)

    found = read(lake.open_lake(settings), settings, DAY, NEXT_DAY).failed
    assert [(one.expectation, one.message) for one in found] == [
        ("broken", f"a/broken of {DAY} at 1"),
        ("repaired", f"b/repaired of {DAY} at 1"),
        ("still", f"a/still of {DAY} at 2"),
        ("broken", f"b/broken of {before} at 1"),
        ("still", f"a/still of {before} at 1"),
    ]
    assert {one.severity for one in found} == {"warning"}
    assert [one.day for one in found] == [*[str(DAY)] * 3, *[str(before)] * 2]


def write(settings, results, checked_on):
    """What a check of the day writes."""
    partition = {"checked_on": checked_on, "delivery_day": DAY}
    lake.open_lake(settings).write(CHECK_RESULTS, results, partition)


CHECKED_AT = datetime.combine(NEXT_DAY, datetime.min.time(), UTC)
RESULT = CheckResult(
    "a", "lost", "critical", False, False, "9 offending", "m", ("b 1", "c, d"), DAY, CHECKED_AT,
    findings=9, sentences=("b, all of it", "c; \"x\""), to_do=("", "Look [there]."),
    bucket_names=("b", ""), query_of_all="select 1", cause=None,
)  # fmt: skip


def test_findings_are_read_as_they_were_written(settings, marts):
    write(settings, [RESULT], NEXT_DAY)
    (check,) = read(lake.open_lake(settings), settings, DAY, NEXT_DAY).failed
    assert check == FailedCheck(
        "critical",
        "lost",
        str(DAY),
        "m",
        (
            Finding("b, all of it", bucket_name="b"),
            Finding('c; "x"', "Look [there]."),
        ),
        9,
        "select 1",
    )


def test_a_check_that_could_not_be_carried_out_is_read_with_its_message(settings, marts):
    errored = dataclasses.replace(
        RESULT, errored=True, findings=None, sentences=(), to_do=(), bucket_names=(), cause="c"
    )
    write(settings, [errored], NEXT_DAY)
    (check,) = read(lake.open_lake(settings), settings, DAY, NEXT_DAY).failed
    assert (check.message, check.findings, check.number) == ("m", (), 0)


def test_results_of_an_older_version_are_shown_by_their_message(cloud, settings, marts):
    """A lake of before findings had columns: its table and its files know ten columns only."""
    older = dataclasses.make_dataclass(
        "OlderResult",
        [
            (field.name, field.type)
            for field in dataclasses.fields(CheckResult)
            if field.default is dataclasses.MISSING
        ],
    )
    table = dataclasses.replace(CHECK_RESULTS, row=older)
    mine = lake.open_lake(settings)
    client = cloud.client("glue")
    glue.ensure_tables(client, DATABASE, [glue.evidence_table_input(table, mine.location(table))])
    partition = {"checked_on": NEXT_DAY, "delivery_day": DAY}
    values = {field.name: getattr(RESULT, field.name) for field in dataclasses.fields(older)}
    mine.write(table, [older(**values | {"message": "a head\n  a line"})], partition)

    with pytest.raises(athena.QueryFailed, match="sentences"):
        read(lake.open_lake(settings), settings, DAY, NEXT_DAY)
    mine.prepare()
    later = dataclasses.replace(RESULT, suite="b", checked_at=CHECKED_AT + timedelta(days=1))
    write(settings, [later], NEXT_DAY + timedelta(days=1))
    old, new = read(lake.open_lake(settings), settings, DAY, NEXT_DAY).failed
    assert (old.message, old.findings, new.message) == ("a head\n  a line", (), "m")
    assert len(new.findings) == 2
    text = list(lines(Summary(DAY, {}, {}, (old, new))))
    assert text[text.index("critical: a head") + 1] == "  a line"
    stored = athena.rows(
        mine,
        "select message, cardinality(offending) as subjects from lacuna_evidence.check_results "
        "where severity = 'critical' order by checked_at",
    )
    assert stored == [
        {"message": "a head\n  a line", "subjects": "2"},
        {"message": "m", "subjects": "2"},
    ]
