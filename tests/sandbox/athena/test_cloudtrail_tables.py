"""CloudTrail files as rows: one event a row, keys in any case, broken files named."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.sandbox.athena.tables import OUTPUT, numbers

CLOUDTRAIL = """create external table {name} (
    eventversion string, useridentity
    struct<type:string,arn:string,sessioncontext:struct<attributes:struct<mfaauthenticated:string>
    >>,
    requestparameters string, additionaleventdata string, readonly string, resources
    array<struct<arn:string,accountid:string,type:string>>
) row format serde 'org.apache.hive.hcatalog.data.JsonSerDe'
stored as inputformat 'com.amazon.emr.cloudtrail.CloudTrailInputFormat' outputformat '{output}'
location '{location}'"""


EVENT = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "arn": "arn:u",
        "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
    },
    "requestParameters": {"bucketName": "b", "Key": "a b", "n": 1.0},
    "additionalEventData": None,
    "readOnly": True,
    "resources": [{"type": "AWS::S3::Object", "ARN": "arn:o"}, {"accountId": "1", "ARN": "arn:b"}],
}


@pytest.fixture
def trail(lake: Any) -> str:
    name = f"trail_{next(numbers)}"
    lake.rows(CLOUDTRAIL.format(name=name, output=OUTPUT, location=f"s3://{lake.bucket}/{name}/"))
    return name


def records(*events: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps({"Records": events}).encode())


def test_cloudtrail_files_become_events(lake: Any, trail: str) -> None:
    lake.put(f"{trail}/1.json.gz", records(EVENT, {"eventVersion": "1.0"}))
    assert lake.rows(
        "select eventversion, useridentity.arn, "
        "useridentity.sessioncontext.attributes.mfaauthenticated, requestparameters,"
        " additionaleventdata, readonly, resources[1].arn, resources[2].accountid from "
        f"{trail} where readonly is not null"
    ) == [
        [
            "1.11",
            "arn:u",
            "false",
            '{"bucketName":"b","Key":"a b","n":1.0}',
            None,
            "true",
            "arn:o",
            "1",
        ]
    ]
    assert lake.rows(f"select count(*) from {trail} where useridentity is null") == [["1"]]


def test_keys_match_whatever_their_case_even_within_one_file(lake: Any, trail: str) -> None:
    lake.put(
        f"{trail}/1.json.gz",
        records(
            {"EVENTVERSION": "1", "useridentity": {"ARN": "x"}},
            {"eventVersion": "2", "userIdentity": {"arn": "y"}},
        ),
    )
    rows = lake.rows(f"select eventversion, useridentity.arn from {trail} order by 1")
    assert rows == [["1", "x"], ["2", "y"]]


def test_arrays_of_rows_unnest(lake: Any, trail: str) -> None:
    lake.put(f"{trail}/1.json.gz", records(EVENT))
    rows = lake.rows(
        f"select u.a, u.t from {trail} cross join unnest(resources) as u(a, i, t) order by 1"
    )
    assert rows == [["arn:b", None], ["arn:o", "AWS::S3::Object"]]


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b'{"Records": [{}]}' * 50)[:-10],
        gzip.compress(b'{"Records": [{"a": }]}'),
        b"not gzip",
    ],
    ids=["truncated", "not JSON", "not gzip"],
)
def test_a_broken_file_fails_the_query_and_is_named(lake: Any, trail: str, body: bytes) -> None:
    lake.put(f"{trail}/1.json.gz", records(EVENT))
    lake.put(f"{trail}/bad.json.gz", body)
    reason = lake.reason(f"select * from {trail}")
    assert reason.startswith("HIVE_")
    assert f"s3://{lake.bucket}/{trail}/bad.json.gz" in reason
