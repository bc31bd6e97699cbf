from __future__ import annotations

import json

from sandbox.account import management
from sandbox.account.resettings import LEFT_OUT
from tests.unit.account.conftest import Made

START = 1772409600  # 2026-03-02T00:00:00Z


def test_the_trail_also_holds_events_without_a_bucket_or_parameters(made: Made) -> None:
    others = [event for event in made.events if event["eventSource"] != "s3.amazonaws.com"]
    assert {event["eventCategory"] for event in others} == {"Management"}
    assert any(event["requestParameters"] is None for event in others)
    names = {event["eventName"] for event in made.events}
    assert names >= {"ConsoleLogin", "AssumeRole", "ListBuckets", "GetBucketLogging"}


def test_who_changes_logging_is_in_the_trail_and_on_the_answer_sheet(made: Made) -> None:
    changes = [event for event in made.events if event["eventName"] == "PutBucketLogging"]
    calls = [
        (
            event["requestParameters"]["bucketName"],
            "LoggingEnabled" in event["requestParameters"]["BucketLoggingStatus"],
        )
        for event in sorted(changes, key=lambda event: event["eventTime"])
    ]
    assert calls == [
        ("meridian-scratch", False),
        ("meridian-eu-invoices", False),
        ("meridian-eu-invoices", True),
    ]
    kinds = {"turned_off", "logging_interrupted"}
    faults = {fault.bucket_name: fault for fault in made.truth.faults if fault.kind in kinds}
    for event in changes[:2]:
        fault = faults[event["requestParameters"]["bucketName"]]
        assert event["userIdentity"]["userName"] in fault.note
        assert event["eventTime"] in fault.note


def test_who_narrows_the_trail_and_widens_it_again_is_in_the_trail(made: Made) -> None:
    [fault] = [one for one in made.truth.faults if one.kind == "trail_narrowed"]
    changes = sorted(
        (event for event in made.events if event["eventName"] == "PutEventSelectors"),
        key=lambda event: event["eventTime"],
    )
    assert [event["eventTime"] in fault.note for event in changes] == [True, True]
    out, back = (json.dumps(event["requestParameters"]) for event in changes)
    arn = f"arn:aws:s3:::{LEFT_OUT}/"
    assert (arn in out, arn in back) == (False, True)
    [bucket] = [one for one in made.truth.buckets if one.bucket_name == LEFT_OUT]
    coverage = {day: expected.get("read_coverage") for day, expected in bucket.expected.items()}
    assert [day for day, word in coverage.items() if word == "unknown"] == [fault.event_day]


def test_every_other_change_of_logging_is_in_the_trail_on_its_day(made: Made) -> None:
    events = {event["eventName"]: event for event in made.events if event["managementEvent"]}
    for kind in ("trail_deleted", "store_stopped", "log_bucket_policy_changed"):
        [fault] = [one for one in made.truth.faults if one.kind == kind]
        for expect in (fault.expect, *fault.also):
            if expect.table == "fct_logging_changes":
                event = events[expect.where["event_name"]]
                assert fault.bucket_name in event["requestParameters"].values()
                assert event["eventTime"].startswith(expect.where["event_date"])
                assert (event["awsRegion"], event["readOnly"]) == ("us-east-1", False)


def test_nothing_is_logged_while_logging_is_off(made: Made) -> None:
    [fault] = [one for one in made.truth.faults if one.kind == "logging_interrupted"]
    [hour] = [
        one
        for one in made.truth.hours
        if one.hour.startswith(fault.hours[0][:13]) and one.bucket_name == fault.bucket_name
    ]
    assert (hour.status, hour.access_log_completeness) == ("missing", 0.0)


def test_routine_stays_in_its_hour() -> None:
    for at, text in management.account_events(7, "eu-west-1", START):
        assert START <= at < START + 3600
        assert json.loads(text)["managementEvent"] is True
