"""The account in a running sandbox, as AWS's own clients see it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support import REPO

TRAIL = "arn:aws:cloudtrail:us-east-1:123456789012:trail/meridian-trail"


@dataclass(frozen=True)
class Served:
    """A sandbox in a process of its own: one process is one sandbox, and this one is full."""

    url: str
    truth: dict[str, Any]

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def fault(self, fault_id: str) -> dict[str, Any]:
        [found] = [fault for fault in self.truth["faults"] if fault["id"] == fault_id]
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    truth = tmp_path_factory.mktemp("account") / "truth.json"
    arguments = ["--port", "0", "--requests", "1500", "--days", "3", "--truth", str(truth)]
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "serve", *arguments],
        cwd=REPO,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    output = ""
    for line in process.stdout:
        output += line
        if line.startswith("sandbox ready"):
            break
    url = re.search(r"AWS_ENDPOINT_URL=(\S+)", output)
    assert url, output
    yield Served(url[1].strip("'\""), json.loads(truth.read_text()))
    process.terminate()
    process.wait(timeout=120)


def test_every_bucket_of_the_answer_sheet_exists_in_its_region(served: Served) -> None:
    names = {bucket["Name"] for bucket in served.client("s3").list_buckets()["Buckets"]}
    assert {bucket["bucket_name"] for bucket in served.truth["buckets"]} <= names
    for bucket in served.truth["buckets"]:
        answer = served.client("s3").head_bucket(Bucket=bucket["bucket_name"])
        assert answer["BucketRegion"] == bucket["region"]


def test_logs_may_be_let_in_by_an_acl_and_for_half_of_what_they_need(served: Served) -> None:
    def granted(name: str) -> set[str]:
        grants = served.client("s3").get_bucket_acl(Bucket=name)["Grants"]
        return {
            grant["Permission"]
            for grant in grants
            if grant["Grantee"].get("URI", "").endswith("/s3/LogDelivery")
        }

    assert granted("meridian-logs-classic") == {"WRITE", "READ_ACP"}
    assert granted("meridian-logs-half") == {"WRITE"}


def test_what_became_of_two_log_buckets(served: Served) -> None:
    s3 = served.client("s3")
    assert s3.head_bucket(Bucket="meridian-logs-moved")["BucketRegion"] == "eu-west-1"
    with pytest.raises(ClientError, match="403"):
        s3.head_bucket(Bucket="meridian-logs-2018")
    enabled = s3.get_bucket_logging(Bucket="meridian-exhibits")["LoggingEnabled"]
    assert enabled["TargetGrants"][0]["Permission"] == "READ"


def test_nobody_may_read_what_decides_over_a_target(served: Served) -> None:
    s3 = served.client("s3")
    for read in (s3.get_bucket_policy, s3.get_bucket_encryption, s3.get_bucket_request_payment):
        with pytest.raises(ClientError, match="AccessDenied"):
            read(Bucket="meridian-logs-sealed")


UNREADABLE = {"meridian-hr-documents", "meridian-logs-shut", "meridian-cape-office"}


def test_log_buckets_are_kept_as_they_are_planted(served: Served) -> None:
    s3 = served.client("s3")
    rules = s3.get_bucket_encryption(Bucket="meridian-logs-kms")[
        "ServerSideEncryptionConfiguration"
    ]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    lock = s3.get_object_lock_configuration(Bucket="meridian-logs-locked")
    assert lock["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Days"] == 365
    assert s3.get_bucket_request_payment(Bucket="meridian-logs-paying")["Payer"] == "Requester"
    policy = s3.get_bucket_policy(Bucket="meridian-logs-copied")["Policy"]
    assert "arn:aws-cn:s3:::meridian-logs-copied/*" in policy
    assert "arn:aws:" not in policy


def test_a_disabled_region_does_not_know_the_credentials(served: Served) -> None:
    with pytest.raises(ClientError, match="InvalidToken"):
        served.client("s3").get_bucket_logging(Bucket="meridian-cape-office")


def test_the_event_data_store_shows_where_it_was_made_only(served: Served) -> None:
    stores = {
        region: served.client("cloudtrail", region).list_event_data_stores()["EventDataStores"]
        for region in ("us-east-1", "ap-southeast-2")
    }
    assert [store["Name"] for store in stores["ap-southeast-2"]] == ["meridian-lake"]
    [stopped] = stores["us-east-1"]
    assert stopped["EventDataStoreArn"] == served.fault("store_stopped")["bucket_name"]
    described = served.client("cloudtrail").get_event_data_store(
        EventDataStore=stopped["EventDataStoreArn"]
    )
    assert described["Status"] == "STOPPED_INGESTION"


def test_one_trail_logs_and_cannot_deliver(served: Served) -> None:
    cloudtrail = served.client("cloudtrail")
    status = cloudtrail.get_trail_status(Name="meridian-trail-vendors")
    assert (status["IsLogging"], status["LatestDeliveryError"]) == (True, "AccessDenied")
    assert "LatestDeliveryError" not in cloudtrail.get_trail_status(Name=TRAIL)


def test_logging_is_configured_as_the_answer_sheet_says(served: Served) -> None:
    for bucket in served.truth["buckets"]:
        if bucket["bucket_name"] in UNREADABLE:
            continue
        answer = served.client("s3").get_bucket_logging(Bucket=bucket["bucket_name"])
        enabled = answer.get("LoggingEnabled")
        assert (enabled is not None) == (bucket["logging"] == "on")
        if enabled is not None:
            assert enabled["TargetBucket"] == bucket["target_bucket"]
            assert enabled["TargetPrefix"] == bucket["target_prefix"]
            partitioned = enabled.get("TargetObjectKeyFormat", {}).get("PartitionedPrefix", {})
            source = partitioned.get("PartitionDateSource")
            layouts = {None: "simple_prefix", "EventTime": "event_time"}
            assert layouts.get(source, "delivery_time") == bucket["key_layout"]


def test_one_bucket_cannot_be_read_however_often_one_tries(served: Served) -> None:
    for _ in range(3):
        with pytest.raises(ClientError, match="AccessDenied"):
            served.client("s3").get_bucket_logging(Bucket="meridian-hr-documents")


def test_one_target_is_gone_and_one_has_no_policy(served: Served) -> None:
    with pytest.raises(ClientError, match="404"):
        served.client("s3").head_bucket(Bucket="meridian-logs-2019")
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        served.client("s3").get_bucket_policy(Bucket="meridian-logs-finance")
    policy = served.client("s3").get_bucket_policy(Bucket="meridian-logs-us-east-1")["Policy"]
    assert "logging.s3.amazonaws.com" in policy


def test_objects_carry_the_moment_of_their_delivery(served: Served) -> None:
    fault = served.fault("duplicate_object")
    bucket, _, key = fault["log_object"].removeprefix("s3://").partition("/")
    modified = served.client("s3").head_object(Bucket=bucket, Key=key)["LastModified"]
    assert modified.strftime("%Y-%m-%d-%H-%M-%S") in key


def test_log_buckets_hold_what_was_planted_and_nothing_else(served: Served) -> None:
    s3 = served.client("s3")
    count = 0
    for bucket in served.truth["buckets"]:
        if bucket["bucket_name"].startswith("meridian-logs"):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["bucket_name"])
            count += sum(page["KeyCount"] for page in pages)
    totals = served.truth["totals"]
    assert count == totals["access_log_objects"] + totals["stray_objects"]


def test_the_trail_is_on_and_says_when_it_delivered(served: Served) -> None:
    for region in ("us-east-1", "eu-west-1"):
        trail = served.client("cloudtrail", region)
        status = trail.get_trail_status(Name=TRAIL)
        assert status["IsLogging"] is True
        for delivery in ("LatestDeliveryTime", "LatestDigestDeliveryTime"):
            assert f"{status[delivery].astimezone(UTC):%Y-%m-%d}" == served.truth["until"]
    selectors = served.client("cloudtrail").get_event_selectors(TrailName=TRAIL)
    assert len(selectors["AdvancedEventSelectors"]) == 5


@pytest.mark.parametrize(
    ("fault_id", "region", "words"),
    [
        ("trail_file_truncated", "us-east-1", "INVALID: hash value doesn't match"),
        ("trail_file_deleted", "eu-west-1", "INVALID: not found"),
    ],
)
def test_aws_own_validation_finds_the_tampering_and_nothing_else(
    served: Served, fault_id: str, region: str, words: str
) -> None:
    fault = served.fault(fault_id)
    day = fault["delivery_day"]
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "aws"), "cloudtrail", "validate-logs",
            "--trail-arn", TRAIL, "--region", region,
            "--start-time", f"{day}T08:00:00Z", "--end-time", f"{day}T19:00:00Z",
        ],
        env=served.environment() | {"AWS_DEFAULT_REGION": region},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )  # fmt: skip
    assert re.search(r"(\d+)/\1 digest files valid", done.stdout), done.stdout
    assert f"{fault['log_object']}\t{words}" in done.stdout
    assert done.stdout.count("INVALID:") == 1
