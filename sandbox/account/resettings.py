"""Faults in CloudTrail: calls that change what is logged, between two snapshots."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import date
from typing import Any

from sandbox.account import buckets as b
from sandbox.account import clients as who
from sandbox.account.buckets import BY_NAME, Seen
from sandbox.account.management import Call, SelectorsChange
from sandbox.account.period import HOUR, day_of, iso, moment
from sandbox.account.plan import Plan
from sandbox.account.planting import found
from sandbox.account.policies import log_bucket_policies
from sandbox.account.truth import Expect, Fault

LEFT_OUT = "meridian-dr-standby"
DELETED_TRAIL = "meridian-trail-2018"
_CLOUDTRAIL = "cloudtrail.amazonaws.com"


def trail_narrowed(plan: Plan) -> Plan:
    """For 80 minutes the trail leaves out an unused bucket: no event there proves nothing."""
    bucket, hour = BY_NAME[LEFT_OUT], plan.period.hour(1, 20)
    changes = (
        SelectorsChange(hour + 20 * 60, who.CLERK, without=LEFT_OUT),
        SelectorsChange(hour + 100 * 60, who.CLERK),
    )
    hours = (hour, hour + HOUR)
    day = day_of(hour).isoformat()
    unseen = {"bucket_name": LEFT_OUT, "event_date": day, "read_coverage": "unknown"}
    fault = Fault(
        id="trail_narrowed",
        kind="trail_narrowed",
        note=(
            f"{who.CLERK.name} took {LEFT_OUT} out of the selectors of {b.TRAIL_NAME} at "
            f"{iso(changes[0].at)} and put it back at {iso(changes[1].at)}: no hour in between is idle"
        ),
        expect=Expect(
            "fct_logging_changes",
            {"trail_name": b.TRAIL_NAME, "effect": "changed", "event_date": day},
            {"rows": 2},
        ),
        also=(
            Expect("fct_logging_coverage", unseen),
            found("trail_coverage_reduced", None, day, subject=b.TRAIL_NAME),
            *(
                Expect(
                    "fct_delivery_hours",
                    {
                        "bucket_name": LEFT_OUT,
                        "hour": moment(start).strftime("%Y-%m-%d %H:%M:%S"),
                        "status": "unknown",
                    },
                )
                for start in hours
            ),
        ),
        # the finding is about the trail; the bucket's hours show the rest
        bucket_name=b.TRAIL_NAME,
        region=bucket.region,
        event_day=day,
        delivery_day=day,
    )
    return replace(
        plan, faults=(*plan.faults, fault), trail_changes=(*plan.trail_changes, *changes)
    )


def trail_deleted(plan: Plan) -> Plan:
    """A trail that is stopped and deleted before the first snapshot."""
    at = _evening(plan)
    asked = {"name": b.trail_arn(DELETED_TRAIL)}
    calls = (
        Call(at, who.CLERK, _CLOUDTRAIL, "StopLogging", asked),
        Call(at + 240, who.CLERK, _CLOUDTRAIL, "DeleteTrail", asked),
    )
    note = f"{who.CLERK.name} stopped the trail at {iso(at)} and deleted it 4 minutes later"
    where = {"trail_name": asked["name"]}
    return _called(plan, "trail_deleted", asked["name"], note, where, "off", *calls)


def store_stopped(plan: Plan) -> Plan:
    """An event data store, the only one that selects a bucket, whose ingestion is stopped."""
    at = _evening(plan) + 600
    arn = store_arn(b.STOPPED_STORE, b.TRAIL_HOME)
    call = Call(at, who.CLERK, _CLOUDTRAIL, "StopEventDataStoreIngestion", {"eventDataStore": arn})
    note = (
        f"{who.CLERK.name} stopped {b.STOPPED_STORE} at {iso(at)}; nothing else selects one bucket"
    )
    unseen = {
        "bucket_name": "meridian-trials",
        "read_coverage": "not_covered",
        "coverage_reasons": ["store_not_ingesting"],
    }
    also = Expect("fct_logging_coverage", unseen)
    where = {"trail_name": arn}
    return _called(plan, "store_stopped", arn, note, where, "off", call, also=(also,))


def log_bucket_policy_changed(plan: Plan) -> Plan:
    """The policy of a log bucket is put again, unchanged: no verdict changes."""
    at = _evening(plan) + 1200
    asked = {
        "bucketName": b.OLD_LOGS,
        "bucketPolicy": json.loads(log_bucket_policies()[b.OLD_LOGS]),
        "Host": f"{b.OLD_LOGS}.s3.{b.TRAIL_HOME}.amazonaws.com",
        "policy": "",
    }
    call = Call(at, who.OPERATOR, "s3.amazonaws.com", "PutBucketPolicy", asked)
    note = f"{who.OPERATOR.name} put the policy of {b.OLD_LOGS} at {iso(at)}"
    kind = "log_bucket_policy_changed"
    return _called(plan, kind, b.OLD_LOGS, note, {"bucket_name": b.OLD_LOGS}, "changed", call)


def account_block_changed(plan: Plan) -> Plan:
    """The account's public access block is deleted; the log buckets have their own."""
    at = _evening(plan) + 1800
    asked = {"accountId": b.ACCOUNT_ID, "publicAccessBlock": ""}
    call = Call(at, who.CLERK, "s3.amazonaws.com", "DeleteAccountPublicAccessBlock", asked)
    note = f"{who.CLERK.name} deleted the account's public access block at {iso(at)}"
    name, kind = f"account {b.ACCOUNT_ID}", "account_block_changed"
    opened = found("public_exposure_opened", None, day_of(at).isoformat())
    return _called(plan, kind, name, note, {"about": "account"}, "changed", call, also=(opened,))


def store_arn(name: str, region: str) -> str:
    """Return the ARN of an event data store; its id is derived from its name, as in the sandbox."""
    store_id = uuid.uuid5(uuid.NAMESPACE_URL, name)
    return f"arn:aws:cloudtrail:{region}:{b.ACCOUNT_ID}:eventdatastore/{store_id}"


def _evening(plan: Plan) -> int:
    """Return a time after the trail was narrowed and restored, so that the two stay apart."""
    return plan.period.hour(1, 22) + 300


def _called(
    plan: Plan,
    kind: str,
    name: str,
    note: str,
    where: dict[str, Any],
    effect: str,
    *calls: Call,
    also: tuple[Expect, ...] = (),
) -> Plan:
    day = day_of(calls[0].at).isoformat()
    common = {**where, "effect": effect, "event_date": day}
    changes = [
        Expect("fct_logging_changes", {**common, "event_name": call.name}, {"rows": 1})
        for call in calls
    ]
    fault = Fault(
        id=kind,
        kind=kind,
        note=note,
        expect=changes[0],
        also=(*changes[1:], *also),
        bucket_name=name,
        region=b.TRAIL_HOME,
        event_day=day,
        delivery_day=day,
    )
    return replace(plan, faults=(*plan.faults, fault), calls=(*plan.calls, *calls))


def coverage_of_day(bucket: b.Bucket, day: date, plan: Plan) -> dict[str, str]:
    """Return a day's coverage if it differs from what the selectors give now."""
    changed = {day_of(change.at) for change in plan.trail_changes}
    if day not in changed:
        return {}
    modes = {"read_coverage": bucket.reads, "write_coverage": bucket.writes}
    return {name: "unknown" for name, seen in modes.items() if seen is Seen.ALL}
