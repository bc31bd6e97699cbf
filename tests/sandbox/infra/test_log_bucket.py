"""infra/log_bucket.yaml as deployed, and what Lacuna says of buckets that log into it.

The sandbox's CloudFormation puts every property (sandbox/athena/moto_fixes/cloudformation.py): what is asserted
here is asked of S3's own API. That S3 then enforces it (lifecycle, TLS only) is S3's; what the policy says is
judged by Lacuna's own reading of policies. Patterns of parameters are not enforced here, so they are tried by hand.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from lacuna.access_log import policies
from lacuna.access_log.policies import Decision
from lacuna.access_log.sources import Source
from lacuna.access_log.targets import log_request
from tests.sandbox.infra.conftest import Cloud, template

LAYOUTS = {
    "simple": {"SimplePrefix": {}},
    "event_time": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    "delivery_time": {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}},
}


@pytest.fixture
def outputs(cloud: Cloud) -> dict[str, str]:
    return cloud.deploy("log_bucket", BucketName="acme-logs", RetentionDays="45")


def log_to(cloud: Cloud, source: str, **status: Any) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=source)
    s3.put_bucket_logging(Bucket=source, BucketLoggingStatus=status)


def target(row: dict[str, Any]) -> tuple[str, list[str]]:
    return row["target_state"], row["reasons"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("prefix", ["", "access-logs/", "no-slash"])
def test_logs_can_be_delivered_in_every_layout_and_under_any_prefix(
    cloud: Cloud, outputs: dict[str, str], layout: str, prefix: str
) -> None:
    enabled = {
        "TargetBucket": "acme-logs",
        "TargetPrefix": prefix,
        "TargetObjectKeyFormat": LAYOUTS[layout],
    }
    log_to(cloud, "photos", LoggingEnabled=enabled)
    photos = cloud.observed()["photos"]
    assert photos["key_layout"] == layout
    assert target(photos) == ("deliverable", [])


def test_a_bucket_configured_from_the_outputs_is_judged_healthy(
    cloud: Cloud, outputs: dict[str, str]
) -> None:
    log_to(cloud, "by-api", **json.loads(outputs["BucketLoggingStatus"]))
    properties = {
        "BucketName": "by-template",
        "LoggingConfiguration": yaml.safe_load(outputs["LoggingConfiguration"]),
    }
    bucket = {"Type": "AWS::S3::Bucket", "Properties": properties}
    cloud.deploy("sources", {"Resources": {"Source": bucket}})
    rows = cloud.observed()
    for name in ("by-api", "by-template"):
        assert rows[name]["key_layout"] == "delivery_time"
        assert rows[name]["target_prefix"] == "access-logs/"
        assert target(rows[name]) == ("deliverable", [])


def test_without_the_statement_for_the_log_service_nothing_can_be_delivered(cloud: Cloud) -> None:
    body = template("log_bucket")
    statements = body["Resources"]["LogBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statements.pop(0)["Sid"] == "AllowLogDelivery"
    outputs = cloud.deploy("log_bucket", body, BucketName="acme-logs")
    log_to(cloud, "photos", **json.loads(outputs["BucketLoggingStatus"]))
    assert target(cloud.observed()["photos"]) == ("broken", ["target_policy_missing"])


def test_any_bucket_of_the_account_can_log_here_where_none_is_named(
    cloud: Cloud, outputs: dict[str, str]
) -> None:
    policy = json.loads(cloud.client("s3").get_bucket_policy(Bucket="acme-logs")["Policy"])
    allowed, *_ = policy["Statement"]
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_only_the_buckets_that_are_named_can_log_here(cloud: Cloud) -> None:
    outputs = cloud.deploy(
        "log_bucket",
        BucketName="acme-logs",
        SourceBucketArns="arn:aws:s3:::photos,arn:aws:s3:::web-*",
    )
    for name in ("photos", "web-shop", "payroll"):
        log_to(cloud, name, **json.loads(outputs["BucketLoggingStatus"]))
    rows = cloud.observed()
    assert target(rows["photos"]) == target(rows["web-shop"]) == ("deliverable", [])
    assert target(rows["payroll"]) == ("broken", ["target_policy_missing"])


def test_the_log_service_of_another_account_and_plain_http_are_kept_out(
    cloud: Cloud, outputs: dict[str, str]
) -> None:
    policy = cloud.client("s3").get_bucket_policy(Bucket="acme-logs")["Policy"]

    def decide(account: str, tls: str = "true") -> Decision:
        source = Source("photos", "us-east-1", account, "access-logs/", "delivery_time")
        request = log_request(source, "acme-logs")
        request.context["aws:securetransport"] = tls
        return policies.decide(policy, request)

    assert decide("123456789012") is Decision.ALLOWED
    assert decide("210987654321") is Decision.NOT_ALLOWED
    assert decide("123456789012", tls="false") is Decision.DENIED


def test_the_bucket_is_private_versioned_and_encrypted_as_the_log_service_needs_it(
    cloud: Cloud, outputs: dict[str, str]
) -> None:
    s3 = cloud.client("s3")
    blocked = s3.get_public_access_block(Bucket="acme-logs")["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    assert len(blocked) == 4
    assert s3.get_bucket_versioning(Bucket="acme-logs")["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket="acme-logs")["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (ownership,) = s3.get_bucket_ownership_controls(Bucket="acme-logs")["OwnershipControls"][
        "Rules"
    ]
    assert ownership == {"ObjectOwnership": "BucketOwnerEnforced"}


def test_logs_are_kept_for_the_retention_and_old_versions_for_a_while(
    cloud: Cloud, outputs: dict[str, str]
) -> None:
    rules = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket="acme-logs")["Rules"]
    by_id = {rule["ID"]: rule for rule in rules}
    assert by_id["expire-logs"]["Expiration"] == {"Days": 45}
    assert by_id["expire-logs"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert by_id["expire-logs"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert by_id["clear-delete-markers"]["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert {json.dumps(rule["Filter"]) for rule in rules} == {'{"Prefix": ""}'}
