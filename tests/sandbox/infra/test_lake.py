"""The lake of infra/lacuna.yaml: private, and its evidence kept from whoever writes it.

That S3 enforces a policy or a lifecycle rule is S3's; what is asked here is what S3 was told.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from lacuna.aws.session import AccountError
from lacuna.lake import lake
from lacuna.lake.probes import SCRATCH
from lacuna.lake.shards import new_attempt
from lacuna.settings import Settings
from lacuna.tables import evidence, raw
from tests.sandbox.infra.conftest import Cloud
from tests.sandbox.infra.guarded import actions, permits
from tests.sandbox.infra.test_role import LAKE, deploy
from tests.support import REPO

BUCKET = LAKE.rpartition(":")[2]
DAY = date(2026, 11, 20)
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def rules(cloud: Cloud) -> list[dict[str, Any]]:
    found = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert {rule["Status"] for rule in found} == {"Enabled"}
    return list(found)


def test_the_lake_is_private_and_versioned(cloud: Cloud) -> None:
    deploy(cloud)
    s3 = cloud.client("s3")
    blocked = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert list(blocked.values()) == [True] * 4
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"


def test_versions_of_evidence_outlive_those_of_what_is_derived_from_it(cloud: Cloud) -> None:
    deploy(cloud)
    kept = {
        rule["Filter"]["Prefix"]: rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules(cloud)
        if "NoncurrentVersionExpiration" in rule
    }
    assert kept == {"evidence/": 400, "marts/": 7, "staging/": 7, "raw/": 7, "athena-results/": 1}


def test_every_folder_of_the_lake_has_one_rule_for_its_old_versions(cloud: Cloud) -> None:
    """S3 takes the fewer days of two rules, and without a rule a version stays for good."""
    deploy(cloud)
    made = lake.open_lake(Settings.from_env())
    dbt = (REPO / "dbt_project" / "dbt_project.yml").read_text()
    places = {
        *(made.location(table) for table in evidence.TABLES),
        *(partition.location for partition in raw.access_log_partitions(BUCKET, DAY, 1)),
        f"s3://{BUCKET}/{new_attempt(DAY)}",
        f"s3://{BUCKET}/{raw.copies_prefix(DAY)}",
        f"s3://{BUCKET}/{SCRATCH}",
        *(f"s3://{BUCKET}/{one}/a" for one in ("marts", "staging") if f"}}}}/{one}" in dbt),
    }
    assert {place.split("/")[3] for place in places} == {
        *("evidence", "raw", "athena-results", "marts", "staging")
    }
    for place in places:
        key = place.removeprefix(f"s3://{BUCKET}/")
        counted = [
            rule["ID"]
            for rule in rules(cloud)
            if "NoncurrentVersionExpiration" in rule and key.startswith(rule["Filter"]["Prefix"])
        ]
        assert len(counted) == 1, place


def test_no_rule_expires_a_table(cloud: Cloud) -> None:
    deploy(cloud)
    expiring = {
        rule["Filter"]["Prefix"]: rule["Expiration"]["Days"]
        for rule in rules(cloud)
        if "Days" in rule.get("Expiration", {})
    }
    assert expiring == {"athena-results/": 30, "raw/": 90}


def test_the_writer_of_evidence_can_remove_no_version_of_it(cloud: Cloud) -> None:
    granted = actions(deploy(cloud))
    policy = json.loads(cloud.client("s3").get_bucket_policy(Bucket=BUCKET)["Policy"])
    (denied,) = (one for one in policy["Statement"] if one["Sid"] == "KeepEvidenceFromItsWriter")
    (role,) = cloud.client("iam").list_roles()["Roles"]
    assert denied["Effect"] == "Deny"
    assert denied["Principal"] == {"AWS": role["Arn"]}
    assert denied["Resource"] == [LAKE, f"{LAKE}/*"]
    assert "Condition" not in denied
    assert {
        "s3:DeleteObjectVersion",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutLifecycleConfiguration",
    } <= set(denied["Action"])
    # and no run misses what is denied
    assert not granted & set(denied["Action"])


def test_evidence_is_locked_for_the_days_that_were_asked_and_nothing_else_is(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted = deploy(cloud, EvidenceLockDays="30")
    monkeypatch.setenv("LACUNA_EVIDENCE_LOCK_DAYS", "30")
    s3, made = cloud.client("s3"), lake.open_lake(Settings.from_env())
    made.prepare()
    row = evidence.ParsedDay(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    for _ in range(2):  # a rerun writes over it, and its first version stays
        made.write(evidence.PARSED_DAYS, [row], {"delivered_on": DAY})
    made.show_manifests(DAY, [])
    made.write_file(evidence.PARSED_DAYS, [row], key := f"{new_attempt(DAY)}a")
    made.show(evidence.LOG_OBJECTS, DAY, [key])
    locks = {
        version["Key"].partition("/")[0]: s3.head_object(
            Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"]
        ).get("ObjectLockMode")
        for version in s3.list_object_versions(Bucket=BUCKET)["Versions"]
    }
    assert locks == {"evidence": "GOVERNANCE", "raw": None, "staging": None}
    assert made.read(evidence.PARSED_DAYS, {"delivered_on": DAY})
    assert permits(granted, "s3:PutObjectRetention", f"{LAKE}/evidence/a")
    assert not permits(granted, "s3:PutObjectRetention", f"{LAKE}/marts/a")


def test_a_lake_without_object_lock_is_refused_if_evidence_is_to_be_locked(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "s3:PutObjectRetention" not in actions(deploy(cloud))
    lake.open_lake(Settings.from_env()).check()
    monkeypatch.setenv("LACUNA_EVIDENCE_LOCK_DAYS", "30")
    with pytest.raises(AccountError, match=r"LACUNA_EVIDENCE_LOCK_DAYS.*must have Object Lock"):
        lake.open_lake(Settings.from_env()).check()
    monkeypatch.setenv("LACUNA_LAKE_BUCKET", "a-new-lake")
    lake.open_lake(Settings.from_env()).prepare()
    lake.open_lake(Settings.from_env()).check()


def test_a_key_encrypts_the_lake_and_the_role_may_use_it(cloud: Cloud) -> None:
    granted = deploy(cloud, KmsKeyArn=KEY)
    answer = cloud.client("s3").get_bucket_encryption(Bucket=BUCKET)
    (rule,) = answer["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": KEY,
    }
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert permits(granted, action, KEY)
        assert not permits(granted, action, f"{KEY}-of-others")


def test_without_a_key_the_lake_is_encrypted_by_s3(cloud: Cloud) -> None:
    granted = deploy(cloud)
    answer = cloud.client("s3").get_bucket_encryption(Bucket=BUCKET)
    (rule,) = answer["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert not [action for action in actions(granted) if action.startswith("kms:")]


def test_the_lake_logs_into_the_log_bucket_that_is_named(cloud: Cloud) -> None:
    cloud.deploy("log_bucket", BucketName="acme-logs")
    deploy(cloud, LogBucketName="acme-logs")
    row = cloud.observed()[BUCKET]
    assert (row["logging_state"], row["target_bucket"]) == ("on", "acme-logs")
    assert (row["target_prefix"], row["key_layout"]) == ("access-logs/", "delivery_time")
    assert (row["target_state"], row["reasons"], row["weaknesses"]) == ("deliverable", [], [])


def test_without_a_log_bucket_the_lake_is_not_logged(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.observed()[BUCKET]["logging_state"] == "off"


def test_the_lake_can_have_a_name_of_the_accounts_own(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(cloud, AccountNamespace="true")
    monkeypatch.setenv("LACUNA_LAKE_BUCKET", f"{BUCKET}-an")
    lake.open_lake(Settings.from_env()).prepare()
    names = [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]]
    assert names == [f"{BUCKET}-an"]
