"""Management events of the account, which are no requests to a bucket's objects."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.account import clients as who
from sandbox.account.buckets import (
    ACCOUNT_ID,
    TRAIL_HOME,
    TRAIL_NAME,
    Bucket,
)
from sandbox.account.clients import SESSION_START, Client
from sandbox.account.period import HOUR, iso
from sandbox.account.policies import logging_status
from sandbox.account.selectors import event_selectors


@dataclass(frozen=True, slots=True)
class LoggingChange:
    """A call that turns a bucket's logging off, or on again as configured."""

    bucket: Bucket
    at: int
    turns_on: bool
    client: Client


@dataclass(frozen=True, slots=True)
class SelectorsChange:
    """A call that puts the trail's selectors again, perhaps without one bucket."""

    at: int
    client: Client
    without: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Any other call that changes a configuration, made in the trail's home Region.

    `error`: AWS's code if it refused the call.
    """

    at: int
    client: Client
    source: str
    name: str
    asked: dict[str, Any]
    error: str | None = None


# (event source, event name, reads, caller, request parameters)
_ROUTINE: tuple[tuple[str, str, bool, Client, dict[str, Any] | None], ...] = (
    ("sts.amazonaws.com", "AssumeRole", True, who.CONFIG,
     {"roleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/etl-spark", "roleSessionName": "i-0f2c9a7b"}),
    ("s3.amazonaws.com", "ListBuckets", True, who.OPERATOR, {"Host": "s3.amazonaws.com"}),
    ("cloudtrail.amazonaws.com", "LookupEvents", True, who.ANALYST, {"maxResults": 50}),
    ("kms.amazonaws.com", "Decrypt", True, who.REPORTS,
     {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
    ("signin.amazonaws.com", "ConsoleLogin", False, who.CLERK, None),
)  # fmt: skip


def account_events(seed: int, region: str, hour: int) -> Iterator[tuple[int, str]]:
    """Yield (time, event) of the routine calls of an hour in a Region."""
    rng = random.Random(f"{seed}/management/{region}/{hour}")
    for source, name, reads, client, parameters in _ROUTINE:
        at = hour + rng.randrange(HOUR)
        yield (
            at,
            _event(rng, region, at, source, name, reads=reads, client=client, asked=parameters),
        )


def logging_changed(seed: int, change: LoggingChange) -> tuple[int, str]:
    """Return (time, event) of a PutBucketLogging call."""
    bucket = change.bucket
    rng = random.Random(f"{seed}/management/{bucket.name}/{change.at}")
    status = logging_status(bucket) if change.turns_on else {}
    asked = {
        "bucketName": bucket.name,
        "BucketLoggingStatus": {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"} | status,
        "Host": f"{bucket.name}.s3.{bucket.region}.amazonaws.com",
        "logging": "",
    }
    text = _event(
        rng, bucket.region, change.at, "s3.amazonaws.com", "PutBucketLogging",
        reads=False, client=change.client, asked=asked,
    )  # fmt: skip
    return change.at, text


def selectors_changed(seed: int, change: SelectorsChange) -> tuple[int, str]:
    """Return (time, event) of a PutEventSelectors call."""
    rng = random.Random(f"{seed}/management/selectors/{change.at}")
    # CloudTrail's events write the parameters of a call with a lowercase first letter
    selectors = [
        {
            "name": selector["Name"],
            "fieldSelectors": [
                {
                    name[0].lower() + name[1:]: value
                    if isinstance(value, str)
                    else [one for one in value if one != f"arn:aws:s3:::{change.without}/"]
                    for name, value in field.items()
                }
                for field in selector["FieldSelectors"]
            ],
        }
        for selector in event_selectors()
    ]
    text = _event(
        rng, TRAIL_HOME, change.at, "cloudtrail.amazonaws.com", "PutEventSelectors",
        reads=False, client=change.client,
        asked={"trailName": TRAIL_NAME, "advancedEventSelectors": selectors},
    )  # fmt: skip
    return change.at, text


def called(seed: int, call: Call) -> tuple[int, str]:
    """Return (time, event) of a call."""
    rng = random.Random(f"{seed}/management/{call.name}/{call.at}")
    text = _event(
        rng, TRAIL_HOME, call.at, call.source, call.name,
        reads=False, client=call.client, asked=call.asked, error=call.error,
    )  # fmt: skip
    return call.at, text


def _event(
    rng: random.Random,
    region: str,
    at: int,
    source: str,
    name: str,
    *,
    reads: bool,
    client: Client,
    asked: dict[str, Any] | None,
    error: str | None = None,
) -> str:
    identity = (client.identity or "{}").replace(SESSION_START, iso(at - at % HOUR))
    address = client.addresses[0]
    event = {
        "eventVersion": "1.11",
        "userIdentity": json.loads(identity),
        "eventTime": iso(at),
        "eventSource": source,
        "eventName": name,
        "awsRegion": TRAIL_HOME if source.startswith("signin") else region,
        "sourceIPAddress": client.user_agents[0] if address == "-" else address,
        "userAgent": client.user_agents[0],
        **({"errorCode": error, "errorMessage": "Access Denied"} if error else {}),
        "requestParameters": asked,
        "responseElements": {"ConsoleLogin": "Success"} if name == "ConsoleLogin" else None,
        "requestID": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "eventID": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "readOnly": reads,
        "eventType": "AwsConsoleSignIn" if name == "ConsoleLogin" else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT_ID,
        "eventCategory": "Management",
    }
    return json.dumps(event, separators=(",", ":"))
