"""What a snapshot costs and what it hides, through the APIs, in the sandbox."""

import json
import urllib.request
from collections import Counter
from dataclasses import replace

import pytest

from lacuna.steps import snapshot
from tests.sandbox.lacuna.conftest import OBSERVED_AT

# What writing evidence asks of S3, beside Glue
WRITING = {"s3:ListObjectsV2", "s3:PutObject", "s3:DeleteObjects"}


@pytest.fixture
def counted(cloud):
    """The calls that something makes, by operation, as the endpoint counts them."""

    def count(work):
        before = calls(cloud)
        work()
        return calls(cloud) - before

    return count


def calls(cloud):
    with urllib.request.urlopen(f"{cloud.url}/_sandbox/calls") as answer:
        return Counter(json.load(answer))


def tag(cloud, bucket, value, region="us-east-1", key="sensitivity"):
    cloud.client("s3", region).put_bucket_tagging(
        Bucket=bucket, Tagging={"TagSet": [{"Key": key, "Value": value}]}
    )


def many(cloud, log_buckets, sources):
    for number in range(log_buckets):
        cloud.sound_log_bucket(f"logs-{number}")
    for number in range(sources):
        cloud.log_to(cloud.bucket(f"source-{number}"), f"logs-{number % log_buckets}", f"{number}/")


def test_a_snapshot_costs_little_more_than_a_call_a_bucket(cloud, settings, counted):
    # 60 with the trail's log bucket and the lake
    many(cloud, log_buckets=3, sources=55)
    cloud.trail("main", "trail-logs")
    tag(cloud, "source-7", "high")
    everywhere = replace(settings, store_regions=())
    spent = counted(lambda: snapshot.observe(everywhere, OBSERVED_AT))
    written = sum(count for name, count in spent.items() if name in WRITING or "glue:" in name)
    # these are asked for in every Region, however many buckets there are
    regions = spent.pop("cloudtrail:ListEventDataStores")
    assert 20 < regions < 50
    assert spent.pop("cloudtrail:ListChannels") == regions
    # of the Region of the buckets
    assert spent["logs:DescribeDeliverySources"] == 1
    assert sum(spent.values()) - written <= 1.2 * 60 + 8 * 3, spent
    # two tables, whatever the number of buckets
    assert written <= 16, spent
    assert spent["s3:GetBucketLogging"] == 60
    assert (spent["tagging:GetResources"], spent["s3:GetBucketTagging"]) == (1, 0)


def test_tags_are_asked_for_in_every_region_that_has_buckets_and_beyond_one_page(
    cloud, observed, counted
):
    for number in range(120):
        tag(cloud, cloud.bucket(f"bucket-{number}"), f"level-{number}")
    tag(cloud, cloud.bucket("far", "eu-west-1"), "high", "eu-west-1")
    tag(cloud, cloud.bucket("other"), "high", key="owner")
    found = {}
    spent = counted(lambda: found.update(observed()))
    assert {name: row["sensitivity"] for name, row in found.items()} == {
        **{f"bucket-{number}": f"level-{number}" for number in range(120)},
        "far": "high",
        "other": None,
        "lacuna-lake-123456789012-us-east-1": None,
    }
    assert spent["tagging:GetResources"] == 3
    assert spent["s3:GetBucketTagging"] == 0


def test_where_the_tags_of_many_are_refused_each_bucket_is_asked_and_that_is_said(
    cloud, observed, counted, caplog
):
    tag(cloud, cloud.bucket("photos"), "high")
    cloud.faults({"operation": "GetResources", "error": "AccessDeniedException", "status": 400})
    found = {}
    spent = counted(lambda: found.update(observed()))
    assert found["photos"]["sensitivity"] == "high"
    assert spent["s3:GetBucketTagging"] == len(found) == 2
    assert (
        "us-east-1: GetResources refused (AccessDeniedException), tag:GetResources is not allowed; "
        "the tags of its buckets are read one by one"
    ) in caplog.text


GONE = {"operation": "GetBucketLogging", "error": "NoSuchBucket", "status": 404}


def test_a_bucket_that_was_deleted_since_it_was_listed_is_no_bucket_of_the_account(
    cloud, observed, caplog
):
    caplog.set_level("INFO")
    cloud.bucket("photos")
    cloud.bucket("short-lived")
    cloud.faults(GONE | {"resource": "short-lived"})
    assert set(observed()) == {"photos", "lacuna-lake-123456789012-us-east-1"}
    assert "short-lived was deleted while the account was read" in caplog.text


def test_a_target_that_is_deleted_while_it_is_read_is_missing(cloud, observed):
    cloud.log_to(cloud.bucket("photos"), cloud.sound_log_bucket("logs"))
    cloud.faults(
        {
            "operation": "GetBucketPolicy",
            "resource": "logs",
            "error": "NoSuchBucket",
            "status": 404,
        }
    )
    photos = observed()["photos"]
    assert (photos["target_state"], photos["reasons"]) == ("broken", ["target_missing"])


@pytest.mark.long
def test_what_is_throttled_to_the_end_is_unknown_and_needs_no_permission(
    cloud, observed, soon_tired
):
    """Waits for every retry. tests/unit/access_log/test_targets.py proves the reason by itself."""
    cloud.bucket("busy")
    cloud.bucket("photos")
    cloud.faults(
        {"operation": "GetBucketLogging", "resource": "busy", "error": "SlowDown", "status": 503}
    )
    rows = observed()
    busy = rows["busy"]
    assert (busy["logging_state"], busy["reasons"]) == ("unknown", ["logging_throttled"])
    assert (busy["error_code"], busy["missing_permission"]) == ("SlowDown", None)
    assert rows["photos"]["logging_state"] == "off"


@pytest.mark.parametrize(
    ("operation", "resource", "permission"),
    [
        ("GetBucketLogging", "photos", "s3:GetBucketLogging"),
        ("GetBucketEncryption", "logs", "s3:GetEncryptionConfiguration"),
    ],
)
def test_a_denied_call_names_the_missing_permission(
    cloud, observed, operation, resource, permission
):
    cloud.log_to(cloud.bucket("photos"), cloud.sound_log_bucket("logs"))
    cloud.faults(
        {"operation": operation, "resource": resource, "error": "AccessDenied", "status": 403}
    )
    rows = observed()
    assert rows["photos"]["missing_permission"] == permission
    assert rows["logs"]["missing_permission"] is None
