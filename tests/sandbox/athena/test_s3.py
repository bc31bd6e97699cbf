"""S3 as Lacuna sees it: delivery moments, logging configuration, listings."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lacuna.access_log.sources import Source
from lacuna.access_log.targets import TargetState, TargetVerdict, judge
from lacuna.aws import buckets
from sandbox.athena.moto_fixes import s3 as bulk

_numbers = itertools.count()
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def s3(sandbox: Any) -> Any:
    return boto3.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"bucket-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    return name


def listed(s3: Any, bucket: str, **options: Any) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **options)
    return [o["Key"] for page in pages for o in page.get("Contents", [])]


def test_delivered_at_is_the_last_modified_of_head_get_and_list(s3: Any, bucket: str) -> None:
    s3.put_object(
        Bucket=bucket, Key="log", Body=b"x", Metadata={"delivered-at": "2026-01-02T04:04:05+01:00"}
    )
    assert s3.head_object(Bucket=bucket, Key="log")["LastModified"] == MOMENT
    assert s3.get_object(Bucket=bucket, Key="log")["LastModified"] == MOMENT
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["LastModified"] == MOMENT


def test_an_object_without_it_is_delivered_now(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="log", Body=b"x")
    age = datetime.now(UTC) - s3.head_object(Bucket=bucket, Key="log")["LastModified"]
    assert age < timedelta(minutes=1)


def test_delivered_at_holds_for_a_multipart_upload(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(
        Bucket=bucket, Key="big", Metadata={"delivered-at": MOMENT.isoformat()}
    )
    part = {"Bucket": bucket, "Key": "big", "UploadId": upload["UploadId"]}
    tag = s3.upload_part(**part, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(
        **part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}
    )
    assert s3.head_object(Bucket=bucket, Key="big")["LastModified"] == MOMENT


def test_a_copy_is_written_now_unless_it_says_otherwise(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"delivered-at": MOMENT.isoformat()})
    source = {"Bucket": bucket, "Key": "a"}
    s3.copy_object(Bucket=bucket, Key="b", CopySource=source)
    assert datetime.now(UTC) - s3.head_object(Bucket=bucket, Key="b")["LastModified"] < timedelta(
        minutes=1
    )
    later = MOMENT + timedelta(days=1)
    s3.copy_object(
        Bucket=bucket,
        Key="c",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"delivered-at": later.isoformat()},
    )
    assert s3.head_object(Bucket=bucket, Key="c")["LastModified"] == later


def test_a_malformed_moment_is_refused(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError, match="ISO 8601"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"delivered-at": "yesterday"})


@pytest.mark.parametrize(
    "layout",
    [
        {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}},
        {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
        {"SimplePrefix": {}},
    ],
)
def test_the_key_format_of_logging_is_kept(s3: Any, bucket: str, layout: dict[str, Any]) -> None:
    config = {"TargetBucket": bucket, "TargetPrefix": "logs/", "TargetObjectKeyFormat": layout}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": config})
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == config


def test_target_grants_of_logging_are_kept(s3: Any, bucket: str) -> None:
    grant = {"Grantee": {"Type": "CanonicalUser", "ID": "a" * 64}, "Permission": "READ"}
    config = {"TargetBucket": bucket, "TargetPrefix": "", "TargetGrants": [grant]}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": config})
    found = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetGrants"][0]
    assert (found["Permission"], found["Grantee"]["ID"]) == ("READ", "a" * 64)


def test_a_target_without_permission_is_accepted_and_gets_no_log(s3: Any, bucket: str) -> None:
    s3.put_bucket_logging(
        Bucket=bucket,
        BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": ""}},
    )
    s3.list_objects_v2(Bucket=bucket)
    assert listed(s3, bucket) == []


def test_a_target_that_is_gone_or_elsewhere_is_refused(s3: Any, bucket: str) -> None:
    far = f"{bucket}-far"
    s3.create_bucket(Bucket=far, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for target, code in (
        ("no-such-bucket", "InvalidTargetBucketForLogging"),
        (far, "CrossLocationLoggingProhibited"),
    ):
        status = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": ""}}
        with pytest.raises(ClientError, match=code):
            s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=status)


def test_list_buckets_names_regions_only_when_paged_or_filtered(s3: Any, bucket: str) -> None:
    far = f"{bucket}-eu"
    s3.create_bucket(Bucket=far, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert all("BucketRegion" not in b for b in s3.list_buckets()["Buckets"])
    found = s3.list_buckets(Prefix=bucket)["Buckets"]
    assert {b["Name"]: b["BucketRegion"] for b in found} == {bucket: "us-east-1", far: "eu-west-1"}
    assert [
        b["Name"] for b in s3.list_buckets(BucketRegion="eu-west-1", Prefix=bucket)["Buckets"]
    ] == [far]


def test_list_buckets_pages_through_all(s3: Any, bucket: str) -> None:
    s3.create_bucket(Bucket=f"{bucket}-two")
    pages = list(
        s3.get_paginator("list_buckets").paginate(Prefix=bucket, PaginationConfig={"PageSize": 1})
    )
    assert [[b["Name"] for b in p["Buckets"]] for p in pages] == [[bucket], [f"{bucket}-two"]]


def test_head_bucket_tells_the_region_whoever_signs(s3: Any, bucket: str) -> None:
    far = f"{bucket}-head"
    s3.create_bucket(Bucket=far, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    headers = s3.head_bucket(Bucket=far)["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-bucket-region"] == "eu-west-1"


def test_listings_page_in_order_from_start_after(s3: Any, bucket: str) -> None:
    names = [f"p/{i:04}" for i in range(2500)]
    bulk.put_objects(bucket, ((n, b"x", None, None) for n in reversed(names)))
    s3.put_object(Bucket=bucket, Key="q", Body=b"x")
    assert listed(s3, bucket, Prefix="p/") == names
    assert listed(s3, bucket, Prefix="p/", StartAfter="p/2490") == names[2491:]
    page = s3.list_objects_v2(Bucket=bucket, Prefix="p/", MaxKeys=10)
    assert (page["KeyCount"], page["IsTruncated"]) == (10, True)


def test_folders_are_listed_once_each_across_pages(s3: Any, bucket: str) -> None:
    bulk.put_objects(bucket, ((f"{f}/{i}", b"x", None, None) for f in "abc" for i in range(5)))
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}
    )
    assert [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", [])] == [
        "a/",
        "b/",
        "c/",
    ]
    old = s3.get_paginator("list_objects").paginate(
        Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}
    )
    assert [p["Prefix"] for page in old for p in page.get("CommonPrefixes", [])] == [
        "a/",
        "b/",
        "c/",
    ]


def test_deleted_objects_leave_the_listing(s3: Any, bucket: str) -> None:
    for name in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    assert listed(s3, bucket) == ["a", "b"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}]})
    s3.put_object(Bucket=bucket, Key="c", Body=b"x")
    assert listed(s3, bucket) == ["b", "c"]


def test_bulk_objects_are_like_put_ones(s3: Any, bucket: str) -> None:
    bulk.put_objects(bucket, [("k", b"body", MOMENT, {"Signature": "abc"})])
    found = s3.get_object(Bucket=bucket, Key="k")
    assert (found["Body"].read(), found["LastModified"], found["Metadata"]["signature"]) == (
        b"body",
        MOMENT,
        "abc",
    )


def test_a_deny_of_plain_http_denies_nothing_here_and_one_without_condition_does(
    s3: Any, bucket: str
) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    plain_http = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": [plain_http]}))
    s3.put_object(Bucket=bucket, Key="log", Body=b"x")
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": deny}))
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket=bucket, Key="log", Body=b"x")


def test_who_pays_for_requests_is_kept_and_no_listing(s3: Any, bucket: str) -> None:
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    for payer in ("Requester", "BucketOwner"):
        s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": payer})
        assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == payer
    with pytest.raises(ClientError, match="InvalidArgument"):
        s3.put_bucket_request_payment(
            Bucket=bucket, RequestPaymentConfiguration={"Payer": "Nobody"}
        )
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.get_bucket_request_payment(Bucket="no-such-bucket")


LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"


@pytest.mark.parametrize("at_once", [True, False])
def test_the_acl_for_log_delivery_is_two_grants(s3: Any, bucket: str, at_once: bool) -> None:
    target = f"{bucket}-logs"
    s3.create_bucket(Bucket=target, **({"ACL": "log-delivery-write"} if at_once else {}))
    if not at_once:
        s3.put_bucket_acl(Bucket=target, ACL="log-delivery-write")
    granted = [
        (one["Grantee"].get("URI"), one["Permission"])
        for one in s3.get_bucket_acl(Bucket=target)["Grants"]
    ]
    assert sorted(granted[1:]) == [(LOG_DELIVERY, "READ_ACP"), (LOG_DELIVERY, "WRITE")]
    assert granted[0] == (None, "FULL_CONTROL")
    source = Source(bucket, "us-east-1", bulk.ACCOUNT_ID, "web/", "simple")
    found = buckets.read_target(s3, target, bulk.ACCOUNT_ID)
    assert judge(source, found) == TargetVerdict(TargetState.DELIVERABLE)


def test_every_grantee_of_an_acl_is_shown_with_every_permission(s3: Any, bucket: str) -> None:
    s3.put_bucket_acl(Bucket=bucket, GrantRead='id="a1", id="b2"', GrantWrite="id=a1")
    granted = {
        (one["Grantee"]["ID"], one["Permission"])
        for one in s3.get_bucket_acl(Bucket=bucket)["Grants"]
    }
    assert granted == {("a1", "READ"), ("b2", "READ"), ("a1", "WRITE")}
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    everybody = [
        one["Permission"]
        for one in s3.get_bucket_acl(Bucket=bucket)["Grants"]
        if one["Grantee"].get("URI", "").endswith("/AllUsers")
    ]
    assert sorted(everybody) == ["READ", "WRITE"]
