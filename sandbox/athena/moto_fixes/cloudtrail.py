"""Corrections of moto's CloudTrail, and the public keys of its digests.

- A new trail records management events only. GetEventSelectors answers in one form, basic or
  advanced.
- GetTrailStatus reports a delivery, or a failed one, only if it was recorded (`record_delivery`,
  `record_delivery_error`).
- A trail's tag `started-at` (ISO 8601, UTC) is its StartLoggingTime. Without it, a trail that was
  never stopped has run since CloudTrail exists. This is an addition: the days that are read lie
  before the moment in which the trail is created.
- A trail's tag `latest-digest-at` (ISO 8601, UTC) is its LatestDigestDeliveryTime.
- ListPublicKeys, which moto does not have, returns the keys given to `register_public_key`.
- DescribeTrails shows a member of an organization the trails of the management account that record
  the organization. To a member that asks for their status or selectors, CloudTrail answers that the
  account in the ARN is wrong.
- Event data stores of CloudTrail Lake, which moto does not have, can be created, listed, described,
  stopped, started and deleted, each in its own Region. They hold no events. The tag `started-at`
  works for them too.
"""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend, Trail, TrailStatus, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.organizations.models import organizations_backends

from sandbox.athena.moto_fixes.s3 import parse_moment

STARTED_AT = "started-at"
LATEST_DIGEST_AT = "latest-digest-at"
CLOUDTRAIL_BEGAN = datetime(2013, 11, 13)
MANAGEMENT_ONLY = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]
MANAGEMENT_EVENTS = [
    {
        "Name": "Default management events",
        "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
    }
]


@dataclass(frozen=True)
class PublicKey:
    region: str
    der_pkcs1: bytes
    fingerprint: str
    valid_from: datetime
    valid_to: datetime


# In the words of the API, by ARN.
EventDataStore = dict[str, Any]

_keys: list[PublicKey] = []
_deliveries: dict[str, dict[str, datetime]] = {}
_delivery_errors: dict[str, str] = {}


def register_public_key(
    region: str, der_pkcs1_bytes: bytes, fingerprint: str, valid_from: datetime, valid_to: datetime
) -> None:
    """Let ListPublicKeys of a Region return a key. A key is kept once."""
    key = PublicKey(region, der_pkcs1_bytes, fingerprint, valid_from, valid_to)
    if key not in _keys:
        _keys.append(key)


def record_delivery(
    trail_arn: str, latest: datetime, latest_digest: datetime | None = None
) -> None:
    """Set what GetTrailStatus reports of a trail's newest log file (and digest)."""
    _deliveries[trail_arn] = {"LatestDeliveryTime": latest} | (
        {"LatestDigestDeliveryTime": latest_digest} if latest_digest else {}
    )


def record_delivery_error(trail_arn: str, code: str) -> None:
    """Set the S3 error with which GetTrailStatus reports that a trail's last delivery failed."""
    _delivery_errors[trail_arn] = code


_own_trails = CloudTrailBackend.describe_trails


def describe_trails(self: CloudTrailBackend, include_shadow_trails: bool) -> list[Trail]:
    """Moto's trails and those of the organization that the account is a member of."""
    own = list(_own_trails(self, include_shadow_trails))
    manager, _ = organizations_backends.master_accounts.get(self.account_id, (self.account_id, ""))
    if not include_shadow_trails or manager == self.account_id:
        return own
    seen_from_there = _own_trails(cloudtrail_backends[manager][self.region_name], True)
    return [*own, *(trail for trail in seen_from_there if trail.is_org_trail)]


def list_public_keys(self: CloudTrailResponse) -> str:
    start, end = self._get_param("StartTime"), self._get_param("EndTime")

    def overlaps(key: PublicKey) -> bool:
        return (end is None or key.valid_from.timestamp() <= float(end)) and (
            start is None or key.valid_to.timestamp() >= float(start)
        )

    keys = [
        {
            "Value": base64.b64encode(key.der_pkcs1).decode(),
            "Fingerprint": key.fingerprint,
            "ValidityStartTime": key.valid_from.timestamp(),
            "ValidityEndTime": key.valid_to.timestamp(),
        }
        for key in _keys
        if key.region == self.region and overlaps(key)
    ]
    return json.dumps({"PublicKeyList": keys})


def get_trail_status(self: CloudTrailResponse) -> str:
    name = self._get_param("Name")
    _refuse_other_accounts(self, name)
    status = self.cloudtrail_backend.get_trail_status(name)
    trails = self.cloudtrail_backend.describe_trails(include_shadow_trails=True)
    trail = next(t for t in trails if name in (t.trail_name, t.arn))
    described = {"IsLogging": status.is_logging, **_times(status, _started_at(trail))}
    described |= {
        name: moment.timestamp() for name, moment in _deliveries.get(trail.arn, {}).items()
    }
    tags = _tags(trail)
    if LATEST_DIGEST_AT in tags:
        latest = parse_moment(tags[LATEST_DIGEST_AT], LATEST_DIGEST_AT)
        described["LatestDigestDeliveryTime"] = latest.timestamp()
    if trail.arn in _delivery_errors:
        described["LatestDeliveryError"] = _delivery_errors[trail.arn]
    return json.dumps(described)


def _refuse_other_accounts(self: CloudTrailResponse, name: str) -> None:
    """Refuse an ARN of another account, also of the organization that the account belongs to."""
    if name.startswith("arn:") and name.split(":")[4] != self.current_account:
        raise JsonRESTError(
            "CloudTrailARNInvalidException",
            f"AccountID in ARN is wrong. TrailARN: {name}",
        )


def _started_at(trail: Trail) -> datetime | None:
    """Return when the trail was last started, as the sandbox has it; None if it never was."""
    tags = _tags(trail)
    started: datetime | None = trail.status.started
    if started is None or trail.status.stopped is not None:
        return started
    return parse_moment(tags[STARTED_AT], STARTED_AT) if STARTED_AT in tags else CLOUDTRAIL_BEGAN


def _tags(trail: Trail) -> dict[str, str]:
    backend = cloudtrail_backends[trail.account_id][trail.region_name]
    tags: dict[str, str] = backend.tagging_service.get_tag_dict_for_resource(trail.arn)
    return tags


def _times(status: TrailStatus, started_at: datetime | None) -> dict[str, Any]:
    def text(moment: datetime | None) -> str:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""

    def epoch(moment: datetime) -> int:
        return int((moment - datetime(1970, 1, 1)).total_seconds())

    times: dict[str, Any] = {
        "TimeLoggingStarted": text(started_at),
        "TimeLoggingStopped": text(status.stopped),
    }
    if started_at:
        times["StartLoggingTime"] = epoch(started_at)
    if status.stopped:
        times["StopLoggingTime"] = epoch(status.stopped)
    return times


def put_event_selectors(
    self: Trail, basic: list[dict[str, Any]], advanced: list[dict[str, Any]]
) -> None:
    """Replace the selectors; the form that is not given is gone."""
    self.event_selectors, self.advanced_event_selectors = basic or [], advanced or []


def get_event_selectors(self: CloudTrailResponse) -> str:
    _refuse_other_accounts(self, self._get_param("TrailName"))
    trail = self.cloudtrail_backend.get_trail(self._get_param("TrailName"))
    if trail.advanced_event_selectors:
        form = {"AdvancedEventSelectors": trail.advanced_event_selectors}
    else:
        form = {"EventSelectors": trail.event_selectors or MANAGEMENT_ONLY}
    return json.dumps({"TrailARN": trail.arn, **form})


def create_event_data_store(self: CloudTrailResponse) -> str:
    tags = {tag["Key"]: tag["Value"] for tag in self._get_param("TagsList") or []}
    began = parse_moment(tags[STARTED_AT], STARTED_AT) if STARTED_AT in tags else CLOUDTRAIL_BEGAN
    store_id = uuid.uuid5(uuid.NAMESPACE_URL, self._get_param("Name"))
    place = f"arn:{self.partition}:cloudtrail:{self.region}:{self.current_account}"
    arn = f"{place}:eventdatastore/{store_id}"
    store: EventDataStore = {
        "EventDataStoreArn": arn,
        "Name": self._get_param("Name"),
        "Status": "ENABLED" if self._get_param("StartIngestion", True) else "STOPPED_INGESTION",
        "AdvancedEventSelectors": self._get_param("AdvancedEventSelectors") or MANAGEMENT_EVENTS,
        "MultiRegionEnabled": self._get_param("MultiRegionEnabled", True),
        "OrganizationEnabled": self._get_param("OrganizationEnabled", False),
        "CreatedTimestamp": (began - datetime(1970, 1, 1)).total_seconds(),
    }
    _stores(self)[arn] = store
    return json.dumps(store)


def list_event_data_stores(self: CloudTrailResponse) -> str:
    """Names and ARNs only: the API's reference says that the rest is no longer returned."""
    stores = [
        {"EventDataStoreArn": arn, "Name": store["Name"]}
        for arn, store in sorted(_stores(self).items())
    ]
    start = int(self._get_param("NextToken") or 0)
    end = start + int(self._get_param("MaxResults") or 25)
    more = {"NextToken": f"{end:04}"} if len(stores) > end else {}
    return json.dumps({"EventDataStores": stores[start:end], **more})


def get_event_data_store(self: CloudTrailResponse) -> str:
    return json.dumps(_named_store(self))


def start_event_data_store_ingestion(self: CloudTrailResponse) -> str:
    _named_store(self)["Status"] = "ENABLED"
    return "{}"


def stop_event_data_store_ingestion(self: CloudTrailResponse) -> str:
    _named_store(self)["Status"] = "STOPPED_INGESTION"
    return "{}"


def delete_event_data_store(self: CloudTrailResponse) -> str:
    """A deleted store stays for seven days, and takes nothing in."""
    _named_store(self)["Status"] = "PENDING_DELETION"
    return "{}"


def _stores(self: CloudTrailResponse) -> dict[str, EventDataStore]:
    """The event data stores of the Region, by ARN. Moto's reset forgets them too."""
    kept: dict[str, EventDataStore] = vars(self.cloudtrail_backend).setdefault("data_stores", {})
    return kept


def _named_store(self: CloudTrailResponse) -> EventDataStore:
    """By its ARN, or by the id at the end of it."""
    name = self._get_param("EventDataStore")
    for arn, store in _stores(self).items():
        if name in (arn, arn.rpartition("/")[2]):
            return store
    raise JsonRESTError("EventDataStoreNotFoundException", f"no event data store {name}")


def install() -> None:
    """Put the corrections into moto, and forget what an earlier sandbox was given."""
    _keys.clear()
    _deliveries.clear()
    _delivery_errors.clear()
    for function in (
        list_public_keys,
        get_trail_status,
        get_event_selectors,
        create_event_data_store,
        list_event_data_stores,
        get_event_data_store,
        start_event_data_store_ingestion,
        stop_event_data_store_ingestion,
        delete_event_data_store,
    ):
        setattr(CloudTrailResponse, function.__name__, function)
    Trail.put_event_selectors = put_event_selectors
    CloudTrailBackend.describe_trails = describe_trails
