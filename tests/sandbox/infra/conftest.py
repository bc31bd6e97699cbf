"""The templates of infra/, and a sandbox of their own to deploy them into."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lacuna.lake import lake
from lacuna.settings import Settings
from lacuna.steps import snapshot
from lacuna.tables.evidence import LOGGING_SNAPSHOTS
from tests.support import REPO
from tests.support.account import Account

INFRA = REPO / "infra"


def template(name: str) -> dict[str, Any]:
    """A template of infra/ with its functions written out, free to be changed."""
    from cfnlint.decode import cfn_yaml  # takes a second

    return dict(json.loads(json.dumps(cfn_yaml.load(str(INFRA / f"{name}.yaml")))))


class Cloud(Account):
    """An account: stacks are put into it, and Lacuna observes it."""

    def deploy(self, name: str, body: Any = None, **parameters: str) -> dict[str, str]:
        """Deploy infra/<name>.yaml as it is, or `body` instead; the outputs of the stack.

        No resource of it is left out.
        """
        stack = name.replace("_", "-")
        stacks = self.client("cloudformation")
        stacks.create_stack(
            StackName=stack,
            TemplateBody=json.dumps(body) if body else (INFRA / f"{name}.yaml").read_text(),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        made = stacks.describe_stack_resources(StackName=stack)["StackResources"]
        wanted = (body or template(name))["Resources"]
        assert {one["LogicalResourceId"] for one in made} == set(wanted)
        (described,) = stacks.describe_stacks(StackName=stack)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}

    def trust(self) -> dict[str, Any]:
        """The one statement that says who may assume the only role."""
        (role,) = self.client("iam").list_roles()["Roles"]
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        return dict(statement)

    def observed(self) -> dict[str, dict[str, Any]]:
        """What Lacuna writes down of each bucket when it looks."""
        settings, now = Settings.from_env(), datetime.now(UTC)
        lake.open_lake(settings).prepare()
        snapshot.observe(settings, now)
        rows = lake.open_lake(settings).read(LOGGING_SNAPSHOTS, {"observed_on": now.date()})
        return {row["bucket_name"]: row for row in rows}


@pytest.fixture
def cloud(cloud: Account) -> Cloud:
    """An empty account; the environment points Lacuna at it."""
    return Cloud(**vars(cloud))
