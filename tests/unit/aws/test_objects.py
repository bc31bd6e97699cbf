"""Which refusals of S3 fail the run, so that it is tried again, and which are answers about a place or an object."""

from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from lacuna.access_log.delivery import KeyRange
from lacuna.aws.objects import (
    Listing,
    ObjectUnreadable,
    ReadFailed,
    list_folders,
    list_range,
    read_object,
)

BUCKET = "logs"
KEYS = KeyRange("web/", "web/", "web0")
# Client errors by their status: only the code says that the call may succeed later
PASSING = ("ThrottlingException", "RequestLimitExceeded", "SlowDown", "RequestTimeout")


@pytest.fixture
def s3() -> Iterator[Stubber]:
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    with Stubber(client) as stubber:
        yield stubber


@pytest.mark.parametrize("code", PASSING)
def test_throttling_with_status_400_is_tried_again(s3: Stubber, code: str) -> None:
    s3.add_client_error("get_object", code, http_status_code=400)
    with pytest.raises(ReadFailed, match=code):
        read_object(s3.client, BUCKET, "web/a")
    s3.add_client_error("list_objects_v2", code, http_status_code=400)
    with pytest.raises(ReadFailed, match=code):
        list_range(s3.client, BUCKET, KEYS)
    s3.add_client_error("list_objects_v2", code, http_status_code=400)
    with pytest.raises(ReadFailed, match=code):
        list_folders(s3.client, BUCKET, KEYS.prefix)


def test_a_lasting_refusal_is_an_answer(s3: Stubber) -> None:
    s3.add_client_error("get_object", "AccessDenied", http_status_code=403)
    with pytest.raises(ObjectUnreadable, match="AccessDenied"):
        read_object(s3.client, BUCKET, "web/a")
    s3.add_client_error("list_objects_v2", "AccessDenied", http_status_code=403)
    assert list_range(s3.client, BUCKET, KEYS).error_code == "AccessDenied"
    s3.add_client_error("list_objects_v2", "AccessDenied", http_status_code=403)
    assert list_folders(s3.client, BUCKET, KEYS.prefix).error_code == "AccessDenied"


def test_of_very_many_strangers_a_few_are_kept_and_all_are_counted(s3: Stubber) -> None:
    entries = [
        {"Key": f"web/{number:05}", "Size": 1, "ETag": "e", "LastModified": datetime.now(UTC)}
        for number in range(3000)
    ]
    s3.add_response("list_objects_v2", {"Contents": entries, "IsTruncated": False})
    found = Listing(
        s3.client, BUCKET, (KEYS,), lambda listed: listed, lambda listed: listed.key.endswith("99")
    ).whole()
    assert (found.strangers, found.keys_returned) == (2970, 3000)
    assert len(found.objects) == 1000 + 30
    assert {one.key for one in found.objects} >= {"web/00099", "web/02999", "web/00000"}
