"""A source bucket, and under which keys S3 delivers its access log. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class KeyLayout(StrEnum):
    """How S3 names the access-log objects of a source."""

    SIMPLE = "simple"
    EVENT_TIME = "event_time"
    DELIVERY_TIME = "delivery_time"


@dataclass(frozen=True, slots=True)
class Source:
    """A source bucket and the target of its access log.

    `target_bucket` is empty while a plan still chooses the log bucket.
    """

    bucket_name: str
    region: str
    account_id: str
    target_prefix: str
    key_layout: KeyLayout
    has_target_grants: bool = False
    partition: str = "aws"
    target_bucket: str = ""


def log_prefix(source: Source) -> str:
    """Return the prefix of every key that S3 writes the source's log under."""
    if source.key_layout == KeyLayout.SIMPLE:
        return source.target_prefix
    return f"{source.target_prefix}{source.account_id}/{source.region}/{source.bucket_name}/"


def date_source(key_format: Mapping[str, Any]) -> str | None:
    """Return the PartitionDateSource of a TargetObjectKeyFormat; None for a simple prefix."""
    partitioned = key_format.get("PartitionedPrefix")
    return (
        None if partitioned is None else str(partitioned.get("PartitionDateSource") or "EventTime")
    )


def key_layout(key_format: Mapping[str, Any]) -> KeyLayout:
    """Return the layout that a TargetObjectKeyFormat of GetBucketLogging asks for."""
    match date_source(key_format):
        case None:
            return KeyLayout.SIMPLE
        case "DeliveryTime":
            return KeyLayout.DELIVERY_TIME
        case _:
            return KeyLayout.EVENT_TIME
