"""Helpers that put a fault into the plan, and the tables in which faults show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.account import clients as who
from sandbox.account.buckets import Bucket
from sandbox.account.period import HOUR, day_of, moment
from sandbox.account.plan import Plan, Tamper
from sandbox.account.traffic import Burst
from sandbox.account.truth import Expect, Fault

CHANGES = "fct_logging_changes"
EFFECTS = "fct_logging_effects"
FINDINGS = "fct_findings"
COVERAGE = "fct_logging_coverage"
HOURS = "fct_delivery_hours"
OBJECTS = "fct_log_objects"
QUARANTINE = "quarantined_lines"
REQUESTS = "fct_object_requests"
DIGESTS = "lacuna_evidence.trail_digests"


def planted(plan: Plan, *faults: Fault) -> Plan:
    """Return the plan with these faults."""
    return replace(plan, faults=plan.faults + faults)


def witnessed(
    plan: Plan, bucket: Bucket, hour: int, count: int = 16, client: who.Client = who.REPORTS
) -> Plan:
    """Return the plan with requests that both logs record, so that an hour can be compared."""
    extra = Burst(bucket, hour + 60, HOUR - 200, count, client, ("get", "put"))
    return replace(plan, bursts=(*plan.bursts, extra))


def tampered(plan: Plan, bucket: Bucket, hour: int, tamper: Tamper) -> Plan:
    """Return the plan with an hour of a bucket tampered with."""
    return replace(plan, tampers=plan.tampers | {(bucket.name, hour): tamper})


def day_text(second: int) -> str:
    return day_of(second).isoformat()


def timestamp(second: int) -> str:
    return moment(second).strftime("%Y-%m-%d %H:%M:%S")


def found(detection: str, bucket_name: str | None, day: str, **columns: Any) -> Expect:
    """Return the finding that a detection must have of a day."""
    where = {"detection": detection, "bucket_name": bucket_name, "event_date": day}
    return Expect(FINDINGS, where | columns)


def in_hour(bucket: Bucket, hour: int, status: str) -> dict[str, str]:
    """Return the conditions on the row of an hour."""
    return {"bucket_name": bucket.name, "hour": timestamp(hour), "status": status}
