"""Calls that change what protects a bucket, in CloudTrail only: no log of requests shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sandbox.account import buckets as b
from sandbox.account import clients as who
from sandbox.account.management import Call
from sandbox.account.period import day_of, iso
from sandbox.account.plan import Plan
from sandbox.account.planting import found
from sandbox.account.truth import Expect, Fault

CHANGES = "fct_protection_changes"
UNVERSIONED = "meridian-backups"
OPENED = "meridian-web-assets"
_S3 = "s3.amazonaws.com"
_BLOCK = ("RestrictPublicBuckets", "BlockPublicPolicy", "BlockPublicAcls", "IgnorePublicAcls")


def protection_weakened(plan: Plan) -> Plan:
    """Versions are suspended, and a bucket's block of public access is gone for 20 minutes."""
    at = plan.period.hour(1, 21)
    block = {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"} | dict.fromkeys(_BLOCK, True)
    return _called(
        plan,
        "protection_weakened",
        f"{who.CLERK.name} suspended the versions of {UNVERSIONED} at {iso(at)}, and took the public "
        f"access block of {OPENED} away for 20 minutes",
        _call(at, who.CLERK, "PutBucketVersioning", UNVERSIONED, "versioning",
              VersioningConfiguration={"Status": "Suspended"}),
        _call(at + 300, who.CLERK, "DeleteBucketPublicAccessBlock", OPENED, "publicAccessBlock"),
        _call(at + 1500, who.CLERK, "PutBucketPublicAccessBlock", OPENED, "publicAccessBlock",
              PublicAccessBlockConfiguration=block),
        findings={
            "recovery_controls_weakened": UNVERSIONED,
            "public_exposure_opened": OPENED,
        },
    )  # fmt: skip


def protection_refused(plan: Plan) -> Plan:
    """A policy that opens a sensitive bucket to everybody, which AWS refused."""
    at = plan.period.hour(1, 2) + 50 * 60
    opened = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    document = {"Version": "2012-10-17", "Statement": [opened]}
    bucket = "meridian-customer-exports"
    call = _call(at, who.CLERK, "PutBucketPolicy", bucket, "policy", bucketPolicy=document)
    return _called(
        plan,
        "protection_refused",
        f"{who.CLERK.name} may not open {bucket} to everybody at {iso(at)}",
        replace(call, error="AccessDenied"),
    )


_CONTROLS = {
    "PutBucketVersioning": ("versioning", "weaker"),
    "DeleteBucketPublicAccessBlock": ("public_access_block", "weaker"),
    "PutBucketPublicAccessBlock": ("public_access_block", None),
    "PutBucketPolicy": ("policy", None),
}


def _call(
    at: int, client: who.Client, name: str, bucket: str, marker: str, **document: Any
) -> Call:
    host = f"{bucket}.s3.{b.TRAIL_HOME}.amazonaws.com"
    return Call(at, client, _S3, name, {"bucketName": bucket, **document, "Host": host, marker: ""})


def _called(
    plan: Plan, kind: str, note: str, *calls: Call, findings: Mapping[str, str] | None = None
) -> Plan:
    day = day_of(calls[0].at).isoformat()
    expected = list(_expected(calls, day))
    expected += [found(detection, name, day) for detection, name in (findings or {}).items()]
    fault = Fault(
        id=kind,
        kind=kind,
        note=note,
        expect=expected[0],
        also=tuple(expected[1:]),
        bucket_name=calls[0].asked["bucketName"],
        region=b.TRAIL_HOME,
        event_day=day,
        delivery_day=day,
    )
    return replace(plan, faults=(*plan.faults, fault), calls=(*plan.calls, *calls))


def _expected(calls: tuple[Call, ...], day: str) -> Iterator[Expect]:
    for call in calls:
        control, asks_for = _CONTROLS[call.name]
        where: dict[str, Any] = {
            "bucket_name": call.asked["bucketName"],
            "control": control,
            "event_name": call.name,
            "event_date": day,
            "is_recorded": True,
        }
        said = {"asks_for": asks_for, "error_code": call.error}
        where |= {name: value for name, value in said.items() if value}
        yield Expect(CHANGES, where, {"rows": 1})
