"""Whose a bucket is, by S3's bare answers to HEAD, from a server that gives each of them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import MagicMock

import boto3
import pytest
from botocore.config import Config

from lacuna.access_log.targets import Existence, LifecycleRule
from lacuna.aws import buckets
from lacuna.aws.session import head_bucket
from lacuna.refusals import Refusal

OURS, SOMEBODY = "123456789012", "999999999999"
HERE, ELSEWHERE = "us-east-1", "eu-west-1"


class _Server(ThreadingHTTPServer):
    buckets: dict[str, tuple[int, str | None, str]]


class _Answers(BaseHTTPRequestHandler):
    """S3 as far as HeadBucket goes: an answer has a status, perhaps a Region, and no body."""

    server: _Server

    def do_HEAD(self) -> None:
        status, region, owner = self.server.buckets[self.path.strip("/").partition("?")[0]]
        if owner != self.headers.get("x-amz-expected-bucket-owner", owner):
            status = 403
        self.send_response(status)
        if region:
            self.send_header("x-amz-bucket-region", region)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_error(403)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with _Server(("127.0.0.1", 0), _Answers) as answering:
        answering.buckets = {
            "ours": (200, ELSEWHERE, OURS),
            "nameless": (200, None, OURS),
            "open-to-all": (200, ELSEWHERE, SOMEBODY),
            "shut": (403, ELSEWHERE, SOMEBODY),
            "shut-and-nameless": (403, None, SOMEBODY),
            "gone": (404, None, OURS),
            "moved": (301, ELSEWHERE, OURS),
            "odd": (400, None, OURS),
        }
        threading.Thread(target=answering.serve_forever, daemon=True).start()
        yield answering
        answering.shutdown()


@pytest.fixture(scope="module")
def s3(server: Any) -> Any:
    return client(server.server_port)


def client(port: int) -> Any:
    return boto3.Session("test", "test").client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=HERE,
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ("ours", (Existence.OURS, ELSEWHERE, None)),
        ("nameless", (Existence.OURS, None, None)),
        # whoever may read it: it is not ours
        ("open-to-all", (Existence.OTHER_ACCOUNT, ELSEWHERE, None)),
        ("shut", (Existence.OTHER_ACCOUNT, ELSEWHERE, None)),
        ("shut-and-nameless", (Existence.OTHER_ACCOUNT, None, None)),
        ("gone", (Existence.MISSING, None, None)),
        ("moved", (Existence.UNKNOWN, ELSEWHERE, Refusal("HeadBucket", "301"))),
        ("odd", (Existence.UNKNOWN, None, Refusal("HeadBucket", "400"))),
    ],
)
def test_head_bucket_decides_the_owner_and_region_of_a_target(s3, bucket, expected):
    found = buckets.read_target(s3, bucket, OURS)
    assert (found.existence, found.region, found.refusal) == expected


def test_a_target_that_is_not_ours_is_asked_no_further(s3):
    assert buckets.read_target(s3, "shut", OURS).refusals() == []


def test_every_setting_of_a_target_of_ours_that_may_not_be_read_is_named(s3):
    refused = buckets.read_target(s3, "ours", OURS).refusals()
    assert [(one.operation, one.error_code) for one in refused] == [
        ("GetBucketPolicy", "AccessDenied"),
        ("GetBucketAcl", "AccessDenied"),
        ("GetBucketOwnershipControls", "AccessDenied"),
        ("GetBucketEncryption", "AccessDenied"),
        ("GetObjectLockConfiguration", "AccessDenied"),
        ("GetBucketRequestPayment", "AccessDenied"),
        ("GetBucketLifecycleConfiguration", "AccessDenied"),
        ("GetBucketVersioning", "AccessDenied"),
        ("GetPublicAccessBlock", "AccessDenied"),
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"Filter": {}, "Expiration": {"Days": 30}}, LifecycleRule(days=30)),
        ({"Prefix": "a/", "Expiration": {"Days": 30}}, LifecycleRule("a/", 30)),
        ({"Filter": {"Prefix": "a/"}, "Expiration": {"Days": 1}}, LifecycleRule("a/", 1)),
        ({"Filter": {"Tag": {"Key": "k"}}}, LifecycleRule(has_tags=True)),
        (
            {"Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k"}]}}},
            LifecycleRule("a/", has_tags=True),
        ),
        (
            {"Filter": {"And": {"ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 9}}},
            LifecycleRule(larger_than=5, smaller_than=9),
        ),
        ({"Filter": {"ObjectSizeLessThan": 9}}, LifecycleRule(smaller_than=9)),
        ({"Expiration": {"Date": "2030-01-01"}}, LifecycleRule(has_date=True)),
        ({"Expiration": {"ExpiredObjectDeleteMarker": True}}, LifecycleRule()),
        ({"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, LifecycleRule()),
        ({"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}, LifecycleRule()),
    ],
)
def test_a_lifecycle_rule_is_read_in_each_of_its_forms(rule, expected):
    client = MagicMock()
    client.get_bucket_lifecycle_configuration.return_value = {
        "Rules": [{"Status": "Enabled", **rule}, {"Status": "Disabled"}]
    }
    read = buckets.read_target(client, "logs", OURS, known_region=HERE)
    assert read.lifecycle == (expected, LifecycleRule(is_enabled=False))


def test_a_target_known_to_be_ours_has_the_region_that_is_known(s3):
    found = buckets.read_target(s3, "gone", OURS, known_region=HERE)
    assert (found.existence, found.region) == (Existence.OURS, HERE)


def test_a_bucket_without_any_answer_is_unknown():
    found = buckets.read_target(client(1), "ours", OURS)
    assert (found.existence, found.region) == (Existence.UNKNOWN, None)
    assert found.refusal == Refusal("HeadBucket", "EndpointConnectionError")


@pytest.mark.parametrize(
    ("bucket", "region"),
    [("ours", ELSEWHERE), ("shut", ELSEWHERE), ("moved", ELSEWHERE), ("gone", None)],
)
def test_s3_names_the_region_even_if_it_refuses(s3, bucket, region):
    assert head_bucket(s3, bucket).region == region
