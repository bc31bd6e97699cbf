"""Calls fail on demand, in the shape of their service."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.athena.faults import Call, FaultBook, parse_faults


@pytest.fixture
def book(sandbox: Any) -> Iterator[Any]:
    yield sandbox
    call(sandbox, "PUT", "faults", b"[]")


def call(sandbox: Any, method: str, path: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(f"{sandbox.url}/_sandbox/{path}", data=body, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def put(sandbox: Any, *faults: dict[str, Any]) -> Any:
    return call(sandbox, "PUT", "faults", json.dumps(faults).encode())


def client(service: str) -> Any:
    return boto3.client(service, config=Config(retries={"total_max_attempts": 1}))


def test_one_buckets_logging_is_denied_and_no_other(book: Any) -> None:
    s3 = client("s3")
    for name in ("secret", "open-one"):
        s3.create_bucket(Bucket=name)
    put(
        book,
        {
            "operation": "GetBucketLogging",
            "resource": "secret",
            "error": "AccessDenied",
            "status": 403,
        },
    )
    with pytest.raises(ClientError) as denied:
        s3.get_bucket_logging(Bucket="secret")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="open-one")
    assert call(book, "GET", "faults")[0]["fired"] == 1


def test_a_listing_is_throttled_twice_and_retried(book: Any) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="busy")
    put(
        book,
        {
            "operation": "ListObjectsV2",
            "resource": "busy",
            "error": "SlowDown",
            "status": 503,
            "times": 2,
        },
    )
    assert s3.list_objects_v2(Bucket="busy")["KeyCount"] == 0
    assert call(book, "GET", "faults")[0]["fired"] == 2


def test_an_objects_fault_names_its_key(book: Any) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="keyed")
    for key in ("a/b", "c"):
        s3.put_object(Bucket="keyed", Key=key, Body=b"x")
    put(
        book,
        {"operation": "*Object", "resource": "keyed/a/*", "error": "InternalError", "status": 500},
    )
    with pytest.raises(ClientError, match="InternalError"):
        s3.get_object(Bucket="keyed", Key="a/b")
    with pytest.raises(ClientError, match="500"):
        s3.head_object(Bucket="keyed", Key="a/b")
    assert s3.get_object(Bucket="keyed", Key="c")["Body"].read() == b"x"


def test_json_and_query_services_fail_in_their_own_shape(book: Any) -> None:
    put(
        book,
        {
            "operation": "StartQueryExecution",
            "error": "TooManyRequestsException",
            "status": 400,
            "times": 1,
        },
        {
            "operation": "GetCallerIdentity",
            "error": "ExpiredToken",
            "status": 403,
            "message": "gone",
        },
    )
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        client("athena").start_query_execution(QueryString="select 1")
    with pytest.raises(ClientError, match=r"ExpiredToken.*gone"):
        client("sts").get_caller_identity()


def test_an_empty_list_clears_and_calls_are_counted(book: Any) -> None:
    put(book, {"operation": "ListBuckets", "error": "AccessDenied", "status": 403})
    put(book)
    before = call(book, "GET", "calls").get("s3:ListBuckets", 0)
    client("s3").list_buckets()
    assert call(book, "GET", "calls")["s3:ListBuckets"] == before + 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "not JSON"),
        (b"{}", "a JSON list"),
        (b'[{"error": "X"}]', "operation is missing"),
        (b'[{"operation": "X", "rate": 2}]', "rate must lie"),
        (b'[{"operation": "X", "times": "2"}]', "times must be int"),
        (b'[{"operation": "X", "times": 1, "rate": 0.5}]', "exclude each other"),
        (b'[{"operation": "X", "sometimes": 1}]', "unknown field 'sometimes'"),
    ],
)
def test_what_is_wrong_with_a_fault_is_said(sandbox: Any, body: bytes, why: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(sandbox, "PUT", "faults", body)
    assert refused.value.code == 400
    assert why in json.load(refused.value)["error"]


def test_a_rate_fails_that_share_of_calls() -> None:
    book = FaultBook()
    book.replace(parse_faults(b'[{"operation": "X", "rate": 0.25}]'))
    fired = sum(book.decide(Call("s3", "X", ("b",), "s3")) is not None for _ in range(4000))
    assert 800 < fired < 1200


def test_health_is_answered(sandbox: Any) -> None:
    assert call(sandbox, "GET", "health") == {"status": "ready"}


def test_a_query_reads_objects_in_its_callers_name(book: Any, lake: Any) -> None:
    lake.s3.put_object(Bucket=lake.bucket, Key="a/one.txt", Body=b"x\n")
    lake.s3.put_object(Bucket=lake.bucket, Key="a/two.txt", Body=b"y\n")
    lake.rows(
        "create external table lines (line string) row format serde "
        "'org.apache.hadoop.hive.serde2.RegexSerDe' with serdeproperties ('input.regex'='(.*)') "
        f"location 's3://{lake.bucket}/a/'"
    )
    refused = {"operation": "GetObject", "resource": f"{lake.bucket}/a/two.txt"}
    put(book, {**refused, "error": "AccessDenied", "status": 403})
    status = lake.execution("select line from lines")["Status"]
    assert "Error Code: AccessDenied" in status["StateChangeReason"]
    assert status["AthenaError"]["Retryable"] is False
    # a file that no row can come from is not opened
    assert lake.rows("select line from lines where \"$path\" like '%one.txt'") == [["x"]]
    put(book, {**refused, "error": "SlowDown", "status": 503, "times": 1})
    status = lake.execution("select line from lines")["Status"]
    assert "Error Code: SlowDown" in status["StateChangeReason"]
    assert status["AthenaError"]["Retryable"] is True
    assert sorted(lake.rows("select line from lines")) == [["x"], ["y"]]
