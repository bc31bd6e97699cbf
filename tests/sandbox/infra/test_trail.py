"""infra/trail.yaml as deployed, and what Lacuna says of the buckets that it records.

moto asks nothing of a trail's bucket policy, so the policy is judged by Lacuna's own reading of policies against
the requests that CloudTrail documents; patterns of parameters are not enforced here, so they are tried by hand.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from lacuna.access_log import policies
from lacuna.access_log.policies import Decision, Request
from tests.sandbox.infra.conftest import Cloud, template

ARN = "arn:aws:cloudtrail:us-east-1:123456789012:trail/lacuna"
SENSITIVE = "arn:aws:s3:::payroll/,arn:aws:s3:::contracts/"


def deploy(
    cloud: Cloud,
    sensitive: str = SENSITIVE,
    body: dict[str, Any] | None = None,
    **parameters: str,
) -> str:
    return cloud.deploy(
        "trail",
        body,
        BucketName="acme-trail",
        SensitiveBucketArns=sensitive,
        **parameters,
    )["TrailArn"]


def buckets(cloud: Cloud, *names: str) -> None:
    for name in names:
        cloud.client("s3").create_bucket(Bucket=name)


def coverage(row: dict[str, Any]) -> tuple[str, str, list[str]]:
    return row["read_coverage"], row["write_coverage"], row["coverage_reasons"]


NOT_SELECTED = ("not_covered", "not_covered", ["reads_not_selected", "writes_not_selected"])


def test_reads_and_writes_of_sensitive_buckets_are_recorded_and_of_no_other(cloud: Cloud) -> None:
    buckets(cloud, "payroll", "contracts", "photos", "payroll-archive")
    assert deploy(cloud) == ARN
    rows = cloud.observed()
    assert coverage(rows["payroll"]) == ("covered", "covered", [])
    assert coverage(rows["contracts"]) == ("covered", "covered", [])
    for name in ("photos", "payroll-archive", "acme-trail"):
        assert coverage(rows[name]) == NOT_SELECTED


def test_a_selector_on_another_bucket_covers_nothing(cloud: Cloud) -> None:
    buckets(cloud, "payroll")
    deploy(cloud, sensitive="arn:aws:s3:::contracts/")
    assert coverage(cloud.observed()["payroll"]) == NOT_SELECTED


def test_a_trail_that_is_not_started_covers_nothing(cloud: Cloud) -> None:
    buckets(cloud, "payroll")
    body = template("trail")
    body["Resources"]["Trail"]["Properties"]["IsLogging"] = False
    deploy(cloud, body=body)
    assert coverage(cloud.observed()["payroll"]) == (
        "not_covered",
        "not_covered",
        ["trail_not_logging"],
    )


def test_the_trail_signs_its_files_and_records_every_region(cloud: Cloud) -> None:
    deploy(cloud)
    (trail,) = cloud.client("cloudtrail").describe_trails()["trailList"]
    assert trail["LogFileValidationEnabled"]
    assert trail["IsMultiRegionTrail"]
    assert trail["IncludeGlobalServiceEvents"]


@pytest.mark.parametrize(
    ("asked", "recorded", "witness"),
    [
        ({}, [["Data"]], "not_covered"),
        ({"RecordManagementEvents": "true"}, [["Management"], ["Data"]], "covered"),
    ],
)
def test_management_events_are_recorded_and_paid_for_only_when_asked(
    cloud: Cloud, asked: dict[str, str], recorded: list[list[str]], witness: str
) -> None:
    """And without them nobody witnesses who changes how buckets are logged."""
    arn = deploy(cloud, **asked)
    selectors = cloud.client("cloudtrail").get_event_selectors(TrailName=arn)
    categories = [
        field["Equals"]
        for selector in selectors["AdvancedEventSelectors"]
        for field in selector["FieldSelectors"]
        if field["Field"] == "eventCategory"
    ]
    assert categories == recorded
    assert cloud.observed()["acme-trail"]["changes_witness"] == witness


def test_a_second_copy_of_management_events_says_its_price() -> None:
    parameter = template("trail")["Parameters"]["RecordManagementEvents"]
    assert parameter["Default"] == "false"
    assert "$2 per 100,000" in parameter["Description"]


def test_the_bucket_lets_this_trail_deliver_and_no_other(cloud: Cloud) -> None:
    deploy(cloud)
    policy = cloud.client("s3").get_bucket_policy(Bucket="acme-trail")["Policy"]

    def decide(action: str, resource: str, arn: str = ARN, tls: str = "true") -> Decision:
        context = {
            "aws:sourcearn": arn,
            "aws:securetransport": tls,
            "s3:x-amz-acl": "bucket-owner-full-control",
        }
        request = Request("cloudtrail.amazonaws.com", action, (resource,), context)
        return policies.decide(policy, request)

    bucket = "arn:aws:s3:::acme-trail"
    key = f"{bucket}/AWSLogs/123456789012/CloudTrail/us-east-1/2026/01/02/file.json.gz"
    digest = f"{bucket}/AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2026/01/02/file.json.gz"
    assert decide("s3:GetBucketAcl", bucket) is Decision.ALLOWED
    assert decide("s3:PutObject", key) is Decision.ALLOWED
    assert decide("s3:PutObject", digest) is Decision.ALLOWED
    assert decide("s3:PutObject", key, arn=f"{ARN}-2") is Decision.NOT_ALLOWED
    assert decide("s3:GetBucketAcl", bucket, arn=f"{ARN}-2") is Decision.NOT_ALLOWED
    assert decide("s3:PutObject", f"{bucket}/elsewhere") is Decision.NOT_ALLOWED
    assert decide("s3:PutObject", key, tls="false") is Decision.DENIED


def test_the_trail_bucket_logs_into_the_log_bucket_that_is_named(cloud: Cloud) -> None:
    cloud.deploy("log_bucket", BucketName="acme-logs")
    deploy(cloud, LogBucketName="acme-logs")
    row = cloud.observed()["acme-trail"]
    assert (row["logging_state"], row["target_bucket"]) == ("on", "acme-logs")
    assert (row["target_prefix"], row["key_layout"]) == ("access-logs/", "delivery_time")
    assert (row["target_state"], row["reasons"], row["weaknesses"]) == ("deliverable", [], [])


def test_without_a_log_bucket_the_trail_bucket_is_not_logged(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.observed()["acme-trail"]["logging_state"] == "off"


def test_the_trail_is_made_after_the_policy_that_it_needs() -> None:
    assert template("trail")["Resources"]["Trail"]["DependsOn"] == "TrailBucketPolicy"


@pytest.mark.parametrize(
    ("arn", "taken"),
    [
        ("arn:aws:s3:::payroll/", True),
        ("arn:aws-us-gov:s3:::payroll.eu/", True),
        ("arn:aws:s3:::payroll", False),
        ("arn:aws:s3:::*/", False),
        ("arn:aws:s3", False),
        ("payroll", False),
    ],
)
def test_a_sensitive_bucket_is_named_by_its_arn_with_a_slash(arn: str, taken: bool) -> None:
    pattern = template("trail")["Parameters"]["SensitiveBucketArns"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, arn)) is taken
