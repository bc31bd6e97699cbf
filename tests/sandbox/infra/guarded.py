"""The simulated account at two ports: at one anybody may ask anything, at the other only what the role of
infra/lacuna.yaml may.

`python -m tests.sandbox.infra.guarded` deploys the template, prints what was planted and the exports of both ports, and
serves until its standard input ends; to each line of it it answers which actions were used so far and what was refused.
What AWS does on a caller's behalf (Athena reads Glue and S3 as whoever started the query) is beneath the sandbox's
APIs and not seen here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import boto3

from lacuna import globs
from sandbox.__main__ import client_environment, simulated_environment, yesterday
from sandbox.account import simulate
from sandbox.account.buckets import (
    BUCKETS,
    INVENTORY_BUCKET,
    LISTS,
    LISTS_FOLDER,
    TRAIL_BUCKET,
)
from sandbox.athena.faults import Call, Fault, FaultBook
from sandbox.athena.listener import Listener, moto_app
from sandbox.athena.moto_fixes import s3
from sandbox.athena.server import ACCOUNT_ID, Middleware, Sandbox
from tests.support import REPO

TEMPLATE = REPO / "infra" / "lacuna.yaml"
REQUESTS, DAYS = 4000, 2

# Operations of S3 that are allowed by an action of another name
ACTIONS = {
    "ListBuckets": "ListAllMyBuckets",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "GetBucketReplication": "GetReplicationConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "HeadObject": "GetObject",
    "DeleteObjects": "DeleteObject",
    "CopyObject": "PutObject",  # and GetObject, of another object of the lake
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
# S3 Control's operations of the account as a whole
ACCOUNT_ACTIONS = {
    "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
    "ListAccessPoints": "ListAccessPoints",
}
# Services whose actions have another prefix than their clients sign for
PREFIXES = {"tagging": "tag"}
# needs no permission
FREE = "sts:GetCallerIdentity"

Statements = list[dict[str, Any]]


def role_statements(iam: Any) -> Statements:
    """All that the role deployed from the template may do, its functions resolved."""
    (role,) = iam.list_roles()["Roles"]
    name = role["RoleName"]
    policies = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    found = [statement for policy in policies for statement in policy["Statement"]]
    # or `permits` would not know what it reads
    assert all(set(one) - {"Condition"} == {"Sid", "Effect", "Action", "Resource"} for one in found)
    assert {one["Effect"] for one in found} == {"Allow"}
    return found


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def actions(statements: Statements) -> set[str]:
    return {action for one in statements for action in listed(one["Action"])}


def permits(
    statements: Statements, action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    return any(
        action in listed(one["Action"])
        and holds(one.get("Condition", {}), context or {})
        and any(globs.matches(pattern, resource) for pattern in listed(one["Resource"]))
        for one in statements
    )


def holds(condition: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Conditions of these templates ask for one value of each key."""
    return all(
        context.get(key) == value for keys in condition.values() for key, value in keys.items()
    )


def asked(call: Call) -> tuple[str, str]:
    """The action and the resource that AWS would hold against the role.

    Glue's calls do not say here which of their texts names the database: any that the role may
    work on stands for it.
    """
    action = f"{PREFIXES.get(call.service, call.service)}:{call.operation}"
    if call.service == "s3control":
        return f"s3:{ACCOUNT_ACTIONS[call.operation]}", "*"
    if call.service == "s3":
        name = ACTIONS.get(call.operation, call.operation)
        whole = f"arn:aws:s3:::{call.resources[0]}"
        return f"s3:{name}", f"{whole}/any" if call.operation == "DeleteObjects" else whole
    place = f"arn:aws:{call.service}:us-east-1:{ACCOUNT_ID}"
    if call.service == "athena":
        elsewhere = call.operation == "StartQueryExecution" and "lacuna" not in call.resources
        return action, f"{place}:workgroup/{'primary' if elsewhere else 'lacuna'}"
    return action, f"{place}:database/lacuna" if call.service == "glue" else "*"


def is_about_nothing(call: Call) -> bool:
    """S3 tells anybody that there is no such bucket."""
    name = call.resources[0].partition("/")[0] if call.service == "s3" else ""
    return bool(name) and call.operation != "CreateBucket" and name not in s3.backend().buckets


class Guard(FaultBook):
    """Refuses what the statements do not permit, and keeps account of it. The account's own faults come first."""

    def __init__(self, statements: Statements, account: FaultBook) -> None:
        super().__init__()
        self._statements, self._account = statements, account
        self.used, self.refused = set[str](), set[str]()

    def decide(self, call: Call) -> Fault | None:
        fault = self._account.decide(call)
        if fault or f"{call.service}:{call.operation}" == FREE:
            return fault
        action, resource = asked(call)
        if permits(self._statements, action, resource):
            self.used.add(action)
            return None
        if is_about_nothing(call):
            return None
        self.refused.add(f"{action} {resource}")
        return Fault(call.operation, error="AccessDenied", status=403)


def deploy(environment: Mapping[str, str], log_buckets: Iterable[str]) -> Statements:
    """Deploy the template; what its role may do."""
    keys = {
        "aws_access_key_id": "sandbox",
        "aws_secret_access_key": "sandbox",
        "region_name": "us-east-1",
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
    }
    parameters = {
        "RunnerArn": f"arn:aws:iam::{ACCOUNT_ID}:role/airflow",
        "LogBucketArns": ",".join(f"arn:aws:s3:::{name}" for name in log_buckets),
    }
    cloudformation, iam = (boto3.client(name, **keys) for name in ("cloudformation", "iam"))
    _create(cloudformation, TEMPLATE, parameters)
    (role,) = iam.list_roles()["Roles"]
    database, table = LISTS.split(".")
    of_lists = {
        "RoleName": role["RoleName"],
        "DatabaseName": database,
        "TableName": table,
        "BucketName": INVENTORY_BUCKET,
        "Folder": LISTS_FOLDER,
    }
    _create(cloudformation, TEMPLATE.with_name("sensitivity_table.yaml"), of_lists)
    return role_statements(iam)


def _create(cloudformation: Any, template: Path, parameters: Mapping[str, str]) -> None:
    cloudformation.create_stack(
        StackName=template.stem.replace("_", "-"),
        TemplateBody=template.read_text(),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )


def main() -> None:
    with Sandbox() as box:
        planted = simulate(box.url, 7, REQUESTS, yesterday(), DAYS)
        targets = {bucket.target_bucket for bucket in BUCKETS if bucket.target_bucket}
        statements = deploy(client_environment(box.url), sorted(targets | {TRAIL_BUCKET}))
        guard = Guard(statements, box.book)
        guarded = Listener(0, Middleware(moto_app(), guard))
        exports = {
            "open": client_environment(box.url),
            "guarded": simulated_environment(guarded.url) | {"LACUNA_WORKGROUP": "lacuna"},
        }
        print(json.dumps({**exports, "truth": json.loads(planted.to_json())}), flush=True)
        for _ in sys.stdin:
            seen = {"granted": actions(statements), "used": guard.used, "refused": guard.refused}
            print(json.dumps({name: sorted(values) for name, values in seen.items()}), flush=True)
        guarded.close()


if __name__ == "__main__":
    main()
