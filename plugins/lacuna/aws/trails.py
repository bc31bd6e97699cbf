"""Trails and event data stores, their selectors and status; the public keys of digests."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from lacuna.aws.session import (
    Account,
    AwsError,
    ask_regions,
    each,
    error_code,
    head_bucket,
    refusal,
)
from lacuna.refusals import Refusal, needed
from lacuna.trail.recorders import EventDataStore, Trail, TrailStatus
from lacuna.trail.selectors import (
    FieldSelector,
    Selector,
    basic_management_selector,
    basic_selector,
)

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient

Value = TypeVar("Value")

log = logging.getLogger(__name__)

_OPERATORS = {
    "Equals": "equals",
    "StartsWith": "starts_with",
    "EndsWith": "ends_with",
    "NotEquals": "not_equals",
    "NotStartsWith": "not_starts_with",
    "NotEndsWith": "not_ends_with",
}


# What CloudTrail answers if credentials are valid elsewhere but not in this Region
_CREDENTIALS_UNKNOWN = frozenset({"UnrecognizedClientException", "InvalidClientTokenId"})


@dataclass(frozen=True, slots=True)
class TrailsRead:
    """The trails that are active in the Regions that were asked, and the Regions that refused."""

    trails: tuple[Trail, ...]
    refusals: Mapping[str, Refusal]


@dataclass(frozen=True, slots=True)
class StoresRead:
    """The event data stores, and the Regions that refused to list theirs.

    `is_refused_alike`: all Regions did, with one error. AWS does not document what it answers an
    account that CloudTrail Lake never opened for.
    """

    stores: tuple[EventDataStore, ...]
    refusals: Mapping[str, Refusal]
    is_refused_alike: bool = False


def list_trails(account: Account, regions: Collection[str]) -> TrailsRead:
    """List every trail that `regions` show, once, without selectors and status."""
    answers, refusals = ask_regions(
        account, regions, lambda region: describe(account.cloudtrail(region)), "Regions' trails"
    )
    # A multi-Region trail shows in every Region, as a shadow of the one in its home Region.
    trails = {trail.arn: trail for trail in answers}
    return TrailsRead(tuple(trails[arn] for arn in sorted(trails)), refusals)


def read_trails(
    account: Account, regions: Collection[str], entered: Mapping[str, Account]
) -> TrailsRead:
    """Read every trail with its selectors, its status in each Region, and whether its bucket exists.

    `entered` are the accounts at hand: an organization's trail shows in every member account, and
    only its owner may read it in full.
    """
    listed = list_trails(account, regions)
    trails = each(
        lambda trail: _with_details(entered.get(trail.account_id, account), trail, regions),
        listed.trails,
        account.concurrency,
        "trails",
    )
    return TrailsRead(tuple(trails), listed.refusals)


def read_stores(
    account: Account, regions: Collection[str], elsewhere: Collection[str] = ()
) -> StoresRead:
    """Read the account's event data stores in full.

    An event data store shows only in the Region where it was created, whichever Regions it records.
    So all Regions of the partition are asked besides `regions`, or only `elsewhere` if it names
    any. An organization's shows only to the account that manages it, and records its members too.
    """
    stores, refusals = ask_everywhere(account, regions, elsewhere, stores_of, "event data stores")
    return StoresRead(tuple(stores), refusals, is_refused_alike=_alike(regions, stores, refusals))


def _alike(regions: Collection[str], found: list[Any], refusals: Mapping[str, Refusal]) -> bool:
    """Did every Region of the account refuse in the same way?"""
    codes = {refused.error_code for refused in refusals.values()}
    return not found and len(codes) == 1 and len(refusals) > 1 and set(regions) <= set(refusals)


def ask_everywhere(
    account: Account,
    regions: Collection[str],
    elsewhere: Collection[str],
    ask: "Callable[[CloudTrailClient], list[Value] | Refusal]",
    what: str,
) -> tuple[list[Value], dict[str, Refusal]]:
    """Ask `regions` and all others of the partition, or of these only `elsewhere` if it names any.

    A Region that does not know the credentials is not enabled, and then has nothing.
    """
    others = set(elsewhere or account.regions("cloudtrail")) - set(regions)
    hasty = account.at_once()

    def ask_elsewhere(region: str) -> list[Value] | Refusal:
        answer = ask(hasty.cloudtrail(region))
        unknown = isinstance(answer, Refusal) and answer.error_code in _CREDENTIALS_UNKNOWN
        return [] if unknown else answer

    here, refused = ask_regions(
        account, regions, lambda region: ask(account.cloudtrail(region)), f"Regions' {what}"
    )
    there, shut = ask_regions(account, others, ask_elsewhere, f"other Regions' {what}")
    return [*here, *there], refused | shut


def stores_of(cloudtrail: "CloudTrailClient") -> list[EventDataStore] | Refusal:
    """Read the event data stores that were created in the client's Region, each in full."""
    listed = paged(cloudtrail.list_event_data_stores, "EventDataStores", "ListEventDataStores")
    if isinstance(listed, Refusal):
        return listed
    return [_store(cloudtrail, store["EventDataStoreArn"]) for store in listed]


def paged(call: Callable[..., Any], key: str, operation: str) -> list[Any] | Refusal:
    """Return what all pages of a listing hold, or why one was refused."""
    found: list[Any] = []
    token: Any = {}
    try:
        while True:
            answer = call(**token)
            found += answer.get(key, [])
            if not answer.get("NextToken"):
                return found
            token = {"NextToken": answer["NextToken"]}
    except AwsError as error:
        # A Region that does not have the operation has nothing to hide.
        if error_code(error) == "UnsupportedOperationException":
            return []
        return refusal(error, operation)


def _store(cloudtrail: "CloudTrailClient", arn: str) -> EventDataStore:
    try:
        answer = cloudtrail.get_event_data_store(EventDataStore=arn)
    except AwsError as error:
        refused = refusal(error, "GetEventDataStore")
        log.warning("%s: %s", arn, needed(refused))
        return EventDataStore(arn, arn.split(":")[3], selectors=None, refused=refused)
    return EventDataStore(
        arn=arn,
        home_region=arn.split(":")[3],
        is_multi_region=answer.get("MultiRegionEnabled", False),
        is_organization=answer.get("OrganizationEnabled", False),
        status=answer.get("Status", ""),
        selectors=advanced_selectors(answer),
        created_at=answer.get("CreatedTimestamp"),
    )


def describe(cloudtrail: "CloudTrailClient") -> list[Trail] | Refusal:
    """List the trails that one Region shows, without their selectors and status."""
    try:
        answer = cloudtrail.describe_trails(includeShadowTrails=True)
    except AwsError as error:
        return refusal(error, "DescribeTrails")
    return [
        Trail(
            arn=trail["TrailARN"],
            name=trail["Name"],
            home_region=trail["HomeRegion"],
            is_multi_region=trail.get("IsMultiRegionTrail", False),
            log_bucket=trail["S3BucketName"],
            key_prefix=trail.get("S3KeyPrefix") or "",
            is_organization=trail.get("IsOrganizationTrail", False),
            has_digests=trail.get("LogFileValidationEnabled", False),
        )
        for trail in answer["trailList"]
    ]


def read_selectors(
    cloudtrail: "CloudTrailClient", trail_arn: str
) -> tuple[Selector, ...] | Refusal:
    """Read the trail's selectors; basic selectors are translated into advanced ones."""
    try:
        answer = cloudtrail.get_event_selectors(TrailName=trail_arn)
    except AwsError as error:
        return refusal(error, "GetEventSelectors")
    basic = [
        basic_selector(
            selector.get("ReadWriteType", "All"),
            [
                (resource.get("Type", ""), resource.get("Values", []))
                for resource in selector.get("DataResources", [])
            ],
        )
        for selector in answer.get("EventSelectors") or []
    ]
    management = [
        basic_management_selector(selector.get("ReadWriteType", "All"))
        for selector in answer.get("EventSelectors") or []
        if selector.get("IncludeManagementEvents", True)
    ]
    return (*(selector for selector in basic if selector), *management, *advanced_selectors(answer))


def read_status(cloudtrail: "CloudTrailClient", trail_arn: str) -> TrailStatus | Refusal:
    """Read whether the trail records in the client's Region, and whether it can deliver."""
    try:
        answer = cloudtrail.get_trail_status(Name=trail_arn)
    except AwsError as error:
        return refusal(error, "GetTrailStatus")
    return TrailStatus(
        is_logging=answer.get("IsLogging", False),
        delivery_error=answer.get("LatestDeliveryError") or None,
        started_at=answer.get("StartLoggingTime"),
        digest_at=answer.get("LatestDigestDeliveryTime"),
    )


def read_public_keys(
    cloudtrail: "CloudTrailClient", start: datetime, end: datetime
) -> dict[str, bytes] | Refusal:
    """Read CloudTrail's public keys of the client's Region for a time span, by fingerprint."""
    keys: dict[str, bytes] = {}
    try:
        pages = cloudtrail.get_paginator("list_public_keys").paginate(StartTime=start, EndTime=end)
        for page in pages:
            # boto3 has already decoded the base64.
            keys |= {key["Fingerprint"]: key["Value"] for key in page["PublicKeyList"]}
    except AwsError as error:
        return refusal(error, "ListPublicKeys")
    return keys


def _with_details(account: Account, trail: Trail, regions: Iterable[str]) -> Trail:
    asked = regions if trail.is_multi_region else {trail.home_region} & set(regions)
    selectors = read_selectors(account.cloudtrail(trail.home_region), trail.arn)
    statuses = {region: _status(account, trail, region) for region in sorted(asked)}
    answers = (selectors, *statuses.values())
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    for refused in dict.fromkeys(refusals):
        log.warning("%s: %s", trail.arn, needed(refused))
    return replace(
        trail,
        log_bucket_exists=head_bucket(account.s3(), trail.log_bucket).exists,
        selectors=None if isinstance(selectors, Refusal) else selectors,
        statuses={
            region: None if isinstance(status, Refusal) else status
            for region, status in statuses.items()
        },
        refusals=tuple(dict.fromkeys(refusals)),
    )


def _status(account: Account, trail: Trail, region: str) -> TrailStatus | Refusal:
    """Read a trail's status in a Region, because delivery may fail in one Region only.

    The home Region answers for a Region that does not show the trail.
    """
    status = read_status(account.cloudtrail(region), trail.arn)
    if isinstance(status, Refusal) and status.error_code == "TrailNotFoundException":
        return read_status(account.cloudtrail(trail.home_region), trail.arn)
    return status


def advanced_selectors(answer: Any) -> tuple[Selector, ...]:
    """Return the advanced selectors of an answer."""
    return tuple(
        Selector(tuple(_field_selector(part) for part in selector["FieldSelectors"]))
        for selector in answer.get("AdvancedEventSelectors") or []
    )


def _field_selector(selector: Any) -> FieldSelector:
    operators = {
        ours: tuple(selector[theirs]) for theirs, ours in _OPERATORS.items() if selector.get(theirs)
    }
    return FieldSelector(field=selector["Field"], **operators)
