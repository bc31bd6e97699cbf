"""AWS in China and AWS GovCloud: ARNs of their own, Regions of their own, the same verdicts."""

import json
from datetime import UTC, datetime

import boto3
import pytest

from lacuna.access_log import targets, weaknesses
from lacuna.access_log.sources import Source
from lacuna.access_log.targets import Existence, TargetConfig
from lacuna.aws.session import Account
from lacuna.aws.trails import read_stores
from lacuna.lake import lake
from lacuna.refusals import Refusal, why_unread
from lacuna.settings import Settings
from lacuna.steps import snapshot
from lacuna.tables.evidence import LOGGING_SNAPSHOTS
from lacuna.trail import coverage
from lacuna.trail.recorders import Trail, TrailStatus
from lacuna.trail.selectors import FieldSelector, Selector, basic_selector

ACCOUNT = "123456789012"
OBSERVED_AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
HOMES = {"aws": "eu-west-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
ELSEWHERE = [(one, other) for one in HOMES for other in HOMES if one != other]


def delivery_policy(partition: str, service: str = "logging.s3.amazonaws.com") -> str:
    arn = f"arn:{partition}:s3:::"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "s3:PutObject",
        "Resource": f"{arn}logs/web/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"{arn}photos"},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def verdict(partition: str, policy: str) -> tuple[str, tuple[str, ...]]:
    source = Source(
        "photos", HOMES[partition], ACCOUNT, "web/", "delivery_time", partition=partition
    )
    target = TargetConfig("logs", Existence.OURS, HOMES[partition], policy)
    assert weaknesses.judge(source, target, [targets.log_key(source)], {"logs": None}, 90) == ()
    found = targets.judge(source, target)
    return found.state, found.reasons


@pytest.mark.parametrize("partition", HOMES)
def test_logs_are_let_in_by_a_policy_of_the_partition(partition):
    assert verdict(partition, delivery_policy(partition)) == ("deliverable", ())


@pytest.mark.parametrize(("partition", "other"), ELSEWHERE)
def test_a_policy_of_another_partition_has_a_reason_of_its_own(partition, other):
    reasons = ("target_policy_other_partition",)
    assert verdict(partition, delivery_policy(other)) == ("broken", reasons)


@pytest.mark.parametrize("partition", HOMES)
def test_the_log_service_has_one_name_in_every_partition(partition):
    policy = delivery_policy(partition, "logging.s3.amazonaws.com.cn")
    assert verdict(partition, policy) == ("broken", ("target_policy_missing",))


@pytest.mark.parametrize("region", ["cn-north-1", "cn-northwest-1", "us-gov-east-1"])
def test_unknown_credentials_are_unreadable_if_every_region_is_enabled(region):
    refused = Refusal("GetBucketLogging", "InvalidToken")
    assert why_unread(refused, region) == "logging_unreadable"


def recorded(partition: str, selector: Selector | None) -> tuple[str, str]:
    assert selector is not None
    region = HOMES[partition]
    trail = Trail(
        arn=f"arn:{partition}:cloudtrail:{region}:{ACCOUNT}:trail/main",
        name="main",
        home_region=region,
        is_multi_region=True,
        log_bucket="trail-logs",
        selectors=(selector,),
        statuses={region: TrailStatus(is_logging=True)},
    )
    found = coverage.judge("photos", region, [trail], partition=partition)
    return found.reads, found.writes


@pytest.mark.parametrize("partition", HOMES)
def test_selectors_of_the_partition_cover(partition):
    for value in (f"arn:{partition}:s3", f"arn:{partition}:s3:::photos/"):
        selector = basic_selector("All", [("AWS::S3::Object", [value])])
        assert recorded(partition, selector) == ("covered", "covered")
    prefix = FieldSelector("resources.ARN", starts_with=(f"arn:{partition}:s3:::photos/",))
    assert recorded(partition, Selector((prefix,))) == ("covered", "covered")


@pytest.mark.parametrize(("partition", "other"), ELSEWHERE)
def test_selectors_of_another_partition_cover_nothing(partition, other):
    selector = basic_selector("All", [("AWS::S3::Object", [f"arn:{other}:s3:::"])])
    assert recorded(partition, selector) == ("not_covered", "not_covered")


@pytest.mark.parametrize(
    ("partition", "regions", "domain"),
    [
        ("aws-cn", {"cn-north-1", "cn-northwest-1"}, "amazonaws.com.cn"),
        ("aws-us-gov", {"us-gov-east-1", "us-gov-west-1"}, "amazonaws.com"),
    ],
)
def test_only_the_partition_is_asked_and_under_its_own_names(
    monkeypatch, partition, regions, domain
):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    home = HOMES[partition]
    account = Account(boto3.Session("a", "b", region_name=home), ACCOUNT, partition, home, 1)
    assert account.regions("cloudtrail") == regions
    for client in (account.s3(), account.cloudtrail(), account.s3control(), account.sts()):
        assert client.meta.endpoint_url.endswith(f".{home}.{domain}")


@pytest.fixture(params=["aws-cn", "aws-us-gov"])
def abroad(request, cloud, monkeypatch):
    """The settings of a run whose credentials are of another partition; its lake is there."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, HOMES[request.param])
    settings = Settings.from_env()
    lake.open_lake(settings).prepare()
    return request.param, settings


def test_an_account_of_another_partition_is_observed(cloud, abroad):
    partition, settings = abroad
    home = HOMES[partition]
    s3 = cloud.client("s3", home)
    for name in ("photos", "videos", "logs", "copied-logs"):
        cloud.bucket(name, home)
    s3.put_bucket_policy(Bucket="logs", Policy=delivery_policy(partition))
    elsewhere = delivery_policy("aws").replace("logs/", "copied-logs/").replace("photos", "videos")
    s3.put_bucket_policy(Bucket="copied-logs", Policy=elsewhere)
    for source, target in (("photos", "logs"), ("videos", "copied-logs")):
        enabled = {"TargetBucket": target, "TargetPrefix": "web/"}
        s3.put_bucket_logging(Bucket=source, BucketLoggingStatus={"LoggingEnabled": enabled})
    cloud.bucket("trail-logs", home)
    cloudtrail = cloud.client("cloudtrail", home)
    cloudtrail.create_trail(Name="main", S3BucketName="trail-logs", IsMultiRegionTrail=True)
    reads = {
        "ReadWriteType": "ReadOnly",
        "DataResources": [{"Type": "AWS::S3::Object", "Values": [f"arn:{partition}:s3:::photos/"]}],
    }
    cloudtrail.put_event_selectors(TrailName="main", EventSelectors=[reads])
    cloudtrail.start_logging(Name="main")

    assert snapshot.observe(settings, OBSERVED_AT) == 6
    found = lake.open_lake(settings).read(LOGGING_SNAPSHOTS, {"observed_on": OBSERVED_AT.date()})
    rows = {row["bucket_name"]: row for row in found}
    assert (rows["photos"]["region"], rows["photos"]["target_state"]) == (home, "deliverable")
    assert (rows["photos"]["read_coverage"], rows["photos"]["write_coverage"]) == (
        "covered",
        "not_covered",
    )
    assert rows["videos"]["reasons"] == ["target_policy_other_partition"]
    assert rows["videos"]["weaknesses"] == [
        "target_not_versioned",
        "target_public_access_not_blocked",
    ]


def test_a_store_of_the_partitions_other_region_is_found(cloud, abroad):
    partition, settings = abroad
    other = {"aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-east-1"}[partition]
    arn = cloud.store("lake", other)
    account = lake.open_lake(settings).account
    assert account.partition == partition
    assert [one.arn for one in read_stores(account, {HOMES[partition]}).stores] == [arn]
    assert arn.startswith(f"arn:{partition}:")
