"""infra/member.yaml: Lacuna's role may take the role, and reads by it what it reads at home and nothing more."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.sandbox.infra.conftest import Cloud, template
from tests.sandbox.infra.guarded import Statements, holds, permits, role_statements

READER = "arn:aws:iam::123456789012:role/lacuna"
TRUSTED = {"ReaderArn": READER, "OrganizationId": "o-acme123456", "ExternalId": "secret-word"}


@pytest.fixture
def statements(cloud: Cloud) -> Statements:
    cloud.deploy(
        "member", **TRUSTED, LogBucketArns="arn:aws:s3:::shop-logs,arn:aws:s3:::shop-trail"
    )
    return role_statements(cloud.client("iam"))


def test_an_account_is_read_by_the_same_permissions_at_home_and_in_a_member() -> None:
    def reads(name: str) -> Any:
        policies = template(name)["Resources"]["Role"]["Properties"]["Policies"]
        return next(one for one in policies if one.get("PolicyName") == "read-the-account")

    assert reads("member") == reads("lacuna")


def test_lacuna_assumes_it_by_its_default_name(cloud: Cloud) -> None:
    outputs = cloud.deploy("member", **TRUSTED)
    assert outputs["RoleArn"].endswith(":role/lacuna-read")
    assert cloud.trust()["Principal"] == {"AWS": READER}


def test_only_the_organization_with_the_external_id_may_assume_it(cloud: Cloud) -> None:
    cloud.deploy("member", **TRUSTED)
    condition = cloud.trust()["Condition"]
    asked = {"aws:PrincipalOrgID": "o-acme123456", "sts:ExternalId": "secret-word"}
    assert condition == {"StringEquals": asked}
    assert holds(condition, asked)
    for key in asked:
        assert not holds(condition, asked | {key: "another"})


@pytest.mark.parametrize("name", ["OrganizationId", "ExternalId"])
def test_no_member_is_deployed_without_them(name: str) -> None:
    parameter = template("member")["Parameters"][name]
    assert "Default" not in parameter
    assert not re.fullmatch(parameter["AllowedPattern"], "")


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetBucketLogging", "arn:aws:s3:::payroll", True),
        ("s3:GetObject", "arn:aws:s3:::payroll/salaries.csv", False),
        ("s3:GetObject", "arn:aws:s3:::shop-logs/a", True),
        ("s3:ListBucket", "arn:aws:s3:::shop-trail", True),
        ("s3:PutObject", "arn:aws:s3:::shop-logs/a", False),
        ("s3:PutBucketLogging", "arn:aws:s3:::payroll", False),
    ],
)
def test_objects_are_read_in_log_buckets_and_nothing_is_written(
    statements: Statements, action: str, resource: str, allowed: bool
) -> None:
    assert permits(statements, action, resource) is allowed


def test_an_account_without_log_buckets_gives_no_object_away(cloud: Cloud) -> None:
    cloud.deploy("member", **TRUSTED)
    (role,) = cloud.client("iam").list_roles()["Roles"]
    names = cloud.client("iam").list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    assert names == ["read-the-account"]
