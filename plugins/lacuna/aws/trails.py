"""Trails, their selectors and status, and the public keys of their digests."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lacuna.aws.session import Account, AwsError, each, refusal
from lacuna.coverage import FieldSelector, Selector, Trail, TrailStatus, basic_selector
from lacuna.targets import Refusal

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient

log = logging.getLogger(__name__)

_OPERATORS = {
    "Equals": "equals",
    "StartsWith": "starts_with",
    "EndsWith": "ends_with",
    "NotEquals": "not_equals",
    "NotStartsWith": "not_starts_with",
    "NotEndsWith": "not_ends_with",
}


@dataclass(frozen=True, slots=True)
class TrailsRead:
    """The trails that are active in some of the Regions asked, and the Regions that refused."""

    trails: tuple[Trail, ...]
    refusals: Mapping[str, Refusal]


def list_trails(account: Account, regions: Collection[str]) -> TrailsRead:
    """Every trail seen from one of `regions`, once, without selectors and status."""
    found: dict[str, Trail] = {}
    refusals: dict[str, Refusal] = {}
    asked = sorted(regions)
    answers = each(
        lambda region: describe(account.cloudtrail(region)),
        asked,
        account.concurrency,
        "Regions' trails",
    )
    for region, answer in zip(asked, answers, strict=True):
        if isinstance(answer, Refusal):
            log.warning("%s: DescribeTrails refused (%s)", region, answer.error_code)
            refusals[region] = answer
        else:
            # A multi-Region trail shows in every Region, as a shadow of the one at home.
            found.update({trail.arn: trail for trail in answer})
    return TrailsRead(tuple(found[arn] for arn in sorted(found)), refusals)


def read_trails(account: Account, regions: Collection[str]) -> TrailsRead:
    """The same with every trail's selectors, and its status in each Region that it records."""
    listed = list_trails(account, regions)
    trails = each(
        lambda trail: _with_details(account, trail, regions),
        listed.trails,
        account.concurrency,
        "trails",
    )
    return TrailsRead(tuple(trails), listed.refusals)


def describe(cloudtrail: "CloudTrailClient") -> list[Trail] | Refusal:
    """The trails seen from one Region, without their selectors and status."""
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


def read_selectors(cloudtrail: "CloudTrailClient", trail_arn: str) -> tuple[Selector, ...] | None:
    """The trail's selectors, basic ones in the terms of advanced ones; None where refused."""
    try:
        answer = cloudtrail.get_event_selectors(TrailName=trail_arn)
    except AwsError:
        return None
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
    advanced = [
        Selector(tuple(_field_selector(one) for one in selector["FieldSelectors"]))
        for selector in answer.get("AdvancedEventSelectors") or []
    ]
    return (*(selector for selector in basic if selector), *advanced)


def read_status(cloudtrail: "CloudTrailClient", trail_arn: str) -> TrailStatus | Refusal:
    """Whether the trail records in the client's Region, and whether it can deliver."""
    try:
        answer = cloudtrail.get_trail_status(Name=trail_arn)
    except AwsError as error:
        return refusal(error, "GetTrailStatus")
    return TrailStatus(
        is_logging=answer.get("IsLogging", False),
        delivery_error=answer.get("LatestDeliveryError") or None,
        started_at=answer.get("StartLoggingTime"),
    )


def read_public_keys(
    cloudtrail: "CloudTrailClient", start: datetime, end: datetime
) -> dict[str, bytes] | Refusal:
    """CloudTrail's public keys of the client's Region for a time, by fingerprint."""
    keys: dict[str, bytes] = {}
    try:
        pages = cloudtrail.get_paginator("list_public_keys").paginate(StartTime=start, EndTime=end)
        for page in pages:
            # boto3 has decoded the base64 already.
            keys |= {key["Fingerprint"]: key["Value"] for key in page["PublicKeyList"]}
    except AwsError as error:
        return refusal(error, "ListPublicKeys")
    return keys


def _with_details(account: Account, trail: Trail, regions: Iterable[str]) -> Trail:
    asked = regions if trail.is_multi_region else {trail.home_region} & set(regions)
    return replace(
        trail,
        selectors=read_selectors(account.cloudtrail(trail.home_region), trail.arn),
        statuses={region: _status(account, trail, region) for region in sorted(asked)},
    )


def _status(account: Account, trail: Trail, region: str) -> TrailStatus | None:
    """Asked in the Region, since delivery may fail in one only; the home Region knows it too."""
    status = read_status(account.cloudtrail(region), trail.arn)
    if isinstance(status, Refusal) and status.error_code == "TrailNotFoundException":
        status = read_status(account.cloudtrail(trail.home_region), trail.arn)
    return None if isinstance(status, Refusal) else status


def _field_selector(selector: Any) -> FieldSelector:
    operators = {
        ours: tuple(selector[theirs]) for theirs, ours in _OPERATORS.items() if selector.get(theirs)
    }
    return FieldSelector(field=selector["Field"], **operators)
