"""Observing what protects each bucket, through the APIs, in the sandbox."""

import json
import urllib.request
from dataclasses import replace
from datetime import timedelta

import pytest

from lacuna.aws import session
from lacuna.lake import lake
from lacuna.protection.controls import Control
from lacuna.steps import protection
from lacuna.tables.protection import PROTECTION_STATES
from tests.sandbox.lacuna.conftest import OBSERVED_AT
from tests.support.account import ACCOUNT, REGION

PUBLIC = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::photos/*",
        }
    ],
}


@pytest.fixture
def protected(settings):
    """Observe, and read back what was written, by (bucket, control); the newest row of each."""

    def look(at=OBSERVED_AT, **changed):
        protection.observe(replace(settings, **changed), lambda: at)
        written = lake.open_lake(settings).read(PROTECTION_STATES, {"observed_on": at.date()})
        written.sort(key=lambda row: row["observed_at"])
        return {(row["bucket_name"], row["control"]): row for row in written}

    return look


def everything(cloud):
    """A bucket for which every control has something to say."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="photos", ObjectLockEnabledForBucket=True)
    rules = [
        {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "t/"}, "Expiration": {"Days": 9}}
    ]
    s3.put_bucket_lifecycle_configuration(Bucket="photos", LifecycleConfiguration={"Rules": rules})
    s3.put_bucket_website(
        Bucket="photos", WebsiteConfiguration={"IndexDocument": {"Suffix": "i.html"}}
    )
    s3.put_bucket_policy(Bucket="photos", Policy=json.dumps(PUBLIC))
    s3.put_bucket_encryption(
        Bucket="photos",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    flags = {"BlockPublicAcls": True, "IgnorePublicAcls": True}
    s3.put_public_access_block(Bucket="photos", PublicAccessBlockConfiguration=flags)
    place = {"Bucket": "arn:aws:s3:::lists", "Format": "CSV"}
    s3.put_bucket_inventory_configuration(
        Bucket="photos",
        Id="keys",
        InventoryConfiguration={
            "Id": "keys",
            "IsEnabled": True,
            "Destination": {"S3BucketDestination": place},
            "Schedule": {"Frequency": "Daily"},
            "IncludedObjectVersions": "All",
        },
    )
    cloud_control(cloud).create_access_point(AccountId=ACCOUNT, Name="door", Bucket="photos")


def cloud_control(cloud):
    """S3 Control without the account in the host's name, which no sandbox has."""
    client = cloud.client("s3control")
    client.meta.events.register("before-sign.s3-control", session._address_without_account)
    return client


def calls(cloud):
    with urllib.request.urlopen(f"{cloud.url}/_sandbox/calls") as answer:
        return json.load(answer)


def test_every_control_of_a_bucket_is_read(cloud, protected):
    everything(cloud)
    rows = protected()
    said = {control: rows["photos", control] for control in Control if ("photos", control) in rows}
    assert set(said) == set(Control) - {Control.ACCOUNT_PUBLIC_ACCESS_BLOCK}
    assert all(row["error_code"] is None for row in rows.values())
    opened = {control for control, row in said.items() if row["openings"]}
    assert opened == {
        *(Control.POLICY, Control.OWNERSHIP, Control.LIFECYCLE),
        *(Control.WEBSITE, Control.INVENTORY, Control.ACCESS_POINT),
    }
    assert said[Control.PUBLIC_ACCESS_BLOCK]["guards"] == ["BlockPublicAcls", "IgnorePublicAcls"]
    assert said[Control.ENCRYPTION]["guards"] == ["encrypts with aws:kms"]
    assert said[Control.VERSIONING]["guards"] == ["versions are kept"]
    assert said[Control.OBJECT_LOCK]["guards"] == ["locks are possible"]
    assert said[Control.POLICY]["openings"][0] == "public, as S3 judges it"


def test_a_bucket_takes_at_most_twelve_calls(cloud, protected):
    protected()  # opens the account and the lake
    empty = calls(cloud)
    protected(OBSERVED_AT + timedelta(days=1))
    before = calls(cloud)
    everything(cloud)
    cloud.client("s3", REGION).list_buckets()
    configured = calls(cloud)
    protected(OBSERVED_AT + timedelta(days=2))
    after = calls(cloud)

    def made(later, earlier):
        names = {"Get", "List", "Head"}
        return sum(
            count - earlier.get(name, 0)
            for name, count in later.items()
            if name.rpartition(":")[2].startswith(tuple(names))
        )

    assert 10 < made(after, configured) - made(before, empty) <= 12


def test_the_accounts_own_block_is_a_row_without_a_bucket(cloud, protected):
    assert protected()[None, Control.ACCOUNT_PUBLIC_ACCESS_BLOCK]["guards"] == []
    cloud_control(cloud).put_public_access_block(
        AccountId=ACCOUNT,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            True,
        ),
    )
    row = protected(OBSERVED_AT + timedelta(days=1))[None, Control.ACCOUNT_PUBLIC_ACCESS_BLOCK]
    assert (len(row["guards"]), row["region"], row["account_id"]) == (4, None, ACCOUNT)


@pytest.mark.parametrize(
    ("operation", "control", "permission"),
    [
        ("GetBucketPolicy", Control.POLICY, "s3:GetBucketPolicy"),
        ("GetBucketPolicyStatus", Control.POLICY, "s3:GetBucketPolicyStatus"),
        ("GetBucketAcl", Control.ACL, "s3:GetBucketAcl"),
        ("GetBucketVersioning", Control.VERSIONING, "s3:GetBucketVersioning"),
        ("GetBucketReplication", Control.REPLICATION, "s3:GetReplicationConfiguration"),
        ("GetBucketWebsite", Control.WEBSITE, "s3:GetBucketWebsite"),
        ("ListBucketInventoryConfigurations", Control.INVENTORY, "s3:GetInventoryConfiguration"),
    ],
)
def test_a_control_that_may_not_be_read_is_unknown_and_says_why(
    cloud, protected, operation, control, permission
):
    everything(cloud)
    cloud.faults(
        {"operation": operation, "resource": "photos", "error": "AccessDenied", "status": 403}
    )
    rows = protected()
    row = rows["photos", control]
    assert (row["error_code"], row["error_operation"]) == ("AccessDenied", operation)
    assert row["missing_permission"] == permission
    assert (row["openings"], row["guards"], row["is_public"]) == ([], [], None)
    refused = {key for key, row in rows.items() if row["error_code"]}
    assert refused == {("photos", control)}


def test_access_points_that_may_not_be_listed_are_unknown_for_each_bucket(cloud, protected):
    everything(cloud)
    cloud.faults({"operation": "ListAccessPoints", "error": "AccessDenied", "status": 403})
    rows = protected()
    refused = {key for key, row in rows.items() if row["error_code"]}
    assert refused == {
        (name, Control.ACCESS_POINT) for name in ("photos", "lacuna-lake-123456789012-us-east-1")
    }
    assert rows["photos", Control.ACCESS_POINT]["missing_permission"] == "s3:ListAccessPoints"


def test_a_bucket_that_is_deleted_meanwhile_has_no_row(cloud, protected):
    cloud.bucket("photos")
    cloud.faults(
        {
            "operation": "GetBucketVersioning",
            "resource": "photos",
            "error": "NoSuchBucket",
            "status": 404,
        }
    )
    assert ("photos", Control.POLICY) not in protected()


def test_a_second_snapshot_of_a_day_adds_only_what_differs(cloud, protected, settings):
    cloud.bucket("photos")
    before = protected()
    later = OBSERVED_AT + timedelta(hours=3)
    assert protected(later) == before
    cloud.client("s3").put_bucket_versioning(
        Bucket="photos", VersioningConfiguration={"Status": "Enabled"}
    )
    after = protected(later)
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {("photos", Control.VERSIONING)}
    written = lake.open_lake(settings).read(PROTECTION_STATES, {"observed_on": later.date()})
    assert len(written) == len(before) + 1


def test_nothing_is_read_if_it_is_switched_off(cloud, protected):
    cloud.bucket("photos")
    before = cloud.calls("GetBucketVersioning")
    assert protected(protection_snapshot="off") == {}
    assert cloud.calls("GetBucketVersioning") == before
