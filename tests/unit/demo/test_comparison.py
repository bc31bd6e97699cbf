"""The comparison says yes to a faultless run and no to each way of differing from the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.shared import subject
from sandbox.account import behaviour
from sandbox.demo.comparison import BREAKS, MAY_BREAK, compare, explains, is_explained

SILENT_KINDS = {
    *("partly_recorded", "trail_stopped", "store_only", "target_by_acl"),
    "recorded_elsewhere",
    *("idle", "late_within_budget"),
    *(plant.__name__ for plant in behaviour.PLANTED),
    *("protection_weakened", "protection_refused"),
}


def fault_of(truth, kind):
    return next(fault for fault in truth["faults"] if fault["kind"] == kind)


def test_what_is_said_of_data_events_must_be_as_planted(truth, faultless, spoiled):
    for wrong in ({"write_coverage": "covered"}, {"coverage_details": ""}):
        rows = [
            row | wrong if row["bucket_name"] == "meridian-backups" else row
            for row in faultless.coverage
        ]
        comparison = compare(truth, spoiled(coverage=rows))
        assert not comparison.agrees
        assert all(one.startswith("meridian-backups ") for one in comparison.unplanted)


def test_a_faultless_run_agrees(truth, faultless):
    comparison = compare(truth, faultless)
    assert comparison.unplanted == ()
    assert [fault.fault_id for fault in comparison.faults if not fault.found] == []
    assert [verdict.bucket_name for verdict in comparison.verdicts if not verdict.agrees] == []
    assert comparison.agrees


def test_every_kind_of_fault_that_the_account_plants_is_known_here(truth):
    kinds = {fault["kind"] for fault in truth["faults"]}
    assert kinds == BREAKS.keys() | MAY_BREAK.keys() | SILENT_KINDS


def test_a_wrong_verdict_is_seen(truth, faultless, spoiled):
    wrong = [
        row | {"verdict": "idle"} if row["bucket_name"] == "meridian-web-assets" else row
        for row in faultless.coverage
    ]
    comparison = compare(truth, spoiled(coverage=wrong))
    assert [v.bucket_name for v in comparison.verdicts if not v.agrees] == ["meridian-web-assets"]
    assert not comparison.agrees


def test_a_day_that_says_another_loss_than_was_planted_is_seen(truth, faultless, spoiled):
    lost = fault_of(truth, "hour_lost")["hours"][0]
    wrong = {"hours_missing": 0, "sentence": "complete"}
    rows = [
        row | wrong if row["hours_missing"] and str(row["event_date"]) == lost[:10] else row
        for row in faultless.days
    ]
    told = compare(truth, spoiled(days=rows)).unplanted
    assert told
    assert all(f" {lost[:10]}: 'complete', planted " in one for one in told)


def test_a_bucket_without_a_day_is_seen(truth, faultless, spoiled):
    (first, *rest) = faultless.days
    name = f"{first['bucket_name']} {first['event_date']}"
    told = compare(truth, spoiled(days=rest)).unplanted
    assert told == (f"{name}: no row in fct_bucket_days",)


@pytest.mark.parametrize(
    ("bucket", "found"),
    [("meridian-web-assets", "prefix_shared"), ("meridian-wiki", "")],
)
def test_a_weakness_too_many_or_too_few_is_seen(truth, faultless, spoiled, bucket, found):
    wrong = [
        row | {"weaknesses": found} if row["bucket_name"] == bucket else row
        for row in faultless.coverage
    ]
    unplanted = compare(truth, spoiled(coverage=wrong)).unplanted
    assert len(unplanted) == 4
    assert all(one.startswith(f"{bucket} 2026-11-") for one in unplanted)


def test_a_bucket_without_a_verdict_is_seen(truth, faultless, spoiled):
    rest = [row for row in faultless.coverage if row["bucket_name"] != "meridian-web-assets"]
    comparison = compare(truth, spoiled(coverage=rest))
    assert [v.bucket_name for v in comparison.verdicts if not v.agrees] == ["meridian-web-assets"]


def test_a_verdict_of_a_bucket_that_is_not_in_the_account_is_seen(truth, faultless, spoiled):
    ghost = faultless.coverage[0] | {"bucket_name": "ghost"}
    comparison = compare(truth, spoiled(coverage=[*faultless.coverage, ghost]))
    assert len(comparison.unplanted) == 1
    assert comparison.unplanted[0].startswith("ghost: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [("read_coverage", "unknown"), ("write_coverage", "unknown"), ("sensitivity", "made up")],
)
def test_what_was_read_otherwise_than_planted_is_reported(truth, faultless, spoiled, name, value):
    first, *rest = faultless.coverage
    comparison = compare(truth, spoiled(coverage=[{**first, name: value}, *rest]))
    assert not comparison.agrees
    (line,) = comparison.unplanted
    assert line.startswith(first["bucket_name"])
    assert f"{name} is {value}" in line


def test_the_lake_that_the_run_made_is_no_surprise(truth, faultless, spoiled, finding):
    lake = faultless.coverage[0] | {"bucket_name": "lake", "verdict": "off"}
    of_lake = finding(truth["until"], "logging_off", "lake", "lake")
    seen = spoiled(coverage=[*faultless.coverage, lake], checks=[*faultless.checks, of_lake])
    assert compare(truth, seen).agrees


def test_an_empty_account_never_agrees(truth, spoiled):
    nothing = {fault_id: [0, 0] for fault_id in ()}
    empty = {**truth, "buckets": [], "faults": [], "hours": [], "said": []}
    seen = spoiled(coverage=[], hours=[], checks=[], expected_rows=nothing, said=[])
    assert not compare(empty, seen).agrees


def test_a_fault_whose_rows_are_not_there_is_not_found(truth, faultless, spoiled):
    lost = fault_of(truth, "malformed_lines")
    rows = {**faultless.expected_rows, lost["id"]: [lost["lines"] - 1]}
    comparison = compare(truth, spoiled(expected_rows=rows))
    assert [f.fault_id for f in comparison.faults if not f.found] == [lost["id"]]


@pytest.mark.parametrize("kind", sorted(BREAKS))
def test_a_fault_that_no_check_reports_is_not_found(truth, faultless, spoiled, kind):
    fault = fault_of(truth, kind)
    mute = [check for check in faultless.checks if not explains(fault, check, truth)]
    comparison = compare(truth, spoiled(checks=mute))
    assert fault["id"] in [f.fault_id for f in comparison.faults if not f.found]


def test_a_lateness_that_was_never_seen_as_a_loss_is_not_found(truth, faultless, spoiled):
    late = fault_of(truth, "late_beyond_budget")
    assert late["also"][0]["as_of"] < truth["until"]
    unseen = [one for one in faultless.checks if one["expectation"] != "hour_lost"]
    comparison = compare(truth, spoiled(checks=unseen))
    assert late["id"] in [f.fault_id for f in comparison.faults if not f.found]


def hours_with(faultless, changes, status="idle"):
    """The hours with the first one of this status changed."""
    first = next(row for row in faultless.hours if row["status"] == status)
    return [row | changes if row is first else row for row in faultless.hours]


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        ("idle", {"status": "missing"}),
        ("idle", {"status": "pending"}),
        ("idle", {"status": "delivered", "access_log_completeness": 0.5}),
        ("partial", {"access_log_completeness": 0.9}),
        ("missing", {"status": "idle", "access_log_completeness": None}),
    ],
)
def test_an_hour_that_is_not_as_planted_is_seen(truth, faultless, spoiled, status, changes):
    comparison = compare(truth, spoiled(hours=hours_with(faultless, changes, status)))
    assert len(comparison.unplanted) == 1
    assert not comparison.agrees


def test_hours_that_are_complete_or_inactive_are_as_planted(truth, faultless, spoiled):
    for changes in (
        {"status": "delivered", "access_log_completeness": 1.0, "data_event_completeness": 1.0},
        {"status": "delivered", "access_log_completeness": None},
        {"status": "unknown"},
    ):
        assert compare(truth, spoiled(hours=hours_with(faultless, changes))).agrees


def test_hours_stay_open_where_nobody_may_list_the_place_and_report_no_loss(
    truth, faultless, spoiled
):
    def hours_as(status):
        unlisted = fault_of(truth, "target_other_account")["bucket_name"]
        return [
            row | {"status": status} if row["bucket_name"] == unlisted else row
            for row in faultless.hours
        ]

    assert compare(truth, spoiled(hours=hours_as("pending"))).agrees
    assert not compare(truth, spoiled(hours=hours_as("missing"))).agrees


def test_a_planted_hour_without_a_row_is_seen(truth, faultless, spoiled):
    rest = [row for row in faultless.hours if row["status"] != "partial"]
    assert len(compare(truth, spoiled(hours=rest)).unplanted) == 1


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("hour_lost", "meridian-web-assets 2026-11-20 04:00 UTC"),
        ("hour_lost", "meridian-app-uploads 2026-11-20 11:00-12:59 UTC"),
        ("hour_partly_lost", "meridian-eu-telemetry 2026-11-19 15:00 UTC"),
        ("data_events_lost", "meridian-app-uploads 2026-11-21 10:00 UTC"),
        ("bucket_silent", "meridian-web-assets"),
        ("object_corrupt", "s3://meridian-cloudtrail/AWSLogs/another.json.gz"),
        ("object_not_built", "s3://meridian-logs-us-east-1/web-assets/another"),
        ("lines_duplicate", "meridian-web-assets"),
        ("place_unreadable", "s3://meridian-logs-us-east-1/web-assets/"),
        ("a_code_of_the_future", "meridian-web-assets"),
    ],
)
def test_a_finding_that_nothing_planted_explains_is_seen(
    truth, faultless, spoiled, finding, code, subject
):
    false_alarm = finding("2026-11-20", code, subject, subject.split(" ")[0])
    comparison = compare(truth, spoiled(checks=[*faultless.checks, false_alarm]))
    assert len(comparison.unplanted) == 1
    assert subject in comparison.unplanted[0]


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("hour_lost", "meridian-eu-partner-drop 2026-11-20 04:00-09:59 UTC"),
        ("data_events_lost", "meridian-data-lake 2026-11-19 10:00 UTC"),
        ("data_events_lost", "meridian-app-uploads 2026-11-19 10:00 UTC"),
        ("quarantine_share", "meridian-web-assets"),
        ("place_unreadable", "s3://meridian-logs-2019/legacy-archive/"),
    ],
)
def test_what_a_planted_fault_brings_with_it_is_no_surprise(
    truth, faultless, spoiled, finding, code, subject
):
    consequence = finding("2026-11-20", code, subject, subject.split(" ")[0])
    assert compare(truth, spoiled(checks=[*faultless.checks, consequence])).unplanted == ()


def test_a_check_that_could_not_be_carried_out_is_seen(truth, faultless, spoiled, finding):
    errored = finding("2026-11-20", "hour_lost", None) | {"errored": True, "message": "no table"}
    comparison = compare(truth, spoiled(checks=[*faultless.checks, errored]))
    assert comparison.unplanted == ("hour_lost of 2026-11-20: no table",)


def test_what_is_pending_is_not_incomplete(truth, faultless, spoiled):
    def row(status, share):
        whole = {"access_log_completeness": share, "data_event_completeness": share}
        return {"bucket_name": "photos", "status": status, "access_log_requests": 1, **whole}

    moments = [{"hour": datetime(2026, 11, 21, hour)} for hour in (1, 2, 23)]
    statuses = [row("delivered", 1.0), row("partial", 0.9), row("pending", 0.0)]
    hours = [a | b for a, b in zip(moments, statuses, strict=True)]
    (completeness,) = compare(truth, spoiled(hours=hours)).completeness
    assert (completeness.access_log, completeness.data_events) == (0.9, 0.9)
    (completeness,) = compare(truth, spoiled(hours=hours[2:])).completeness
    assert (completeness.access_log, completeness.data_events) == (None, None)


@given(st.sets(st.integers(min_value=0, max_value=23), min_size=1, max_size=4), st.data())
def test_a_finding_may_name_any_of_the_planted_hours_and_no_other(truth, numbers, data):
    """Each hour is planted as a fault of its own: faults of two hours can share one finding."""
    fault = fault_of(truth, "hour_lost")
    day, bucket_name = fault["hours"][0][:10], fault["bucket_name"]
    faults = [fault | {"hours": [f"{day}T{number:02}:00:00Z"]} for number in numbers]
    found = data.draw(st.sets(st.integers(min_value=0, max_value=23), min_size=1))
    hours = {"day": day, "hours": " ".join(map(str, found))}
    check = {
        "expectation": "hour_lost",
        "bucket_name": bucket_name,
        "subject": subject({"bucket_name": bucket_name} | hours),
    }
    assert is_explained(check, truth | {"faults": faults}) == (found <= numbers)
    other = {"bucket_name": "other", "subject": subject({"bucket_name": "other"} | hours)}
    assert not is_explained(check | other, truth | {"faults": faults})


def test_what_a_detection_found_and_nobody_planted_is_reported(truth, faultless):
    (one, *_) = faultless.findings
    stray = {**one, "subject": "arn:aws:iam::123456789012:user/else", "detection": "ransom_note"}
    comparison = compare(truth, replace(faultless, findings=[*faultless.findings, stray]))
    assert comparison.unplanted == (f"ransom_note of {one['event_date']}: {one['summary']}",)
    # the same of another bucket or day
    moved = {**one, "bucket_name": "another"}
    assert compare(truth, replace(faultless, findings=[moved])).unplanted


def test_activity_in_an_hour_whose_log_was_lost_may_be_found(truth, faultless):
    lost = next(fault for fault in truth["faults"] if fault["kind"] == "hour_lost")
    gap = {
        **faultless.findings[0],
        "detection": "activity_in_logging_gap",
        "bucket_name": lost["bucket_name"],
    }
    assert not compare(truth, replace(faultless, findings=[*faultless.findings, gap])).unplanted


def test_the_answers_of_the_detections_are_counted(truth, faultless):
    lines = compare(truth, faultless).detected
    assert lines[0].split()[:2] == ["3", "found"]
    assert lines[1].split()[:2] == ["1,200", "clear:"]
    assert [line.split()[0] for line in lines[2:]] == ["0", "0"]
