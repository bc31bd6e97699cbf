"""infra/lacuna.yaml: the role may do what the code asks, on what it asks it. That it is enough, and not too much, for a day
is proved where days are run (tests/days).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

import boto3
import pytest
from botocore import xform_name

from lacuna.lake import athena, lake
from lacuna.refusals import PERMISSIONS
from lacuna.settings import Settings
from tests.sandbox.infra.conftest import INFRA, Cloud
from tests.sandbox.infra.guarded import (
    ACCOUNT_ACTIONS,
    ACTIONS,
    FREE,
    Statements,
    actions,
    listed,
    permits,
    role_statements,
)

LIBRARY = INFRA.parent / "plugins" / "lacuna"
LAKE = "arn:aws:s3:::lacuna-lake-123456789012-us-east-1"
GLUE = "arn:aws:glue:us-east-1:123456789012"
# The prefix of its actions, by what boto3 calls the service
SERVICES = {
    "athena": "athena",
    "cloudtrail": "cloudtrail",
    "glue": "glue",
    "logs": "logs",
    "organizations": "organizations",
    "resourcegroupstaggingapi": "tag",
    "s3": "s3",
    "s3control": "s3",
    "sts": "sts",
}

# The template makes the lake's bucket, and a run that finds it does not.
BY_THE_TEMPLATE = {"s3:CreateBucket", "s3:PutBucketPublicAccessBlock"}
# Granted by a stack that has EvidenceLockDays, and asked for only there
WITH_LOCK = {"s3:PutObjectRetention"}


@pytest.fixture
def statements(cloud: Cloud) -> Statements:
    return deploy(cloud)


def test_every_operation_in_the_source_is_allowed(statements: Statements) -> None:
    """Also those of the paths that no run of a test takes.

    What changes buckets has a role of its own (test_remediation.py).
    """
    named = operations(aside="bucket_changes")
    assert len(named) > 25
    allowed = actions(statements)
    refused = [meanings for meanings in named.values() if not meanings & allowed]
    assert set().union(*refused) == BY_THE_TEMPLATE | WITH_LOCK | {FREE}


def test_the_role_has_every_permission_that_a_message_can_name(
    statements: Statements,
) -> None:
    assert set(PERMISSIONS.values()) <= actions(statements)
    said = {name: action for name, action in PERMISSIONS.items() if action.startswith("s3:")}
    assert said == {name: f"s3:{ACTIONS.get(name, name)}" for name in said}


def operations(only: Iterable[ast.AST] = (), aside: str = "") -> dict[str, set[str]]:
    """The methods of clients that plugins/lacuna/{aws,lake} name, also for paginators: their actions.

    A name that two services share means either. `only` this code, or all but the module `aside`.
    """
    names = {"s3": ACTIONS, "s3control": ACCOUNT_ACTIONS}
    known: dict[str, set[str]] = {}
    for service, prefix in SERVICES.items():
        client = boto3.client(service, region_name="us-east-1")
        asked = set(client.meta.service_model.operation_names)
        if service == "s3control":
            # others share a name with operations of S3
            asked &= ACCOUNT_ACTIONS.keys()
        for operation in asked:
            action = names.get(service, {}).get(operation, operation)
            known.setdefault(xform_name(operation), set()).add(f"{prefix}:{action}")
    paths = [path for package in ("aws", "lake") for path in (LIBRARY / package).glob("*.py")]
    code = list(only) or [ast.parse(path.read_text()) for path in paths if path.stem != aside]
    named: set[str] = set()
    for node in (node for tree in code for node in ast.walk(tree)):
        if isinstance(node, ast.Attribute):
            named.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named.add(node.value)
    return {name: known[name] for name in named & set(known)}


def test_no_action_is_granted_twice_on_the_same_thing_or_by_a_wildcard(
    statements: Statements,
) -> None:
    granted = [
        (action, resource)
        for one in statements
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
    ]
    assert len(set(granted)) == len(granted)
    assert not [action for action in actions(statements) if "*" in action]


def deploy(cloud: Cloud, runner: str = "123456789012", **parameters: str) -> Statements:
    cloud.deploy(
        "lacuna",
        RunnerArn=f"arn:aws:iam::{runner}:role/airflow",
        LogBucketArns="arn:aws:s3:::acme-logs,arn:aws:s3:::acme-trail",
        **parameters,
    )
    return role_statements(cloud.client("iam"))


@pytest.mark.parametrize(
    ("runner", "organization", "condition"),
    [
        ("123456789012", "", None),
        ("123456789012", "o-acme123456", "o-acme123456"),
        ("222222222222", "o-acme123456", "o-acme123456"),
        # without an organization nobody of another account may assume it
        ("222222222222", "", ""),
    ],
)
def test_a_runner_of_another_account_is_of_the_organization(
    cloud: Cloud, runner: str, organization: str, condition: str | None
) -> None:
    deploy(cloud, runner, OrganizationId=organization)
    asked = {"StringEquals": {"aws:PrincipalOrgID": condition}}
    assert cloud.trust().get("Condition") == (None if condition is None else asked)


def test_accounts_of_other_organizations_are_not_entered(cloud: Cloud) -> None:
    granted = deploy(cloud, OrganizationId="o-acme123456")
    member = "arn:aws:iam::222222222222:role/lacuna-read"
    for organization, allowed in (("o-acme123456", True), ("o-other12345", False)):
        context = {"aws:ResourceOrgID": organization}
        assert permits(granted, "sts:AssumeRole", member, context) is allowed
    assert not permits(granted, "sts:AssumeRole", member)


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetBucketPolicy", "arn:aws:s3:::payroll", True),
        ("s3:GetObject", "arn:aws:s3:::payroll/salaries.csv", False),
        ("s3:ListBucket", "arn:aws:s3:::payroll", False),
        ("s3:GetObject", "arn:aws:s3:::acme-logs/access-logs/a", True),
        ("s3:GetObject", "arn:aws:s3:::acme-trail/AWSLogs/a", True),
        ("s3:ListBucket", "arn:aws:s3:::acme-trail", True),
        ("s3:GetObject", "arn:aws:s3:::acme-logs-of-others/a", False),
        ("s3:PutObject", "arn:aws:s3:::acme-logs/access-logs/a", False),
        ("s3:DeleteObject", "arn:aws:s3:::acme-trail/AWSLogs/a", False),
        ("s3:PutObject", f"{LAKE}/evidence/a", True),
        ("s3:DeleteObject", f"{LAKE}/evidence/a", True),
        ("glue:DeleteTable", f"{GLUE}:table/somebody/elses", False),
        ("glue:GetTable", f"{GLUE}:table/governance/buckets", False),
        ("glue:CreateDatabase", f"{GLUE}:database/somebody", False),
        ("sts:AssumeRole", "arn:aws:iam::222222222222:role/lacuna-read", True),
        ("sts:AssumeRole", "arn:aws:iam::222222222222:role/admin", False),
        (
            "athena:StartQueryExecution",
            "arn:aws:athena:us-east-1:123456789012:workgroup/primary",
            False,
        ),
    ],
)
def test_objects_are_read_in_log_buckets_and_written_in_the_lake_only(
    statements: Statements, action: str, resource: str, allowed: bool
) -> None:
    assert permits(statements, action, resource) is allowed


def test_the_history_of_a_workgroup_is_read_where_it_is_named(cloud: Cloud) -> None:
    named, other = (
        f"arn:aws:athena:us-east-1:123456789012:workgroup/{name}" for name in ("reports", "science")
    )
    granted = deploy(cloud, AnalystWorkgroupArns=named)
    for action in ("athena:ListQueryExecutions", "athena:BatchGetQueryExecution"):
        assert permits(granted, action, named)
        assert not permits(granted, action, other)
    assert not permits(granted, "athena:StartQueryExecution", named)


def test_the_table_of_what_is_sensitive_is_read_where_it_is_named_and_nothing_beside_it(
    cloud: Cloud, statements: Statements
) -> None:
    (role,) = cloud.client("iam").list_roles()["Roles"]
    cloud.deploy(
        "sensitivity_table",
        RoleName=role["RoleName"],
        DatabaseName="governance",
        TableName="buckets",
        BucketName="acme-governance",
        Folder="exports/buckets/",
    )
    granted = role_statements(cloud.client("iam"))
    asked = {
        ("glue:GetTable", f"{GLUE}:table/governance/buckets"): True,
        ("glue:GetTable", f"{GLUE}:table/governance/people"): False,
        ("glue:UpdateTable", f"{GLUE}:table/governance/buckets"): False,
        ("s3:ListBucket", "arn:aws:s3:::acme-governance"): True,
        ("s3:GetObject", "arn:aws:s3:::acme-governance/exports/buckets/1.csv"): True,
        ("s3:GetObject", "arn:aws:s3:::acme-governance/exports/people/1.csv"): False,
        ("s3:PutObject", "arn:aws:s3:::acme-governance/exports/buckets/1.csv"): False,
    }
    assert {one: permits(granted, *one) for one in asked} == asked
    assert not any(permits(statements, *one) for one in asked)


def test_the_role_works_on_each_of_lacunas_databases(statements: Statements) -> None:
    for database in lake.DATABASES:
        assert permits(statements, "glue:CreateDatabase", f"{GLUE}:database/{database}")
        assert permits(statements, "glue:UpdateTable", f"{GLUE}:table/{database}/any")


def test_lacuna_works_in_what_the_template_makes(
    cloud: Cloud, statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LACUNA_WORKGROUP", "lacuna")
    settings = Settings.from_env()
    before = cloud.client("s3").list_buckets()["Buckets"]
    lake.open_lake(settings).prepare()
    assert cloud.client("s3").list_buckets()["Buckets"] == before
    assert athena.rows(lake.open_lake(settings), "select 1 as one") == [{"one": "1"}]


def test_the_workgroup_ends_what_reads_too_much_and_leaves_tables_their_places(
    cloud: Cloud, statements: Statements
) -> None:
    group = cloud.client("athena").get_work_group(WorkGroup="lacuna")["WorkGroup"]
    configuration = group["Configuration"]
    assert configuration["BytesScannedCutoffPerQuery"] == 1_000_000_000_000
    # dbt-athena leaves tables among the query results of a workgroup that enforces its place
    assert configuration["EnforceWorkGroupConfiguration"] is False
