"""infra/remediation.yaml: the role may change what a plan changes, where it is told to, and read no object."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lacuna.settings import Settings
from lacuna.steps import remediate
from tests.sandbox.infra.conftest import Cloud, template
from tests.sandbox.infra.guarded import Statements, actions, permits, role_statements
from tests.sandbox.infra.test_role import LIBRARY, operations


@pytest.fixture
def outputs(cloud: Cloud) -> dict[str, str]:
    return cloud.deploy(
        "remediation",
        RunnerArn="arn:aws:iam::123456789012:role/airflow",
        LogBucketArns="arn:aws:s3:::acme-logs",
        SourceBucketArns="arn:aws:s3:::web-*",
    )


@pytest.fixture
def statements(cloud: Cloud, outputs: dict[str, str]) -> Statements:
    return role_statements(cloud.client("iam"))


def code_that_changes_buckets() -> list[ast.AST]:
    """The module aws/bucket_changes.py, and of aws/buckets.py each function that it reaches."""
    changes, buckets = (
        ast.parse((LIBRARY / "aws" / name).read_text())
        for name in ("bucket_changes.py", "buckets.py")
    )
    functions = {node.name: node for node in buckets.body if isinstance(node, ast.FunctionDef)}
    reached = [
        functions[node.attr]
        for node in ast.walk(changes)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "buckets"
        and node.attr in functions
    ]
    for function in reached:
        called = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        reached += [functions[name] for name in called & set(functions)]
        for name in called:
            functions.pop(name, None)
    return [changes, *reached]


def test_the_role_may_do_what_the_source_does_and_nothing_else(statements: Statements) -> None:
    named = set().union(*operations(only=code_that_changes_buckets()).values())
    assert named - actions(statements) == {"sts:AssumeRole"}
    assert actions(statements) <= named


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:PutBucketLogging", "arn:aws:s3:::web-shop", True),
        ("s3:PutBucketLogging", "arn:aws:s3:::payroll", False),
        ("s3:PutBucketPolicy", "arn:aws:s3:::acme-logs", True),
        ("s3:PutBucketPolicy", "arn:aws:s3:::web-shop", False),
        ("s3:DeleteBucketPolicy", "arn:aws:s3:::web-shop", False),
    ],
)
def test_policies_are_changed_of_log_buckets_only(
    statements: Statements, action: str, resource: str, allowed: bool
) -> None:
    assert permits(statements, action, resource) is allowed


@pytest.mark.parametrize(
    ("runner", "parameters", "condition"),
    [
        ("123456789012", {}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        (
            "123456789012",
            {"RunnerProof": "tag"},
            {"StringEquals": {"aws:PrincipalTag/lacuna-remediation": "apply"}},
        ),
        (
            "222222222222",
            {"OrganizationId": "o-acme123456"},
            {
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "StringLike": {"aws:PrincipalOrgID": "o-acme123456"},
            },
        ),
        # without an organization nobody of another account may assume it
        (
            "222222222222",
            {},
            {
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "StringLike": {"aws:PrincipalOrgID": ""},
            },
        ),
    ],
)
def test_who_applies_a_plan_shows_more_than_a_name(
    cloud: Cloud, runner: str, parameters: dict[str, str], condition: dict[str, Any]
) -> None:
    cloud.deploy(
        "remediation",
        RunnerArn=f"arn:aws:iam::{runner}:role/airflow",
        LogBucketArns="arn:aws:s3:::acme-logs",
        SourceBucketArns="arn:aws:s3:::web-*",
        **parameters,
    )
    assert cloud.trust()["Condition"] == condition


def test_buckets_whose_logging_may_be_changed_are_named() -> None:
    assert "Default" not in template("remediation")["Parameters"]["SourceBucketArns"]


def test_a_plan_is_applied_under_the_role_of_the_output(
    cloud: Cloud, outputs: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LACUNA_REMEDIATION_ROLE", outputs["RoleArn"])
    cloud.deploy("log_bucket", BucketName="acme-logs")
    cloud.client("s3").create_bucket(Bucket="web-shop")
    plan = tmp_path / "plan.json"
    made = remediate.write_plan(Settings.from_env(), plan, datetime.now(UTC))
    assert [one.bucket for one in made.changes] == ["web-shop"]
    remediate.apply_plan(Settings.from_env(), plan)
    assert cloud.observed()["web-shop"]["target_state"] == "deliverable"
