"""What CloudWatch receives: access logs of buckets, and CloudTrail's events through channels."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

DATA = [
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
]
SELECTORS = [{"Name": "objects", "FieldSelectors": DATA}]


def client(service: str, region: str = "us-east-1") -> Any:
    return boto3.Session(region_name=region).client(service)


@pytest.fixture
def buckets(sandbox: Any) -> list[str]:
    names = [f"delivered-{number:02}" for number in range(60)]
    for name in names:
        client("s3").create_bucket(Bucket=name)
    return names


def deliver(bucket: str) -> str:
    logs = client("logs")
    destination = logs.put_delivery_destination(
        name=f"to-{bucket}",
        deliveryDestinationConfiguration={
            "destinationResourceArn": "arn:aws:logs:us-east-1:123456789012:log-group:access"
        },
    )["deliveryDestination"]
    logs.put_delivery_source(
        name=bucket, resourceArn=f"arn:aws:s3:::{bucket}", logType="S3_SERVER_ACCESS_LOGS"
    )
    answer = logs.create_delivery(
        deliverySourceName=bucket, deliveryDestinationArn=destination["arn"]
    )
    return str(answer["delivery"]["id"])


def test_the_access_logs_of_buckets_are_delivered_and_listed_in_pages(buckets: list[str]) -> None:
    for name in buckets:
        deliver(name)
    logs = client("logs")
    first = logs.describe_delivery_sources()
    assert len(first["deliverySources"]) == 50
    found = [
        source
        for page in logs.get_paginator("describe_delivery_sources").paginate()
        for source in page["deliverySources"]
    ]
    assert [source["resourceArns"] for source in found] == [[f"arn:aws:s3:::{b}"] for b in buckets]
    assert {(one["service"], one["logType"], one["status"]) for one in found} == {
        ("s3", "S3_SERVER_ACCESS_LOGS", "ACTIVE")
    }
    deliveries = logs.describe_deliveries(deliverySourceNames=[buckets[7]])["deliveries"]
    assert [one["deliverySourceName"] for one in deliveries] == [buckets[7]]
    client("s3").delete_bucket(Bucket=buckets[0])
    gone = logs.describe_delivery_sources(resourceArns=[f"arn:aws:s3:::{buckets[0]}"])
    assert [one["statusReason"] for one in gone["deliverySources"]] == ["RESOURCE_DELETED"]


def test_a_bucket_of_another_region_is_no_source(buckets: list[str]) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client("logs", "eu-west-1").put_delivery_source(
            name="far", resourceArn=f"arn:aws:s3:::{buckets[0]}", logType="S3_SERVER_ACCESS_LOGS"
        )


def create_rule(name: str, resource_type: str, **settings: Any) -> str:
    rule = {"ResourceType": resource_type, "TelemetryType": "Logs"}
    destination = {"DestinationType": "cloud-watch-logs"} | settings.pop("destination", {})
    answer = client("observabilityadmin").create_telemetry_rule(
        RuleName=name, Rule=rule | {"DestinationConfiguration": destination} | settings
    )
    return str(answer["RuleArn"])


def test_a_rule_for_cloudtrail_makes_a_channel_in_each_of_its_regions(sandbox: Any) -> None:
    rules = client("observabilityadmin")
    arn = create_rule(
        "trail",
        "AWS::CloudTrail",
        Regions=["eu-west-1"],
        destination={"CloudtrailParameters": {"AdvancedEventSelectors": SELECTORS}},
    )
    assert [one["RuleArn"] for one in rules.list_telemetry_rules()["TelemetryRuleSummaries"]] == [
        arn
    ]
    rule = rules.get_telemetry_rule(RuleIdentifier="trail")["TelemetryRule"]
    assert rule["ResourceType"] == "AWS::CloudTrail"
    for region in ("us-east-1", "eu-west-1"):
        cloudtrail = client("cloudtrail", region)
        (listed,) = cloudtrail.list_channels()["Channels"]
        channel = cloudtrail.get_channel(Channel=listed["ChannelArn"])
        assert channel["Name"] == "aws-service-channel/cloudwatch/trail"
        assert channel["Destinations"] == [{"Type": "AWS_SERVICE", "Location": "cloudwatch"}]
        assert channel["SourceConfig"]["AdvancedEventSelectors"] == SELECTORS
    assert client("cloudtrail", "us-west-2").list_channels()["Channels"] == []
    rules.delete_telemetry_rule(RuleIdentifier=arn)
    assert client("cloudtrail", "eu-west-1").list_channels()["Channels"] == []


def test_a_rule_for_buckets_delivers_the_access_log_of_each(sandbox: Any) -> None:
    client("s3").create_bucket(Bucket="of-a-rule")
    create_rule(
        "access",
        "AWS::S3::Bucket",
        destination={"LogDeliveryParameters": {"LogTypes": ["S3_SERVER_ACCESS_LOGS"]}},
    )
    sources = client("logs").describe_delivery_sources(resourceArns=["arn:aws:s3:::of-a-rule"])
    (source,) = sources["deliverySources"]
    assert client("logs").describe_deliveries(deliverySourceNames=[source["name"]])["deliveries"]


def test_what_the_sandbox_does_not_carry_is_refused(sandbox: Any) -> None:
    with pytest.raises(ClientError, match="SelectionCriteria"):
        create_rule("tagged", "AWS::S3::Bucket", SelectionCriteria="ResourceTags.a = 'b'")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client("observabilityadmin").get_telemetry_rule(RuleIdentifier="tagged")


def test_an_integration_is_a_channel_too(sandbox: Any) -> None:
    cloudtrail = client("cloudtrail")
    store = "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/any"
    arn = cloudtrail.create_channel(
        Name="partner",
        Source="Custom",
        Destinations=[{"Type": "EVENT_DATA_STORE", "Location": store}],
    )["ChannelArn"]
    assert cloudtrail.get_channel(Channel=arn)["Source"] == "Custom"
    with pytest.raises(ClientError, match="ChannelNotFoundException"):
        cloudtrail.get_channel(Channel="none")
