"""Faults in the configuration: how buckets are logged, to which log bucket, what trails record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.account import buckets as b
from sandbox.account import clients as who
from sandbox.account.buckets import BUCKETS, BY_NAME, Bucket, Trouble
from sandbox.account.management import LoggingChange
from sandbox.account.period import DAY, HOUR, iso
from sandbox.account.plan import Plan, Tamper, Tampering
from sandbox.account.planting import (
    CHANGES,
    COVERAGE,
    day_text,
    found,
    planted,
    tampered,
    witnessed,
)
from sandbox.account.truth import Expect, Fault

TURNED_OFF = "meridian-scratch"


def logging_off(plan: Plan) -> Plan:
    """Buckets whose logging is off; on purpose for log buckets, which would log themselves."""
    off = [bucket for bucket in BUCKETS if bucket.target_bucket is None and not bucket.trouble]
    return planted(
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
        return "a log bucket: logging is off on purpose"
    return "logging was turned off" if bucket.name == TURNED_OFF else "logging was never turned on"


def sensitive_not_recorded(plan: Plan) -> Plan:
    """Sensitive buckets whose requests no trail records completely."""
    unrecorded = [
        bucket
        for bucket in BUCKETS
        if bucket.is_sensitive
        and (bucket.reads, bucket.writes) != (b.Seen.ALL,) * 2
        and bucket.reads is not b.Seen.INGESTED
    ]
    return planted(
        plan,
        *(
            Fault(
                id=f"sensitive_not_recorded:{bucket.name}",
                kind="sensitive_not_recorded",
                note=f"{_why_sensitive(bucket)}; no trail records its data events; on every event day",
                expect=Expect(
                    COVERAGE, {"bucket_name": bucket.name, "requirement_state": "not_met"}
                ),
                bucket_name=bucket.name,
                region=bucket.region,
            )
            for bucket in unrecorded
        ),
    )


def _why_sensitive(bucket: Bucket) -> str:
    return bucket.sensitivity or f"{bucket.inventoried}, in the inventory table only"


def turned_off(plan: Plan) -> Plan:
    """A bucket whose logging was turned off at the start of the period."""
    bucket, at = BY_NAME[TURNED_OFF], plan.period.start + 7 * 60
    note = f"{who.CLERK.name} turned logging off at {iso(at)}"
    return _changed(plan, "turned_off", note, LoggingChange(bucket, at, False, who.CLERK))


def logging_interrupted(plan: Plan) -> Plan:
    """A bucket whose logging was off for an hour, and is on in every snapshot."""
    bucket, hour = BY_NAME["meridian-eu-invoices"], plan.period.hour(1, 14)
    plan = _changed(
        plan,
        "logging_interrupted",
        f"{who.CLERK.name} turned logging off at {iso(hour)} and on again at the end of the hour",
        LoggingChange(bucket, hour, False, who.CLERK),
        LoggingChange(bucket, hour + HOUR - 1, True, who.CLERK),
    )
    plan = witnessed(plan, bucket, hour)
    return tampered(plan, bucket, hour, Tamper("logging_interrupted", Tampering.LOSE))


def _changed(plan: Plan, kind: str, note: str, *changes: LoggingChange) -> Plan:
    bucket, hour = changes[0].bucket, changes[0].at - changes[0].at % HOUR
    where = {"bucket_name": bucket.name, "effect": "off", "event_date": day_text(hour)}
    fault = Fault(
        id=kind,
        kind=kind,
        note=note,
        expect=Expect(CHANGES, where),
        also=(found("access_logging_reduced", bucket.name, day_text(hour)),),
        bucket_name=bucket.name,
        region=bucket.region,
        hours=(iso(hour),),
        event_day=day_text(hour),
        delivery_day=day_text(hour),
    )
    return replace(planted(plan, fault), changes=plan.changes + changes)


def target_policy_denies(plan: Plan) -> Plan:
    """Log buckets whose policy does not allow the log service to write for this source."""
    notes = {
        "meridian-finance-reports": "the log bucket has no bucket policy at all",
        "meridian-eu-contracts": "the log bucket's policy names other sources only",
    }
    return _troubled(plan, Trouble.POLICY, "broken_target", notes)


def target_gone(plan: Plan) -> Plan:
    """A log bucket that was deleted."""
    notes = {"meridian-legacy-archive": f"the log bucket {b.GONE_LOGS} does not exist"}
    return _troubled(plan, Trouble.GONE, "broken_target", notes)


def target_unfit(plan: Plan) -> Plan:
    """Log buckets that exist, but whose settings prevent every delivery."""
    notes = {
        "meridian-legal": f"{b.KMS_LOGS} encrypts with a KMS key by default",
        "meridian-patents": f"{b.DSSE_LOGS} encrypts twice with a KMS key by default",
        "meridian-minutes": f"{b.LOCKED_LOGS} retains every object by default (Object Lock)",
        "meridian-datasets": f"{b.PAYING_LOGS} makes the requester pay",
        "meridian-mirror": f"the policy of {b.COPIED_LOGS} names ARNs of China",
        "meridian-roadmaps": f"the policy of {b.SHARED_LOGS} allows other prefixes only",
        "meridian-tenders": f"the policy of {b.SHARED_LOGS} allows the prefix and also denies it",
        "meridian-brochures": f"{b.MOVED_LOGS} was deleted and created again in another Region",
        "meridian-flyers": f"{b.TAKEN_LOGS} was deleted and now belongs to another account",
    }
    for trouble in sorted(b.UNDELIVERABLE):
        reasons = b.UNDELIVERABLE[trouble]
        plan = _troubled(plan, trouble, "broken_target", notes, reasons=reasons)
    return plan


def target_unprovable(plan: Plan) -> Plan:
    """Log buckets for which delivery cannot be decided; nothing was delivered."""
    notes = {
        "meridian-lectures": f"{b.SHARED_LOGS} allows the prefix for sources of one organization only",
        "meridian-workshops": f"{b.SHARED_LOGS} denies the prefix to all addresses but a few",
        "meridian-postcards": f"the ACL of {b.HALF_LOGS} lets the log service write, but not read ACLs",
        "meridian-exhibits": f"it grants access to its log objects, but {b.US_LOGS} has ACLs disabled",
        "meridian-receipts": f"the policy and other settings of {b.SEALED_LOGS} cannot be read",
    }
    for trouble in sorted(b.UNPROVABLE):
        state, reasons = b.UNPROVABLE[trouble]
        plan = _troubled(
            plan,
            trouble,
            "unknown",
            notes,
            reasons,
            target_state=state,
            requirement_state="unknown",
        )
    return plan


def target_by_acl(plan: Plan) -> Plan:
    """A log bucket without a policy, whose ACL grants the log service what it needs."""
    bucket = BY_NAME["meridian-catalogues"]
    note = f"{b.CLASSIC_LOGS} has no policy; its ACL allows delivery; no traffic"
    fault = _configured("target_by_acl", bucket, "idle", note, target_state="deliverable")
    return planted(plan, fault)


def region_not_enabled(plan: Plan) -> Plan:
    """A bucket in a Region that the account disabled later."""
    notes = {"meridian-cape-office": f"{b.CLOSED_REGION} does not accept the account's credentials"}
    return _troubled(plan, Trouble.REGION, "unknown", notes, (Trouble.REGION.value,))


def store_only(plan: Plan) -> Plan:
    """A bucket that only an event data store records: covered, but without a witness."""
    bucket = BY_NAME["meridian-lab-notes"]
    where = {"verdict": "unknown", "reasons": ["no_witness"], "read_coverage": "covered"}
    fault = Fault(
        id="store_only",
        kind="store_only",
        note=(
            f"only the event data store {b.STORE_NAME}, created in {b.STORE_HOME}, records it; "
            "on every event day"
        ),
        expect=Expect(COVERAGE, {"bucket_name": bucket.name, **where}),
        bucket_name=bucket.name,
        region=bucket.region,
    )
    return planted(plan, fault)


def logging_elsewhere(plan: Plan) -> Plan:
    """A bucket whose access log CloudWatch delivers: S3 says that logging is off."""
    notes = {"meridian-press-kit": "S3 delivers no access log, CloudWatch does"}
    reasons = (Trouble.VENDED.value,)
    return _troubled(plan, Trouble.VENDED, "unknown", notes, reasons, requirement_state="unknown")


def recorded_elsewhere(plan: Plan) -> Plan:
    """A sensitive bucket whose data events only CloudWatch receives: nobody knows if all are kept."""
    note = "a telemetry rule alone selects it, and CloudWatch's logs are not read"
    fault = _seen("recorded_elsewhere", "meridian-kiosk", note, "recorded_elsewhere")
    where = {**fault.expect.where, "requirement_state": "unknown"}
    return planted(plan, replace(fault, expect=Expect(COVERAGE, where)))


def config_unreadable(plan: Plan) -> Plan:
    """A bucket whose logging configuration cannot be read: unknown, not off."""
    notes = {
        "meridian-hr-documents": "GetBucketLogging answers AccessDenied; the logs arrive",
        b.SHUT_LOGS: "a log bucket whose own logging cannot be read",
    }
    return _troubled(plan, Trouble.UNREADABLE, "unknown", notes)


def log_bucket_weak(plan: Plan) -> Plan:
    """Log buckets that receive logs, but have weaknesses."""
    return planted(
        plan,
        *(
            Fault(
                id=f"log_bucket_weak:{bucket.name}",
                kind="log_bucket_weak",
                note=f"logs to {bucket.target_bucket}: {', '.join(bucket.weaknesses)}",
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
        plan = witnessed(plan, bucket, morning, 4, who.UPLOADER)
    return _troubled(
        plan, Trouble.SILENT, "silent", {bucket.name: "the trail sees traffic, no log is delivered"}
    )


def idle(plan: Plan) -> Plan:
    """Logging is on and valid, and nobody uses the bucket."""
    bucket = BY_NAME["meridian-dr-standby"]
    return planted(
        plan, _configured("idle", bucket, "idle", "logging is on, the trail covers it, no traffic")
    )


def partly_recorded(plan: Plan) -> Plan:
    """Buckets that the trail records partly; `coverage_details` lists what it records."""
    return planted(
        plan,
        _seen("partly_recorded", "meridian-backups", "the trail leaves out deletes"),
        _seen("partly_recorded", "meridian-eu-analytics", "the trail records one folder only"),
        _seen("partly_recorded", "meridian-ledgers", "the trail leaves out a role's sessions"),
    )


def trail_stopped(plan: Plan) -> Plan:
    """A stopped trail that selects what the other trail leaves out."""
    note = f"{b.STOPPED_TRAIL} selects every object, but does not log"
    fault = _seen("trail_stopped", "meridian-build-artifacts", note, "trail_not_logging")
    return planted(plan, fault)


def trail_failing(plan: Plan) -> Plan:
    """A trail that logs, but whose delivery fails: what arrives is unknown."""
    note = f"{b.FAILING_TRAIL} alone selects it, but cannot write to its log bucket"
    fault = _seen("trail_failing", "meridian-vendor-files", note, "trail_delivery_error")
    # the finding is about the trail; the bucket's coverage shows the rest
    return planted(plan, replace(fault, bucket_name=b.trail_arn(b.FAILING_TRAIL)))


def trail_bucket_gone(plan: Plan) -> Plan:
    """A trail that delivers to a deleted bucket."""
    note = f"{b.ORPHAN_TRAIL} alone selects it, but {b.GONE_TRAIL_BUCKET} does not exist"
    fault = _seen("trail_bucket_gone", "meridian-renderings", note, "trail_bucket_missing")
    # the finding is about the trail; the bucket's coverage shows the rest
    return planted(plan, replace(fault, bucket_name=b.GONE_TRAIL_BUCKET))


def _seen(kind: str, name: str, note: str, *reasons: str) -> Fault:
    bucket = BY_NAME[name]
    where = {
        "bucket_name": name,
        "read_coverage": bucket.reads.coverage,
        "write_coverage": bucket.writes.coverage,
        **({"coverage_reasons": list(reasons)} if reasons else {}),
    }
    return Fault(
        id=f"{kind}:{name}",
        kind=kind,
        note=f"{note}; on every event day",
        expect=Expect(COVERAGE, where),
        bucket_name=name,
        region=bucket.region,
    )


def _troubled(
    plan: Plan,
    trouble: Trouble,
    verdict: str,
    notes: dict[str, str],
    reasons: tuple[str, ...] = (),
    **more: str,
) -> Plan:
    return planted(
        plan,
        *(
            _configured(trouble.value, bucket, verdict, notes[bucket.name], reasons, **more)
            for bucket in BUCKETS
            if bucket.trouble is trouble
        ),
    )


def _configured(
    kind: str,
    bucket: Bucket,
    verdict: str,
    note: str,
    reasons: tuple[str, ...] = (),
    **more: str,
) -> Fault:
    where: dict[str, Any] = {"bucket_name": bucket.name, "verdict": verdict, **more}
    if reasons:
        where["reasons"] = list(reasons)
    return Fault(
        id=f"{kind}:{bucket.name}",
        kind=kind,
        note=f"{note}; on every event day",
        expect=Expect(COVERAGE, where),
        bucket_name=bucket.name,
        region=bucket.region,
    )
