"""The answer sheet is right: worked out again here from the delivered bytes alone."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.account.buckets import BY_NAME, SOURCES, Seen
from tests.unit.account.conftest import HEAD, Made, make, readable

END = datetime(2026, 3, 6, tzinfo=UTC)


@dataclass
class Unit:
    """All that both logs hold of one (bucket, request id)."""

    record_hour: datetime | None = None
    event_hour: datetime | None = None
    record_expects_event: bool = False
    event_expects_record: bool = False


@dataclass
class Hour:
    records: int = 0
    record_side: list[bool] = field(default_factory=list)
    event_side: list[bool] = field(default_factory=list)


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0)


def reconcile(made: Made, until: datetime) -> dict[tuple[str, datetime], Hour]:
    """Both logs as delivered before `until`, held against each other."""
    invented = {f.log_object for f in made.truth.faults if f.kind == "trail_file_invented"}
    early = Made(
        made.account,
        # a file that no digest names proves nothing
        [
            one
            for one in made.objects
            if one.delivered_at < until.timestamp()
            and f"s3://{one.bucket}/{one.key}" not in invented
        ],
        made.truth,
    )
    units: dict[tuple[str, str], Unit] = defaultdict(Unit)
    hours: dict[tuple[str, datetime], Hour] = defaultdict(Hour)
    for line in early.lines:
        match, head = readable(line), HEAD.match(line)
        if head is None:
            continue
        at = hour_of(datetime.strptime(head["time"], "%d/%b/%Y:%H:%M:%S %z"))
        hours[head["bucket"], at].records += 1
        unit = units[head["bucket"], head["request_id"]]
        unit.record_hour = at
        unit.record_expects_event |= match is not None and record_expects_event(match.groupdict())
    for event in early.events:
        parameters = event["requestParameters"] or {}
        unit = units[parameters.get("bucketName", ""), event["requestID"]]
        at = hour_of(datetime.fromisoformat(event["eventTime"]))
        if unit.event_hour is None or event["eventType"] == "AwsApiCall":
            unit.event_hour = at
        unit.event_expects_record |= event_expects_record(event)
    for (bucket, _), unit in units.items():
        at = unit.record_hour or unit.event_hour
        assert at is not None
        if unit.record_expects_event:
            hours[bucket, at].record_side.append(unit.event_hour is not None)
        if unit.event_expects_record:
            hours[bucket, at].event_side.append(unit.record_hour is not None)
    return hours


def record_expects_event(record: dict[str, str]) -> bool:
    operation, bucket = record["operation"], BY_NAME[record["bucket"]]
    method = operation.split(".")[1]
    seen = bucket.reads if method in {"GET", "HEAD"} else bucket.writes
    return (
        operation.startswith("REST.")
        and method != "OPTIONS"
        and not operation.endswith("_GET")
        and (record["key"] != "-" or operation == "REST.POST.MULTI_OBJECT_DELETE")
        and record["requester"] != "AmazonS3"
        and not record["requester"].startswith("svc:")
        and (record["status"] in {"200", "202", "204", "206", "304"}
             or record["error"] == "AccessDenied")
        and seen is Seen.ALL
    )  # fmt: skip


def event_expects_record(event: dict[str, Any]) -> bool:
    identity = event["userIdentity"]
    return (
        event["eventSource"] == "s3.amazonaws.com"
        and event["eventType"] == "AwsApiCall"
        and ("key" in (event["requestParameters"] or {}) or event["eventName"] == "DeleteObjects")
        and identity["type"] != "AWSService"
        and "invokedBy" not in identity
        and event.get("errorCode") in {None, "AccessDenied"}
    )


def status(hour: Hour, start: datetime, until: datetime) -> str:
    if hour.event_side and not all(hour.event_side):
        if start + timedelta(hours=7) > until:
            return "pending"
        return "partial" if any(hour.event_side) else "missing"
    return "delivered" if hour.records else "nothing"


def share(side: list[bool]) -> float | None:
    return sum(side) / len(side) if side else None


def unexceptional(hours: dict[tuple[str, datetime], Hour], until: datetime) -> dict[Any, Any]:
    judged = {b.name for b in SOURCES if b.target_bucket and b.name != "meridian-hr-documents"}
    found = {}
    for (bucket, start), hour in hours.items():
        word = status(hour, start, until)
        events = share(hour.record_side)
        if bucket in judged and word != "nothing" and (word, events) not in _PLAIN:
            records = share(hour.event_side)
            found[bucket, f"{start:%Y-%m-%dT%H:%M:%SZ}"] = (word, records, events)
    return found


_PLAIN = {("delivered", 1.0), ("delivered", None)}


def test_the_hours_of_the_answer_sheet_follow_from_the_delivered_bytes(made: Made) -> None:
    listed = {
        (hour.bucket_name, hour.hour): (
            hour.status,
            hour.access_log_completeness,
            hour.data_event_completeness,
        )
        for hour in made.truth.hours
    }
    assert listed == unexceptional(reconcile(made, END), END)


@pytest.mark.parametrize(("requests", "days", "seed"), [(1200, 1, 3), (1500, 2, 4), (2000, 3, 5)])
def test_shorter_periods_and_other_seeds_agree_too(requests: int, days: int, seed: int) -> None:
    other = make(requests, days, seed)
    listed = {(hour.bucket_name, hour.hour) for hour in other.truth.hours}
    assert listed == set(unexceptional(reconcile(other, END), END))


def test_nothing_is_lost_but_what_was_planted(made: Made) -> None:
    lost = {
        (hour.bucket_name, hour.hour)
        for hour in made.truth.hours
        if hour.status in {"missing", "partial"} and BY_NAME[hour.bucket_name].delivers
    }
    planted = {
        (fault.bucket_name, hour)
        for fault in made.truth.faults
        if fault.kind in {"hour_lost", "hour_partly_lost", "logging_interrupted"}
        for hour in fault.hours
    }
    assert lost == planted


def test_a_very_late_hour_is_first_judged_without_its_records_and_then_heals(made: Made) -> None:
    late = [fault for fault in made.truth.faults if fault.kind == "late_beyond_budget"]
    assert {fault.also[0].where["status"] for fault in late} == {"missing", "partial"}
    for fault in late:
        for expect in (*fault.also, fault.expect):
            assert expect.as_of is not None
            until = datetime.fromisoformat(f"{expect.as_of}T00:00:00Z") + timedelta(days=1)
            start = datetime.fromisoformat(fault.hours[0])
            hour = reconcile(made, until)[str(fault.bucket_name), start]
            assert status(hour, start, until) == expect.where["status"]


def test_an_hour_of_the_last_evening_is_pending(made: Made) -> None:
    pending = {hour.hour for hour in made.truth.hours if hour.status == "pending"}
    assert "2026-03-05T23:00:00Z" in pending
    assert min(pending) >= "2026-03-05T18:00:00Z"


def test_a_record_lost_with_its_only_witness_is_no_finding(made: Made) -> None:
    torn = {
        hour
        for fault in made.truth.faults
        if fault.kind in {"trail_file_truncated", "trail_file_deleted"}
        for hour in fault.hours
    }
    lowered = {
        hour.hour for hour in made.truth.hours if hour.data_event_completeness not in {None, 1.0}
    }
    assert lowered == torn


def test_objects_say_when_they_were_delivered(made: Made) -> None:
    days = {datetime.fromtimestamp(one.delivered_at, UTC).date() for one in made.objects}
    assert len(days) == 4
    assert max(one.delivered_at for one in made.objects) < END.timestamp()


def test_every_key_is_unique(made: Made) -> None:
    keys = [(one.bucket, one.key) for one in made.objects]
    assert len(keys) == len(set(keys))


def fingerprint(made: Made) -> str:
    found = hashlib.sha256(made.truth.to_json().encode())
    for one in made.objects:
        found.update(repr((one.bucket, one.key, one.delivered_at, one.metadata)).encode())
        found.update(one.body)
    return found.hexdigest()


def test_a_seed_makes_the_same_bytes_again_and_another_seed_others() -> None:
    first, again, other = (fingerprint(make(800, 2, seed)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_totals_add_up(made: Made) -> None:
    totals = made.truth.totals
    assert totals["access_log_lines"] == sum(1 for _ in made.lines)
    assert totals["access_log_bytes"] == sum(len(one.body) for one in made.logs)
    assert totals["access_log_objects"] == len(made.logs)
    assert totals["trail_events"] == sum(1 for _ in made.events)
    assert totals["trail_files"] == len(made.trail_files)
    days = totals["by_delivery_day"].values()
    assert totals["access_log_lines"] == sum(day["access_log_lines"] for day in days)
