"""What the trails and the event data stores select, and what they record of a bucket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.account.buckets import ACCOUNT_ID, BY_NAME, SOURCES, Bucket, Seen

# The only prefix of eu-analytics that the trail selects.
WATCHED_PREFIX = "shared/"
# The events of backups that the trail leaves out.
DELETES = ("DeleteObject", "DeleteObjects")
# The sessions in ledgers that the trail leaves out.
UNWATCHED = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/etl-spark/"


def coverage_details(bucket: Bucket) -> tuple[str, ...]:
    """Return what a reader must report of a bucket whose reads or writes are partly recorded."""
    parts = {
        Seen.SOME: f"keys that begin with '{WATCHED_PREFIX}'",
        Seen.BUT_DELETES: f"all but {', '.join(DELETES)}",
        Seen.BUT_CALLERS: f"caller ARNs that do not begin with '{UNWATCHED}'",
    }
    modes = (("reads", bucket.reads), ("writes", bucket.writes))
    return tuple(f"{mode} recorded: {parts[seen]}" for mode, seen in modes if seen in parts)


def event_selectors() -> list[dict[str, Any]]:
    """Return the trail's advanced selectors: management events, and objects as in `Bucket`."""
    both = [f"{b.arn}/" for b in SOURCES if b.reads is Seen.ALL and b.writes is Seen.ALL]
    both += [f"{b.arn}/{WATCHED_PREFIX}" for b in SOURCES if b.reads is Seen.SOME]
    writes = [f"{b.arn}/" for b in SOURCES if b.reads is Seen.NONE and b.writes is Seen.ALL]
    but_deletes = [f"{b.arn}/" for b in SOURCES if b.writes is Seen.BUT_DELETES]
    but_callers = [f"{b.arn}/" for b in SOURCES if b.reads is Seen.BUT_CALLERS]
    return [
        {
            "Name": "Management events",
            "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
        },
        {"Name": "Object reads and writes", "FieldSelectors": _object_fields(both)},
        {
            "Name": "Object writes",
            "FieldSelectors": [
                *_object_fields(writes),
                {"Field": "readOnly", "Equals": ["false"]},
            ],
        },
        {
            "Name": "Objects but for their deletion",
            "FieldSelectors": [
                *_object_fields(but_deletes),
                {"Field": "eventName", "NotEquals": list(DELETES)},
            ],
        },
        {
            "Name": "Objects but for what jobs do",
            "FieldSelectors": [
                *_object_fields(but_callers),
                {"Field": "userIdentity.arn", "NotStartsWith": [UNWATCHED]},
            ],
        },
    ]


def store_selectors() -> list[dict[str, Any]]:
    """Return the selectors of the event data store."""
    return _objects_of("What no trail records", (b for b in SOURCES if b.reads is Seen.STORED))


def failing_selectors() -> list[dict[str, Any]]:
    """Return the selectors of the trail that cannot deliver."""
    return _objects_of("Files of vendors", (b for b in SOURCES if b.reads is Seen.UNDELIVERED))


def orphan_selectors() -> list[dict[str, Any]]:
    """Return the selectors of the trail whose log bucket is gone."""
    return _objects_of("The studio's renderings", [BY_NAME["meridian-renderings"]])


def ingested_selectors() -> list[dict[str, Any]]:
    """Return the selectors of what CloudWatch ingests."""
    return _objects_of("What CloudWatch ingests", (b for b in SOURCES if b.reads is Seen.INGESTED))


def stopped_store_selectors() -> list[dict[str, Any]]:
    """Return the selectors of the event data store whose ingestion is stopped."""
    return _objects_of("A trial", [BY_NAME["meridian-trials"]])


def _objects_of(name: str, buckets: Iterable[Bucket]) -> list[dict[str, Any]]:
    """Return one selector of every object in the buckets."""
    return [{"Name": name, "FieldSelectors": _object_fields([f"{b.arn}/" for b in buckets])}]


def all_objects() -> list[dict[str, Any]]:
    """Return the stopped trail's selectors, in the basic form."""
    every_object = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}
    return [{"ReadWriteType": "All", "DataResources": [every_object]}]


def _object_fields(arn_prefixes: list[str]) -> list[dict[str, Any]]:
    return [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "resources.ARN", "StartsWith": arn_prefixes},
    ]
