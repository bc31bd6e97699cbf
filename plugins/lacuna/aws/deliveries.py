"""Access logs that CloudWatch delivers (vended logs), which GetBucketLogging does not show."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from lacuna.aws.session import Account, AwsError, ask_regions, refusal
from lacuna.refusals import Refusal

_LOG_TYPE = "S3_SERVER_ACCESS_LOGS"


@dataclass(frozen=True, slots=True)
class DeliveriesRead:
    """The buckets whose access log CloudWatch delivers, and the Regions that refused to name them.

    A bucket's value is a Refusal if it can be delivered and it is unknown whether it is.
    """

    buckets: Mapping[str, Refusal | None] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)

    def of(self, bucket_name: str, region: str | None) -> bool | Refusal:
        """Does CloudWatch deliver the bucket's access log? A Refusal if that cannot be read."""
        if bucket_name in self.buckets:
            return self.buckets[bucket_name] or True
        return self.refusals.get(region or "", False)


def read_deliveries(account: Account, regions: Collection[str]) -> DeliveriesRead:
    """Read which buckets of `regions` have their access log delivered by CloudWatch.

    A delivery source lies in the bucket's Region and account: one paged call a Region, and one more
    where a bucket is a source.
    """
    answers, refusals = ask_regions(
        account, regions, lambda region: _sources(account.logs(region)), "Regions' log deliveries"
    )
    return DeliveriesRead(dict(answers), refusals)


def _sources(logs: Any) -> list[tuple[str, Refusal | None]] | Refusal:
    """Return each bucket that is a source with a delivery, or may have one."""
    try:
        pages = logs.get_paginator("describe_delivery_sources").paginate()
        sources = [source for page in pages for source in page["deliverySources"]]
    except AwsError as error:
        return refusal(error, "DescribeDeliverySources")
    # AWS marks the source of a deleted bucket as inactive: its name may belong to another one now
    sources = [one for one in sources if one.get("logType") == _LOG_TYPE]
    sources = [one for one in sources if one.get("status") != "INACTIVE"]
    delivered = _delivered(logs) if sources else frozenset()
    unread = delivered if isinstance(delivered, Refusal) else None
    return [
        (arn.rpartition(":")[2], unread)
        for source in sources
        if isinstance(delivered, Refusal) or source["name"] in delivered
        for arn in source["resourceArns"]
    ]


def _delivered(logs: Any) -> frozenset[str] | Refusal:
    """Return the names of the sources that have a delivery: without one nothing is delivered."""
    try:
        pages = logs.get_paginator("describe_deliveries").paginate()
        return frozenset(one["deliverySourceName"] for page in pages for one in page["deliveries"])
    except AwsError as error:
        return refusal(error, "DescribeDeliveries")
