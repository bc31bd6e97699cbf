"""infra/queries.yaml as deployed: Athena's console has the saved queries as they are in the folder.

tests/unit/test_reference.py compares the template with the folder too, byte by byte.
"""

from __future__ import annotations

from lacuna.cli import saved_queries
from tests.sandbox.infra.conftest import INFRA, Cloud

# What CloudFormation takes from a bucket
MOST_BYTES = 1_000_000


def test_the_console_has_every_saved_query_and_no_other(cloud: Cloud) -> None:
    athena = cloud.client("athena")
    athena.create_work_group(Name="analysts")
    cloud.deploy("queries", WorkgroupName="analysts")
    ids = athena.list_named_queries(WorkGroup="analysts")["NamedQueryIds"]
    named = [athena.get_named_query(NamedQueryId=one)["NamedQuery"] for one in ids]
    found = {
        one["Name"]: (one["Description"], one["QueryString"], one["Database"]) for one in named
    }
    assert found == {
        query.name: (query.sentence, query.sql, "lacuna") for query in saved_queries.every()
    }


def test_the_template_can_be_deployed_from_a_bucket() -> None:
    assert len((INFRA / "queries.yaml").read_bytes()) <= MOST_BYTES
