"""The tables that users keep for the detections: read through Athena, and told by name if wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lacuna.lake import athena
from lacuna.lake.lake import open_lake
from lacuna.steps import build

COLUMNS = {"lists": ("list_name", "value"), "detections": ("detection", "setting", "value")}
KEPT = """
create external table governance.{kind} ({columns})
row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
location 's3://governance/{kind}/'
"""


@pytest.fixture
def declare(cloud: Any, settings: Any) -> Any:
    """A function that writes one of the tables as a file of CSV, and reads both as a run does."""
    cloud.bucket("governance")
    cloud.client("glue").create_database(DatabaseInput={"Name": "governance"})

    def declared(kind: str, text: str, columns: tuple[str, ...] | None = None) -> dict[str, Any]:
        cloud.client("s3").put_object(Bucket="governance", Key=f"{kind}/1.csv", Body=text.encode())
        typed = ", ".join(f"{name} string" for name in columns or COLUMNS[kind])
        athena.rows(open_lake(settings), KEPT.format(kind=kind, columns=typed))
        said = replace(settings, **{f"{kind}_table": f"governance.{kind}"})
        return build.user_declared(open_lake(said), said)

    return declared


def test_what_both_tables_say_is_handed_to_the_models(declare):
    assert declare("lists", "partners,210987654321\npublic_buckets,site\n") == {
        "lists": {"partners": ["210987654321"], "public_buckets": ["site"]}
    }
    assert declare("detections", "denied_burst,floor,100\n") == {
        "detections": {"denied_burst": {"floor": 100}}
    }


def test_a_wrong_row_stops_the_run_and_is_named(declare):
    with pytest.raises(
        build.BuildFailed, match=r"LACUNA_LISTS_TABLE=governance.lists: there is no"
    ):
        declare("lists", "friends,210987654321\n")


def test_a_table_of_other_columns_stops_the_run(declare):
    with pytest.raises(build.BuildFailed, match=r"LACUNA_LISTS_TABLE=governance.lists: GetTable"):
        declare("lists", "a,b\n", ("a", "b"))


def test_without_tables_nothing_is_said(settings):
    assert build.user_declared(open_lake(settings), settings) == {}
