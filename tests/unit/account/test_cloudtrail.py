from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime

from sandbox.account import access_log, cloudtrail, traffic
from sandbox.account import clients as who
from sandbox.account.buckets import BY_NAME, Bucket
from sandbox.account.traffic import Burst, Request
from tests.unit.account.conftest import Made

NINE = 1772614800  # 2026-03-04T09:00:00Z
LAKE = BY_NAME["meridian-data-lake"]


def asked(act: str, client: who.Client = who.SPARK, bucket: Bucket = LAKE) -> Request:
    return next(traffic.burst(Burst(bucket, NINE, 60, 1, client, (act,)), random.Random(1)))


def test_an_event_has_the_members_of_a_data_event() -> None:
    request = asked("get", who.OPERATOR)
    [text] = cloudtrail.events(request)
    event = json.loads(text)
    assert event["eventSource"] == "s3.amazonaws.com"
    assert event["eventName"] == "GetObject"
    assert event["userIdentity"]["type"] == "IAMUser"
    assert event["requestParameters"]["bucketName"] == LAKE.name
    assert event["requestParameters"]["key"] == request.key
    assert event["readOnly"] is True
    assert event["managementEvent"] is False
    assert event["eventCategory"] == "Data"
    assert event["eventType"] == "AwsApiCall"
    assert event["userAgent"] == f"[{request.user_agent}]"
    assert event["resources"][0]["ARN"] == f"{LAKE.arn}/{request.key}"
    assert event["tlsDetails"]["tlsVersion"] == "TLSv1.2"
    assert "errorCode" not in event


def test_both_logs_name_the_request_by_the_same_ids() -> None:
    request = asked("put")
    event = json.loads(cloudtrail.events(request)[0])
    line = access_log.entry(request).text
    assert re.fullmatch("[A-Z0-9]{16}", event["requestID"])
    assert len(event["additionalEventData"]["x-amz-id-2"]) == 76
    assert f" {event['requestID']} " in line
    assert f" {event['additionalEventData']['x-amz-id-2']} " in line


def test_an_event_is_timed_by_its_end() -> None:
    request = asked("multipart", who.UPLOADER)._replace(received=NINE, completed=NINE + 9)
    assert json.loads(cloudtrail.events(request)[0])["eventTime"] == "2026-03-04T09:00:09Z"


def test_keys_are_plain_text_in_events() -> None:
    key = 'say "hi" \x1b 50%.txt'
    event = json.loads(cloudtrail.events(asked("get")._replace(key=key))[0])
    assert event["requestParameters"]["key"] == key


def test_a_batch_delete_has_an_event_and_a_service_event_a_key() -> None:
    request = asked("multi_delete")
    first, *others = (json.loads(text) for text in cloudtrail.events(request))
    assert first["eventName"] == "DeleteObjects"
    assert "key" not in first["requestParameters"]
    assert [other["requestParameters"]["key"] for other in others] == list(request.batch_keys)
    assert {other["eventType"] for other in others} == {"AwsServiceEvent"}
    assert len({first["eventID"], *(other["eventID"] for other in others)}) == 1 + len(others)


def test_a_copy_is_one_event_that_names_both_objects() -> None:
    [text] = cloudtrail.events(asked("copy"))
    arns = [resource.get("ARN", "") for resource in json.loads(text)["resources"]]
    assert sum("meridian-app-uploads" in arn for arn in arns) == 1


def test_a_denied_stranger_is_anonymous() -> None:
    event = json.loads(cloudtrail.events(asked("denied", who.SCANNER))[0])
    assert event["errorCode"] == "AccessDenied"
    assert event["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": "",
        "accountId": "anonymous",
    }


def test_the_trail_records_what_its_selectors_name() -> None:
    features, builds = BY_NAME["meridian-ml-features"], BY_NAME["meridian-build-artifacts"]
    assert cloudtrail.is_recorded(asked("get"))
    assert cloudtrail.is_recorded(asked("put", who.SPARK, features))
    assert not cloudtrail.is_recorded(asked("get", who.SPARK, features))
    assert not cloudtrail.is_recorded(asked("put", who.SPARK, builds))
    assert cloudtrail.is_recorded(asked("logging_status", who.OPERATOR, builds))
    backups = BY_NAME["meridian-backups"]
    assert cloudtrail.is_recorded(asked("put", who.BACKUP, backups))
    assert not cloudtrail.is_recorded(asked("delete", who.BACKUP, backups))
    shared = asked("get", who.ANALYST, BY_NAME["meridian-eu-analytics"])
    assert cloudtrail.is_recorded(shared._replace(key="shared/a.ipynb"))
    assert not cloudtrail.is_recorded(shared._replace(key="drafts/a.ipynb"))


def test_the_trail_never_sees_what_only_the_access_log_sees() -> None:
    assert not cloudtrail.is_recorded(asked("bad_signature", who.STRANGER))
    assert not cloudtrail.is_recorded(asked("website", who.WEB_VISITOR))
    assert not cloudtrail.is_recorded(asked("lifecycle", who.LIFECYCLE))
    assert not cloudtrail.is_recorded(asked("redirect", who.VISITOR))


def test_files_are_named_by_the_moment_they_arrive(made: Made) -> None:
    for one in made.trail_files:
        at = datetime.fromtimestamp(one.delivered_at, UTC)
        region = one.key.split("/")[3]
        assert re.fullmatch(
            f"AWSLogs/123456789012/CloudTrail/{region}/{at:%Y/%m/%d}/"
            rf"123456789012_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_[A-Za-z0-9]{{16}}\.json\.gz",
            one.key,
        )


def test_events_arrive_soon_in_the_file_of_their_region(made: Made) -> None:
    ids = [event["eventID"] for event in made.events]
    assert len(ids) == len(set(ids))
    assert {event["awsRegion"] for event in made.events} == {"us-east-1", "eu-west-1"}
    assert {event["eventCategory"] for event in made.events} == {"Data", "Management"}
