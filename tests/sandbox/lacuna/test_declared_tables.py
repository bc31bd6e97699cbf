"""The tables that users keep for the detections: read through Athena, and told by name if wrong."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from lacuna.lake.lake import open_lake
from lacuna.settings import Settings
from lacuna.steps import build

COLUMNS = {"lists": ("list_name", "value"), "detections": ("detection", "setting", "value")}


@pytest.fixture
def declare(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that writes one of the tables as a file of CSV, and reads both as a run does."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.url)
    clients = {name: boto3.client(name, endpoint_url=sandbox.url) for name in ("s3", "glue")}
    bucket = "declared-tables"
    clients["s3"].create_bucket(Bucket=bucket)
    clients["glue"].create_database(DatabaseInput={"Name": "governance"})

    def declared(kind: str, text: str, columns: tuple[str, ...] | None = None) -> dict[str, Any]:
        clients["s3"].put_object(Bucket=bucket, Key=f"{kind}/1.csv", Body=text.encode())
        storage = {
            "Columns": [{"Name": name, "Type": "string"} for name in columns or COLUMNS[kind]],
            "Location": f"s3://{bucket}/{kind}/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
        }
        table = {"Name": kind, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
        clients["glue"].create_table(DatabaseName="governance", TableInput=table)
        settings = Settings(**{f"{kind}_table": f"governance.{kind}"})
        lake = open_lake(settings)
        lake.prepare()
        return build._declared(lake, settings)

    yield declared
    for table in clients["glue"].get_tables(DatabaseName="governance")["TableList"]:
        clients["glue"].delete_table(DatabaseName="governance", Name=table["Name"])
    clients["glue"].delete_database(Name="governance")
    for entry in clients["s3"].list_objects_v2(Bucket=bucket)["Contents"]:
        clients["s3"].delete_object(Bucket=bucket, Key=entry["Key"])
    clients["s3"].delete_bucket(Bucket=bucket)


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


def test_without_tables_nothing_is_said(sandbox, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.url)
    settings = Settings()
    assert build._declared(open_lake(settings), settings) == {}
