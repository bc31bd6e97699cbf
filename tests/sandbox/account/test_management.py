from __future__ import annotations

import json

from sandbox.account import management
from tests.sandbox.account.conftest import Made

START = 1772409600  # 2026-03-02T00:00:00Z


def test_the_trail_also_holds_events_without_a_bucket_or_parameters(made: Made) -> None:
    others = [event for event in made.events if event["eventSource"] != "s3.amazonaws.com"]
    assert {event["eventCategory"] for event in others} == {"Management"}
    assert any(event["requestParameters"] is None for event in others)
    names = {event["eventName"] for event in made.events}
    assert names >= {"ConsoleLogin", "AssumeRole", "ListBuckets", "GetBucketLogging"}


def test_somebody_turned_logging_off_when_the_period_began(made: Made) -> None:
    [off] = [event for event in made.events if event["eventName"] == "PutBucketLogging"]
    assert off["requestParameters"]["bucketName"] == "meridian-scratch"
    assert "LoggingEnabled" not in off["requestParameters"]["BucketLoggingStatus"]
    [fault] = [f for f in made.truth.faults if f.id == "logging_off:meridian-scratch"]
    assert off["userIdentity"]["userName"] in fault.note
    assert off["eventTime"] in fault.note


def test_routine_stays_in_its_hour() -> None:
    for at, text in management.account_events(7, "eu-west-1", START):
        assert START <= at < START + 3600
        assert json.loads(text)["managementEvent"] is True
