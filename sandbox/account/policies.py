"""Logging configurations and bucket policies, as the S3 API takes them."""

from __future__ import annotations

import json
from typing import Any

from sandbox.account.buckets import (
    ACCOUNT_ID,
    COPIED_LOGS,
    DSSE_LOGS,
    EU_LOGS,
    KMS_LOGS,
    LOCKED_LOGS,
    MOVED_LOGS,
    OLD_LOGS,
    PAYING_LOGS,
    RELAY_LOGS,
    RING_LOGS,
    SEALED_LOGS,
    SHARED_LOGS,
    SHUT_LOGS,
    SOURCES,
    TRAIL_ARN,
    TRAIL_BUCKET,
    US_APP_LOGS,
    US_LOGS,
    Bucket,
    Layout,
    Trouble,
)


def logging_status(bucket: Bucket) -> dict[str, Any]:
    """Return the BucketLoggingStatus that PutBucketLogging takes for this bucket."""
    if bucket.target_bucket is None:
        return {}
    enabled: dict[str, Any] = {
        "TargetBucket": bucket.target_bucket,
        "TargetPrefix": bucket.target_prefix,
    }
    if bucket.layout is Layout.EVENT_TIME:
        enabled["TargetObjectKeyFormat"] = {
            "PartitionedPrefix": {"PartitionDateSource": "EventTime"}
        }
    elif bucket.layout is Layout.DELIVERY_TIME:
        enabled["TargetObjectKeyFormat"] = {
            "PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}
        }
    if bucket.trouble is Trouble.GRANTS:
        everyone = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
        reader = {"Grantee": {"Type": "Group", "URI": everyone}, "Permission": "READ"}
        enabled["TargetGrants"] = [reader]
    return {"LoggingEnabled": enabled}


_LOG_SERVICE = {"Service": "logging.s3.amazonaws.com"}


def _by_prefix() -> str:
    """Return a policy with other statements for each prefix, and none for the roadmaps."""

    def statement(effect: str, prefix: str, **more: Any) -> dict[str, Any]:
        resource = f"arn:aws:s3:::{SHARED_LOGS}/{prefix}*"
        action = {} if "NotAction" in more else {"Action": "s3:PutObject"}
        scope = {"Effect": effect, "Principal": _LOG_SERVICE, "Resource": resource}
        return {**scope, **action, **more}

    statements = [
        statement("Allow", "tenders/"),
        statement("Deny", "tenders/", Principal="*", NotAction=["s3:Get*", "s3:List*"]),
        statement(
            "Allow", "lectures/", Condition={"StringEquals": {"aws:SourceOrgID": "o-m3r1d1an42"}}
        ),
        statement("Allow", "workshops/"),
        statement(
            "Deny", "workshops/", Principal="*",
            Condition={"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
        ),
    ]  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def delivery_policy(log_bucket: str, source_arns: list[str]) -> str:
    """Return a policy that allows the log service to deliver for these sources only.

    As AWS recommends, it denies plain HTTP and old versions of TLS.
    """
    statement = {
        "Sid": "S3ServerAccessLogs",
        "Effect": "Allow",
        "Principal": _LOG_SERVICE,
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{log_bucket}/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": source_arns},
            "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
        },
    }
    insecure = (
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    )
    denials = [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{log_bucket}", f"arn:aws:s3:::{log_bucket}/*"],
            "Condition": condition,
        }
        for condition in insecure
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": [statement, *denials]})


def log_bucket_policies() -> dict[str, str]:
    """Return the policy of every log bucket that has one."""
    anywhere = ["arn:aws:s3:::meridian-*", "arn:aws:s3:::media.meridian.example"]
    european = [
        bucket.arn
        for bucket in SOURCES
        if bucket.target_bucket == EU_LOGS and bucket.trouble is not Trouble.POLICY
    ]
    american = (
        *(US_LOGS, US_APP_LOGS, OLD_LOGS, RING_LOGS, RELAY_LOGS, SHUT_LOGS),
        *(KMS_LOGS, LOCKED_LOGS, PAYING_LOGS, DSSE_LOGS, MOVED_LOGS, SEALED_LOGS),
    )
    return {
        SHARED_LOGS: _by_prefix(),
        COPIED_LOGS: delivery_policy(COPIED_LOGS, anywhere).replace("arn:aws:", "arn:aws-cn:"),
        **{name: delivery_policy(name, anywhere) for name in american},
        EU_LOGS: delivery_policy(EU_LOGS, european),
    }


def trail_bucket_policy() -> str:
    """Return the policy that CloudTrail needs on its bucket."""
    service = {"Service": "cloudtrail.amazonaws.com"}
    statements = [
        {
            "Sid": "AWSCloudTrailAclCheck",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": f"arn:aws:s3:::{TRAIL_BUCKET}",
            "Condition": {"StringEquals": {"aws:SourceArn": TRAIL_ARN}},
        },
        {
            "Sid": "AWSCloudTrailWrite",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{TRAIL_BUCKET}/AWSLogs/{ACCOUNT_ID}/*",
            "Condition": {
                "StringEquals": {
                    "aws:SourceArn": TRAIL_ARN,
                    "s3:x-amz-acl": "bucket-owner-full-control",
                }
            },
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
