"""Where moto's CloudTrail differs from AWS, put right; and the public keys its digests are signed
with.

- a new trail records management events only, and GetEventSelectors answers in one form, basic or
advanced
- GetTrailStatus claims a delivery only where one was recorded (`record_delivery`)
- a trail's tag `started-at` (ISO 8601, UTC) is its StartLoggingTime; without it a trail that never
was stopped has run ever since CloudTrail exists (the sandbox's own additions: the days looked at
here lie before the moment in which the trail is made)
- ListPublicKeys, which moto lacks, serves the keys given to `register_public_key`
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.cloudtrail.models import Trail, TrailStatus, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse

from .s3 import parse_moment

STARTED_AT = "started-at"
CLOUDTRAIL_BEGAN = datetime(2013, 11, 13)
MANAGEMENT_ONLY = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]


@dataclass(frozen=True)
class PublicKey:
    region: str
    der_pkcs1: bytes
    fingerprint: str
    valid_from: datetime
    valid_to: datetime


_keys: list[PublicKey] = []
_deliveries: dict[str, dict[str, datetime]] = {}


def register_public_key(
    region: str, der_pkcs1_bytes: bytes, fingerprint: str, valid_from: datetime, valid_to: datetime
) -> None:
    """Let ListPublicKeys of a Region serve a key (twice the same is once)."""
    key = PublicKey(region, der_pkcs1_bytes, fingerprint, valid_from, valid_to)
    if key not in _keys:
        _keys.append(key)


def record_delivery(
    trail_arn: str, latest: datetime, latest_digest: datetime | None = None
) -> None:
    """What GetTrailStatus says of a trail's newest log file (and digest)."""
    _deliveries[trail_arn] = {"LatestDeliveryTime": latest} | (
        {"LatestDigestDeliveryTime": latest_digest} if latest_digest else {}
    )


def list_public_keys(self: CloudTrailResponse) -> str:
    start, end = self._get_param("StartTime"), self._get_param("EndTime")

    def overlaps(key: PublicKey) -> bool:
        return (end is None or key.valid_from.timestamp() <= float(end)) and (
            start is None or key.valid_to.timestamp() >= float(start)
        )

    found = [
        {
            "Value": base64.b64encode(key.der_pkcs1).decode(),
            "Fingerprint": key.fingerprint,
            "ValidityStartTime": key.valid_from.timestamp(),
            "ValidityEndTime": key.valid_to.timestamp(),
        }
        for key in _keys
        if key.region == self.region and overlaps(key)
    ]
    return json.dumps({"PublicKeyList": found})


def get_trail_status(self: CloudTrailResponse) -> str:
    name = self._get_param("Name")
    status = self.cloudtrail_backend.get_trail_status(name)
    trails = self.cloudtrail_backend.describe_trails(include_shadow_trails=True)
    trail = next(t for t in trails if name in (t.trail_name, t.arn))
    described = {"IsLogging": status.is_logging, **_times(status, _started_at(trail))}
    described |= {
        name: moment.timestamp() for name, moment in _deliveries.get(trail.arn, {}).items()
    }
    return json.dumps(described)


def _started_at(trail: Trail) -> datetime | None:
    """When the trail was last started, as the sandbox has it; None where it never was."""
    backend = cloudtrail_backends[trail.account_id][trail.region_name]
    tags = backend.tagging_service.get_tag_dict_for_resource(trail.arn)
    started: datetime | None = trail.status.started
    if started is None or trail.status.stopped is not None:
        return started
    return parse_moment(tags[STARTED_AT], STARTED_AT) if STARTED_AT in tags else CLOUDTRAIL_BEGAN


def _times(status: TrailStatus, started_at: datetime | None) -> dict[str, Any]:
    def text(moment: datetime | None) -> str:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""

    def epoch(moment: datetime) -> int:
        return int((moment - datetime(1970, 1, 1)).total_seconds())

    found: dict[str, Any] = {
        "TimeLoggingStarted": text(started_at),
        "TimeLoggingStopped": text(status.stopped),
    }
    if started_at:
        found["StartLoggingTime"] = epoch(started_at)
    if status.stopped:
        found["StopLoggingTime"] = epoch(status.stopped)
    return found


def put_event_selectors(
    self: Trail, basic: list[dict[str, Any]], advanced: list[dict[str, Any]]
) -> None:
    """The form that is put replaces the other."""
    self.event_selectors, self.advanced_event_selectors = basic or [], advanced or []


def get_event_selectors(self: CloudTrailResponse) -> str:
    trail = self.cloudtrail_backend.get_trail(self._get_param("TrailName"))
    if trail.advanced_event_selectors:
        form = {"AdvancedEventSelectors": trail.advanced_event_selectors}
    else:
        form = {"EventSelectors": trail.event_selectors or MANAGEMENT_ONLY}
    return json.dumps({"TrailARN": trail.arn, **form})


def install() -> None:
    """Put the corrections into moto, and forget the keys and deliveries of an earlier sandbox."""
    _keys.clear()
    _deliveries.clear()
    for function in (list_public_keys, get_trail_status, get_event_selectors):
        setattr(CloudTrailResponse, function.__name__, function)
    Trail.put_event_selectors = put_event_selectors
