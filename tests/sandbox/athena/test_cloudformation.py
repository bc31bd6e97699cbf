"""Stacks in the sandbox: what moto would leave out of them is there, and what would still be is refused."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

_numbers = itertools.count()


@pytest.fixture
def stacks(sandbox: Any) -> Any:
    return boto3.client("cloudformation")


@pytest.fixture
def name() -> str:
    return f"of-a-stack-{next(_numbers)}"


@pytest.fixture
def deploy(stacks: Any, name: str) -> Callable[..., None]:
    def create(**resources: Any) -> None:
        stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))

    return create


def bucket(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **properties}}


def test_a_property_that_would_be_dropped_is_refused(deploy: Any, name: str) -> None:
    with pytest.raises(ClientError, match=r"ValidationError.*AccelerateConfiguration"):
        deploy(Bucket=bucket(name, AccelerateConfiguration={"AccelerationStatus": "Enabled"}))


def test_a_part_of_a_lifecycle_rule_that_would_be_dropped_is_refused(
    deploy: Any, name: str
) -> None:
    rule = {"Status": "Enabled", "ExpirationDate": "2030-01-01"}
    with pytest.raises(ClientError, match=r"ValidationError.*ExpirationDate"):
        deploy(Bucket=bucket(name, LifecycleConfiguration={"Rules": [rule]}))


def test_the_logging_of_a_bucket_is_that_of_the_template(deploy: Any, name: str) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=f"{name}-logs")
    layout = {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}}
    logging = {"DestinationBucketName": f"{name}-logs", "TargetObjectKeyFormat": layout}
    deploy(Bucket=bucket(name, LoggingConfiguration=logging))
    assert s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]["TargetObjectKeyFormat"] == layout


def test_a_change_reaches_the_resources(stacks: Any, deploy: Any, name: str) -> None:
    def of(cutoff: int, versioning: str) -> dict[str, Any]:
        configuration = {"BytesScannedCutoffPerQuery": cutoff}
        properties = {"Name": name, "WorkGroupConfiguration": configuration}
        return {
            "Group": {"Type": "AWS::Athena::WorkGroup", "Properties": properties},
            "Bucket": bucket(name, VersioningConfiguration={"Status": versioning}),
        }

    deploy(**of(10_000_000, "Enabled"))
    changed = json.dumps({"Resources": of(20_000_000, "Suspended")})
    stacks.update_stack(StackName=name, TemplateBody=changed)
    group = boto3.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
    assert group["Configuration"]["BytesScannedCutoffPerQuery"] == 20_000_000
    assert boto3.client("s3").get_bucket_versioning(Bucket=name)["Status"] == "Suspended"


def test_a_stack_takes_its_resources_along(stacks: Any, deploy: Any, name: str) -> None:
    trail = {"TrailName": name, "S3BucketName": {"Ref": "Bucket"}, "IsLogging": True}
    deploy(
        Bucket=bucket(name),
        Trail={"Type": "AWS::CloudTrail::Trail", "Properties": trail},
    )
    cloudtrail = boto3.client("cloudtrail")
    assert cloudtrail.get_trail_status(Name=name)["IsLogging"]
    stacks.delete_stack(StackName=name)
    assert name not in {trail["Name"] for trail in cloudtrail.describe_trails()["trailList"]}


def test_what_is_no_value_is_left_out(deploy: Any, name: str) -> None:
    nothing = {"Ref": "AWS::NoValue"}
    rule = {"Id": "kept", "Status": "Enabled", "ExpirationInDays": 3, "Prefix": nothing}
    lifecycle = {"Rules": [nothing, rule]}
    deploy(
        Bucket=bucket(name, LoggingConfiguration=nothing, LifecycleConfiguration=lifecycle),
    )
    s3 = boto3.client("s3")
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=name)
    (kept,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (kept["ID"], kept["Filter"]) == ("kept", {"Prefix": ""})


def test_a_name_of_the_accounts_own_namespace_needs_it(deploy: Any, name: str) -> None:
    own = f"{name}-123456789012-us-east-1-an"
    with pytest.raises(ClientError, match=r"ValidationError.*namespace"):
        deploy(Bucket=bucket(own))


def test_a_bucket_is_made_in_the_accounts_own_namespace(deploy: Any, name: str) -> None:
    own = f"{name}-123456789012-us-east-1-an"
    deploy(Bucket=bucket(own, BucketNamespace="account-regional"))
    assert boto3.client("s3").head_bucket(Bucket=own)
