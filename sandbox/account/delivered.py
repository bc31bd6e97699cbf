"""Faults in the logs: records and files that are lost, late, duplicate, malformed or forged.

Records are lost only if a loss can be proved: the trail covers the bucket's reads and writes, its
events arrived, and the lateness budget is spent before the last delivery day ends.
"""

from __future__ import annotations

from dataclasses import replace

from sandbox.account import buckets as b
from sandbox.account import clients as who
from sandbox.account.buckets import BY_NAME
from sandbox.account.cloudtrail import WINDOW
from sandbox.account.period import DAY, HOUR, iso, moment
from sandbox.account.plan import Damage, Plan, Stray, Tamper, Tampering, Tear
from sandbox.account.planting import (
    DIGESTS,
    HOURS,
    OBJECTS,
    QUARANTINE,
    day_text,
    in_hour,
    planted,
    tampered,
    witnessed,
)
from sandbox.account.traffic import Burst
from sandbox.account.truth import Expect, Fault


def hour_lost(plan: Plan) -> Plan:
    """Every record of one hour of one bucket is lost."""
    return _lost(plan, "hour_lost", "meridian-app-uploads", 11, share=1.0, status="missing")


def hour_partly_lost(plan: Plan) -> Plan:
    """Every second record of one hour of one bucket is lost."""
    return _lost(plan, "hour_partly_lost", "meridian-eu-telemetry", 15, share=0.5, status="partial")


def _lost(plan: Plan, kind: str, name: str, hour_of_day: int, *, share: float, status: str) -> Plan:
    bucket, hour = BY_NAME[name], plan.period.hour(1, hour_of_day)
    fault = Fault(
        id=kind,
        kind=kind,
        note=f"{'all' if share == 1 else 'half'} of the hour's records are never delivered",
        expect=Expect(HOURS, in_hour(bucket, hour, status)),
        bucket_name=name,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=day_text(hour),
        delivery_day=day_text(hour),
    )
    plan = witnessed(planted(plan, fault), bucket, hour)
    return tampered(plan, bucket, hour, Tamper(kind, Tampering.LOSE, share))


def late_within_budget(plan: Plan) -> Plan:
    """Records that are 3 hours late; the budget is 6 hours."""
    bucket, hour = BY_NAME["meridian-eu-orders"], plan.period.hour(1, 13)
    fault = Fault(
        id="late_3h",
        kind="late_within_budget",
        note="all of the hour's records arrive 3 hours after its end",
        expect=Expect(HOURS, in_hour(bucket, hour, "delivered"), {"latency_p50_seconds": 3 * HOUR}),
        bucket_name=bucket.name,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=day_text(hour),
        delivery_day=day_text(hour),
    )
    plan = witnessed(planted(plan, fault), bucket, hour)
    return tampered(plan, bucket, hour, Tamper("late_3h", Tampering.DELAY, delay=3 * HOUR))


def late_beyond_budget(plan: Plan) -> Plan:
    """Records that are 30 hours late: their day is first judged without them."""
    plan = _very_late(plan, "late_30h", "meridian-eu-invoices", 10, share=1.0, before="missing")
    return _very_late(plan, "late_30h_part", "meridian-eu-orders", 9, share=0.5, before="partial")


def _very_late(
    plan: Plan, fault_id: str, name: str, hour_of_day: int, *, share: float, before: str
) -> Plan:
    bucket, hour = BY_NAME[name], plan.period.hour(2, hour_of_day)
    heals = hour + 32 * HOUR < plan.period.end
    first = Expect(HOURS, in_hour(bucket, hour, before), as_of=day_text(hour))
    healed = Expect(
        HOURS,
        in_hour(bucket, hour, "delivered"),
        {"latency_p99_seconds": 30 * HOUR},
        as_of=day_text(hour + DAY),
    )
    fault = Fault(
        id=fault_id,
        kind="late_beyond_budget",
        note=(
            f"{'all' if share == 1 else 'half'} of the hour's records arrive 30 hours after its "
            f"end: {before} when its own day is judged, delivered a day later"
        ),
        expect=healed if heals else replace(first, as_of=None),
        also=(first,) if heals else (),
        bucket_name=name,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=day_text(hour),
        delivery_day=day_text(hour + DAY),
    )
    plan = witnessed(planted(plan, fault), bucket, hour)
    tamper = Tamper(fault_id, Tampering.DELAY, share, delay=30 * HOUR)
    return tampered(plan, bucket, hour, tamper)


def duplicate_lines(plan: Plan) -> Plan:
    """Lines that occur twice in one object."""
    return _spoiled(
        plan,
        "meridian-data-lake",
        14,
        Tamper("duplicate_lines", Tampering.REPEAT_LINES, lines=5),
        note="5 records occur twice in one object; each counts once",
        table=OBJECTS,
    )


def duplicate_object(plan: Plan) -> Plan:
    """An object that is delivered again some minutes later under another key."""
    return _spoiled(
        plan,
        "meridian-customer-exports",
        10,
        Tamper("duplicate_object", Tampering.REPEAT_OBJECT),
        note="the same content as an earlier object, delivered 7 minutes later under another key",
        table=OBJECTS,
    )


def malformed_lines(plan: Plan) -> Plan:
    """Lines that are truncated, are no text at all, or forge fields."""
    return _spoiled(
        plan,
        "meridian-web-assets",
        9,
        Tamper("malformed_lines", Tampering.SPOIL),
        note="2 truncated lines (also there whole), 2 of garbage, 3 that forge fields",
        table=QUARANTINE,
    )


def _spoiled(
    plan: Plan, name: str, hour_of_day: int, tamper: Tamper, *, note: str, table: str
) -> Plan:
    bucket, hour, kind = BY_NAME[name], plan.period.hour(1, hour_of_day), tamper.fault_id
    fault = Fault(
        id=kind,
        kind=kind,
        note=note,
        expect=Expect(table, {"delivered_on": day_text(hour)}),
        bucket_name=name,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=day_text(hour),
    )
    plan = witnessed(planted(plan, fault), bucket, hour)
    return tampered(plan, bucket, hour, tamper)


def stray_objects(plan: Plan) -> Plan:
    """Objects under a log prefix, inside a day's listing, that are no logs."""
    at = plan.period.hour(1, 12) + 34 * 60
    day = moment(at)
    lake = BY_NAME["meridian-data-lake"]
    folder = f"{lake.target_prefix}{b.ACCOUNT_ID}/{lake.region}/{lake.name}/{day:%Y/%m/%d}"
    strays = (
        Stray("stray_csv", b.US_LOGS, f"web-assets/{day:%Y-%m-%d}-12-inventory.csv",
              b"bucket,key,size\nmeridian-web-assets,index.html,5120\n", at),
        Stray("stray_manifest", b.US_LOGS, f"{folder}/manifest.json",
              b'{"files": [], "comment": "left here by a copy job"}', at),
    )  # fmt: skip
    faults = (
        Fault(
            id=stray.fault_id,
            kind="stray_object",
            note="an object under the log prefix that is no log; no mart may hold its text as a record",
            expect=Expect(OBJECTS, {"delivered_on": day_text(at)}),
            bucket_name=name,
            region=lake.region,
        )
        for stray, name in zip(strays, ("meridian-web-assets", lake.name), strict=True)
    )
    return replace(planted(plan, *faults), strays=plan.strays + strays)


def truncated_trail_file(plan: Plan) -> Plan:
    """A CloudTrail file truncated after its digest was written."""
    window = plan.period.hour(2, 10) + 4 * WINDOW
    return _damaged(
        plan,
        Tear("trail_file_truncated", Damage.TRUNCATED),
        "meridian-data-lake",
        window,
        note="the gzip file ends early; none of its events can be relied on",
        table=OBJECTS,
    )


def deleted_trail_file(plan: Plan) -> Plan:
    """A CloudTrail file deleted after its digest was written."""
    window = plan.period.hour(1, 16) + 6 * WINDOW
    return _damaged(
        plan,
        Tear("trail_file_deleted", Damage.DELETED),
        "meridian-eu-invoices",
        window,
        note="its digest still names it, but no listing does",
        table=DIGESTS,
    )


def invented_trail_file(plan: Plan) -> Plan:
    """A CloudTrail file that CloudTrail never wrote: its requests would seem to be unlogged."""
    bucket, window = BY_NAME["meridian-data-lake"], plan.period.hour(1, 17) + 5 * WINDOW
    fault = Fault(
        id="trail_file_invented",
        kind="trail_file_invented",
        note="requests that nobody made, in a file that no digest names; no hour misses their records",
        expect=Expect(OBJECTS, {"delivered_on": day_text(window), "digest_state": "disowned"}),
        region=bucket.region,
        hours=(iso(window - window % HOUR),),
        event_day=day_text(window),
    )
    extra = Burst(bucket, window + 10, WINDOW - 60, 8, who.REPORTS, ("get", "put"))
    return replace(
        planted(plan, fault),
        bursts=(*plan.bursts, extra),
        forgeries=plan.forgeries | {(bucket.region, window): fault.id},
    )


def _damaged(plan: Plan, tear: Tear, name: str, window: int, *, note: str, table: str) -> Plan:
    bucket, kind = BY_NAME[name], tear.fault_id
    hour = window - window % HOUR
    fault = Fault(
        id=kind,
        kind=kind,
        note=f"{note}. Its hour has records without events: see `hours`",
        expect=Expect(table, {"delivered_on": day_text(window)}),
        bucket_name=None,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=day_text(window),
    )
    # Well inside the window, so that these requests also end inside it.
    extra = Burst(bucket, window + 10, WINDOW - 60, 8, who.REPORTS, ("get", "put"))
    return replace(
        planted(plan, fault),
        bursts=(*plan.bursts, extra),
        tears=plan.tears | {(bucket.region, window): tear},
    )
