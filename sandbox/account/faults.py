"""What is planted. Each function takes the plan and returns it with one more thing in it.

Records are lost only where a loss can be proven: the trail covers the bucket's reads and
writes, its events arrived, and the lateness budget is spent before the last delivery day ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox.account import buckets as b
from sandbox.account import clients as who
from sandbox.account.buckets import BUCKETS, BY_NAME, Bucket, Trouble
from sandbox.account.cloudtrail import WINDOW
from sandbox.account.management import LoggingChange
from sandbox.account.period import DAY, HOUR, Period, day_of, iso, moment
from sandbox.account.plan import Damage, Plan, Stray, Tamper, Tampering, Tear
from sandbox.account.traffic import Burst
from sandbox.account.truth import Expect, Fault

CHANGES = "fct_logging_changes"
COVERAGE = "fct_logging_coverage"
HOURS = "fct_delivery_hours"
OBJECTS = "fct_log_objects"
QUARANTINE = "quarantined_lines"
REQUESTS = "fct_object_requests"
DIGESTS = "lacuna_evidence.trail_digests"

TURNED_OFF = "meridian-scratch"


def make_plan(seed: int, requests: int, period: Period) -> Plan:
    """The plan with everything planted."""
    plan = Plan(seed, requests, period)
    for plant in (*PLANTED, nightly_jobs):
        plan = plant(plan)
    return plan


def _planted(plan: Plan, *faults: Fault) -> Plan:
    return replace(plan, faults=plan.faults + faults)


def _witnessed(
    plan: Plan, bucket: Bucket, hour: int, count: int = 16, client: who.Client = who.REPORTS
) -> Plan:
    """Requests that both logs see, so that an hour has something to compare however quiet."""
    extra = Burst(bucket, hour + 60, HOUR - 200, count, client, ("get", "put"))
    return replace(plan, bursts=(*plan.bursts, extra))


def _tampered(plan: Plan, bucket: Bucket, hour: int, tamper: Tamper) -> Plan:
    return replace(plan, tampers=plan.tampers | {(bucket.name, hour): tamper})


def _day(second: int) -> str:
    return day_of(second).isoformat()


def _timestamp(second: int) -> str:
    return moment(second).strftime("%Y-%m-%d %H:%M:%S")


def _in_hour(bucket: Bucket, hour: int, status: str) -> dict[str, str]:
    return {"bucket_name": bucket.name, "hour": _timestamp(hour), "status": status}


def logging_off(plan: Plan) -> Plan:
    """Buckets whose logging is off; log buckets too, on purpose (they would log themselves)."""
    off = [bucket for bucket in BUCKETS if bucket.target_bucket is None and not bucket.trouble]
    return _planted(
        plan,
        *(
            _configured(
                "logging_off",
                bucket,
                "off",
                _why_off(bucket),
            )
            for bucket in off
        ),
    )


def _why_off(bucket: Bucket) -> str:
    if bucket in b.LOG_BUCKETS:
        return "a log bucket: off on purpose"
    return "logging was turned off" if bucket.name == TURNED_OFF else "logging was never turned on"


def sensitive_not_recorded(plan: Plan) -> Plan:
    """Sensitive buckets of which no trail records everything."""
    dark = [
        one for one in BUCKETS if one.is_sensitive and (one.reads, one.writes) != (b.Seen.ALL,) * 2
    ]
    return _planted(
        plan,
        *(
            Fault(
                id=f"sensitive_not_recorded:{bucket.name}",
                kind="sensitive_not_recorded",
                note=f"{_why_sensitive(bucket)}, and no trail records its data events; on every event day",
                expect=Expect(
                    COVERAGE, {"bucket_name": bucket.name, "requirement_state": "not_met"}
                ),
                bucket_name=bucket.name,
                region=bucket.region,
            )
            for bucket in dark
        ),
    )


def _why_sensitive(bucket: Bucket) -> str:
    return bucket.sensitivity or f"{bucket.inventoried} in the table of the inventory only"


def turned_off(plan: Plan) -> Plan:
    """A bucket whose logging somebody turned off when the period began."""
    bucket, at = BY_NAME[TURNED_OFF], plan.period.start + 7 * 60
    note = f"turned off by {who.CLERK.name} at {iso(at)}"
    return _changed(plan, "turned_off", note, LoggingChange(bucket, at, False, who.CLERK))


def logging_interrupted(plan: Plan) -> Plan:
    """A bucket whose logging was off for an hour, and is on whenever Lacuna looks."""
    bucket, hour = BY_NAME["meridian-eu-invoices"], plan.period.hour(1, 14)
    plan = _changed(
        plan,
        "logging_interrupted",
        f"turned off by {who.CLERK.name} at {iso(hour)} and on again at the hour's end",
        LoggingChange(bucket, hour, False, who.CLERK),
        LoggingChange(bucket, hour + HOUR - 1, True, who.CLERK),
    )
    plan = _witnessed(plan, bucket, hour)
    return _tampered(plan, bucket, hour, Tamper("logging_interrupted", Tampering.LOSE))


def _changed(plan: Plan, kind: str, note: str, *changes: LoggingChange) -> Plan:
    bucket, hour = changes[0].bucket, changes[0].at - changes[0].at % HOUR
    where = {"bucket_name": bucket.name, "effect": "off", "event_date": _day(hour)}
    fault = Fault(
        id=kind,
        kind=kind,
        note=note,
        expect=Expect(CHANGES, where),
        bucket_name=bucket.name,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=_day(hour),
        delivery_day=_day(hour),
    )
    return replace(_planted(plan, fault), changes=plan.changes + changes)


def target_policy_denies(plan: Plan) -> Plan:
    """Targets whose policy does not let the log service write for this source."""
    notes = {
        "meridian-finance-reports": "the log bucket has no bucket policy at all",
        "meridian-eu-contracts": "the log bucket's policy names other sources only",
    }
    return _troubled(plan, Trouble.POLICY, "broken_target", notes)


def target_gone(plan: Plan) -> Plan:
    """A target bucket that was deleted."""
    notes = {"meridian-legacy-archive": f"the log bucket {b.GONE_LOGS} does not exist"}
    return _troubled(plan, Trouble.GONE, "broken_target", notes)


def config_unreadable(plan: Plan) -> Plan:
    """A bucket whose logging configuration may not be read: unknown, not off."""
    notes = {
        "meridian-hr-documents": "GetBucketLogging answers AccessDenied; its logs do arrive",
        b.SHUT_LOGS: "a log bucket whose own logging may not be read",
    }
    return _troubled(plan, Trouble.UNREADABLE, "unknown", notes)


def log_bucket_weak(plan: Plan) -> Plan:
    """Log buckets that get their logs, and could be safer."""
    return _planted(
        plan,
        *(
            Fault(
                id=f"log_bucket_weak:{bucket.name}",
                kind="log_bucket_weak",
                note=f"logs into {bucket.target_bucket}: {', '.join(bucket.weaknesses)}",
                expect=Expect(
                    COVERAGE,
                    {"bucket_name": bucket.name, "weaknesses": list(bucket.weaknesses)},
                ),
                bucket_name=bucket.name,
                region=bucket.region,
            )
            for bucket in b.SOURCES
            if bucket.weaknesses
        ),
    )


def silent(plan: Plan) -> Plan:
    """Logging on and valid, the trail sees traffic, and nothing is delivered."""
    bucket = BY_NAME["meridian-eu-partner-drop"]
    for day in range(plan.period.days):
        morning = plan.period.start + day * DAY + 9 * HOUR
        plan = _witnessed(plan, bucket, morning, 4, who.UPLOADER)
    return _troubled(
        plan, Trouble.SILENT, "silent", {bucket.name: "the trail sees traffic, no log ever came"}
    )


def idle(plan: Plan) -> Plan:
    """Logging on and valid, and nobody uses the bucket."""
    bucket = BY_NAME["meridian-dr-standby"]
    return _planted(plan, _configured("idle", bucket, "idle", "on, covered by the trail, unused"))


def partly_recorded(plan: Plan) -> Plan:
    """Buckets of which the trail leaves something out; what, their `coverage_details` tell."""
    return _planted(
        plan,
        _seen("partly_recorded", "meridian-backups", "the trail leaves deletes out"),
        _seen("partly_recorded", "meridian-eu-analytics", "the trail records one folder only"),
    )


def trail_stopped(plan: Plan) -> Plan:
    """A trail that selects what the other leaves out, and is stopped."""
    note = f"{b.STOPPED_TRAIL} selects every object, and does not log"
    return _planted(plan, _seen("trail_stopped", "meridian-build-artifacts", note))


def _seen(kind: str, name: str, note: str) -> Fault:
    bucket = BY_NAME[name]
    where = {
        "bucket_name": name,
        "read_coverage": bucket.reads.coverage,
        "write_coverage": bucket.writes.coverage,
    }
    return Fault(
        id=f"{kind}:{name}",
        kind=kind,
        note=f"{note}; on every event day",
        expect=Expect(COVERAGE, where),
        bucket_name=name,
        region=bucket.region,
    )


def _troubled(plan: Plan, trouble: Trouble, verdict: str, notes: dict[str, str]) -> Plan:
    return _planted(
        plan,
        *(
            _configured(trouble.value, bucket, verdict, notes[bucket.name])
            for bucket in BUCKETS
            if bucket.trouble is trouble
        ),
    )


def _configured(kind: str, bucket: Bucket, verdict: str, note: str) -> Fault:
    where = {"bucket_name": bucket.name, "verdict": verdict}
    return Fault(
        id=f"{kind}:{bucket.name}",
        kind=kind,
        note=f"{note}; on every event day",
        expect=Expect(COVERAGE, where),
        bucket_name=bucket.name,
        region=bucket.region,
    )


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
        note=f"{'all' if share == 1 else 'half'} of the hour's records never arrive",
        expect=Expect(HOURS, _in_hour(bucket, hour, status)),
        bucket_name=name,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=_day(hour),
        delivery_day=_day(hour),
    )
    plan = _witnessed(_planted(plan, fault), bucket, hour)
    return _tampered(plan, bucket, hour, Tamper(kind, Tampering.LOSE, share))


def late_within_budget(plan: Plan) -> Plan:
    """Records that are 3 hours late, which the budget of 6 allows."""
    bucket, hour = BY_NAME["meridian-eu-orders"], plan.period.hour(1, 13)
    fault = Fault(
        id="late_3h",
        kind="late_within_budget",
        note="the hour's records arrive 3 hours after its end, all of them",
        expect=Expect(
            HOURS, _in_hour(bucket, hour, "delivered"), {"latency_p50_seconds": 3 * HOUR}
        ),
        bucket_name=bucket.name,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=_day(hour),
        delivery_day=_day(hour),
    )
    plan = _witnessed(_planted(plan, fault), bucket, hour)
    return _tampered(plan, bucket, hour, Tamper("late_3h", Tampering.DELAY, delay=3 * HOUR))


def late_beyond_budget(plan: Plan) -> Plan:
    """Records that are 30 hours late: the day they belong to is judged without them first."""
    plan = _very_late(plan, "late_30h", "meridian-eu-invoices", 10, share=1.0, before="missing")
    return _very_late(plan, "late_30h_part", "meridian-eu-orders", 9, share=0.5, before="partial")


def _very_late(
    plan: Plan, fault_id: str, name: str, hour_of_day: int, *, share: float, before: str
) -> Plan:
    bucket, hour = BY_NAME[name], plan.period.hour(2, hour_of_day)
    heals = hour + 32 * HOUR < plan.period.end
    first = Expect(HOURS, _in_hour(bucket, hour, before), as_of=_day(hour))
    healed = Expect(
        HOURS,
        _in_hour(bucket, hour, "delivered"),
        {"latency_p99_seconds": 30 * HOUR},
        as_of=_day(hour + DAY),
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
        event_day=_day(hour),
        delivery_day=_day(hour + DAY),
    )
    plan = _witnessed(_planted(plan, fault), bucket, hour)
    tamper = Tamper(fault_id, Tampering.DELAY, share, delay=30 * HOUR)
    return _tampered(plan, bucket, hour, tamper)


def duplicate_lines(plan: Plan) -> Plan:
    """Lines that stand twice in one object."""
    return _spoiled(
        plan,
        "meridian-data-lake",
        14,
        Tamper("duplicate_lines", Tampering.REPEAT_LINES, lines=5),
        note="5 records stand twice in one object; each counts once",
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
    """Lines that are cut off, are no text at all, or forge fields."""
    return _spoiled(
        plan,
        "meridian-web-assets",
        9,
        Tamper("malformed_lines", Tampering.SPOIL),
        note="2 lines cut off (they also stand whole), 2 of rubbish, 3 that forge fields",
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
        expect=Expect(table, {"delivered_on": _day(hour)}),
        bucket_name=name,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=_day(hour),
    )
    plan = _witnessed(_planted(plan, fault), bucket, hour)
    return _tampered(plan, bucket, hour, tamper)


def stray_objects(plan: Plan) -> Plan:
    """Objects under a log prefix, where a day's listing meets them, that are no logs."""
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
            note="lies under the log prefix and is no log; its text must reach no mart as a record",
            expect=Expect(OBJECTS, {"delivered_on": _day(at)}),
            bucket_name=name,
            region=lake.region,
        )
        for stray, name in zip(strays, ("meridian-web-assets", lake.name), strict=True)
    )
    return replace(_planted(plan, *faults), strays=plan.strays + strays)


def truncated_trail_file(plan: Plan) -> Plan:
    """A CloudTrail file cut short after its digest was written."""
    window = plan.period.hour(2, 10) + 4 * WINDOW
    return _damaged(
        plan,
        Tear("trail_file_truncated", Damage.TRUNCATED),
        "meridian-data-lake",
        window,
        note="the gzip ends early; none of its events can be relied on",
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
        note="its digest still names it; in no listing",
        table=DIGESTS,
    )


def invented_trail_file(plan: Plan) -> Plan:
    """A CloudTrail file that CloudTrail never wrote: it would make requests look unlogged."""
    bucket, window = BY_NAME["meridian-data-lake"], plan.period.hour(1, 17) + 5 * WINDOW
    fault = Fault(
        id="trail_file_invented",
        kind="trail_file_invented",
        note="requests that nobody made, in a file that no digest names; no hour lacks their records",
        expect=Expect(OBJECTS, {"delivered_on": _day(window), "digest_state": "disowned"}),
        region=bucket.region,
        hours=(iso(window - window % HOUR),),
        event_day=_day(window),
    )
    extra = Burst(bucket, window + 10, WINDOW - 60, 8, who.REPORTS, ("get", "put"))
    return replace(
        _planted(plan, fault),
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
        expect=Expect(table, {"delivered_on": _day(window)}),
        bucket_name=None,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=_day(window),
    )
    # Well inside the window, so that these requests also end in it.
    extra = Burst(bucket, window + 10, WINDOW - 60, 8, who.REPORTS, ("get", "put"))
    return replace(
        _planted(plan, fault),
        bursts=(*plan.bursts, extra),
        tears=plan.tears | {(bucket.region, window): tear},
    )


def exfiltration(plan: Plan) -> Plan:
    """A support role reads thousands of sensitive objects at night from a new address."""
    bucket, hour = BY_NAME["meridian-customer-exports"], plan.period.hour(1, 2)
    count = max(100, min(4000, plan.requests // 10))
    acts = ("list", *("get",) * 24)
    bursts = (
        Burst(bucket, hour + 11 * 60, 49 * 60, count * 2 // 3, who.INTRUDER, acts),
        Burst(bucket, hour + HOUR, 25 * 60, count - count * 2 // 3, who.INTRUDER, acts),
    )
    where = {
        "bucket_name": bucket.name,
        "requester": who.INTRUDER.requester,
        "remote_ip": who.INTRUDER.addresses[0],
        "event_date": _day(hour),
    }
    fault = Fault(
        id="exfiltration",
        kind="exfiltration",
        note="a role that never came before reads a restricted bucket at night; both logs saw it",
        expect=Expect(REQUESTS, where, {"rows": count}),
        bucket_name=bucket.name,
        region=bucket.region,
        hours=(iso(hour), iso(hour + HOUR)),
        lines=count,
        event_day=_day(hour),
        delivery_day=_day(hour),
    )
    return replace(_planted(plan, fault), bursts=plan.bursts + bursts)


def nightly_jobs(plan: Plan) -> Plan:
    """S3's own work at night, and enough traffic that every logged bucket has some each day."""
    bursts: list[Burst] = []
    for day in range(plan.period.days):
        night = plan.period.start + day * DAY + HOUR
        bursts += [
            Burst(BY_NAME[name], night, HOUR, max(4, plan.requests // 1500), who.LIFECYCLE,
                  ("lifecycle",))
            for name in _EXPIRING
        ]  # fmt: skip
        bursts.append(
            Burst(BY_NAME["meridian-backups"], night + 2 * HOUR, HOUR, 3, who.S3_BATCH,
                  ("checksum",))
        )  # fmt: skip
        bursts += [
            Burst(bucket, night + 8 * HOUR, HOUR - 100, 3, who.OPERATOR, ("get", "list", "put"))
            for bucket in b.SOURCES
            if bucket.weight
        ]
    return replace(plan, bursts=plan.bursts + tuple(bursts))


_EXPIRING = (
    "meridian-backups",
    "meridian-data-lake",
    "meridian-app-uploads",
    "meridian-payroll",
    "meridian-eu-telemetry",
)

PLANTED: tuple[Callable[[Plan], Plan], ...] = (
    logging_off,
    sensitive_not_recorded,
    turned_off,
    logging_interrupted,
    target_policy_denies,
    target_gone,
    config_unreadable,
    log_bucket_weak,
    silent,
    idle,
    partly_recorded,
    trail_stopped,
    hour_lost,
    hour_partly_lost,
    late_within_budget,
    late_beyond_budget,
    duplicate_lines,
    duplicate_object,
    malformed_lines,
    stray_objects,
    truncated_trail_file,
    deleted_trail_file,
    invented_trail_file,
    exfiltration,
)
