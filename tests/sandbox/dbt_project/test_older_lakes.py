"""A lake that was made before a column or a table came goes on; its old days say what they said."""

import functools
import io
import shutil
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lacuna.lake import lake as library
from lacuna.steps import build, day_states, snapshot
from lacuna.tables import evidence, evidence_table
from lacuna.tables.evidence import PARSED_DAYS, UNFINISHED_DAYS
from tests.sandbox.dbt_project.conftest import PROJECT, Lake, line

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("small_builds")]

DAY = date(2026, 7, 10)
NEXT = DAY + timedelta(days=1)
TABLES = (
    ("lacuna_evidence", "logging_snapshots"),
    ("lacuna_staging", "int_logging_config"),
    ("lacuna_staging", "int_bucket_verdicts"),
    ("lacuna", "fct_logging_coverage"),
)
COLUMN = "weaknesses"
NEWER_MODELS = (
    "int_delivery_hours",
    "int_bucket_verdicts",
    "int_traffic_costs",
)


def make_older(lake: Lake, database: str, table: str) -> None:
    """Take the column out of the table, its partitions and its files."""
    glue = lake.client("glue")
    name = {"DatabaseName": database}
    known = glue.get_table(**name, Name=table)["Table"]
    kept = ("Name", "TableType", "Parameters", "PartitionKeys")
    wanted = {key: known[key] for key in kept} | {"StorageDescriptor": without(known)}
    glue.update_table(**name, TableInput=wanted)
    for partition in glue.get_partitions(**name, TableName=table)["Partitions"]:
        values = partition["Values"]
        glue.update_partition(
            **name,
            TableName=table,
            PartitionValueList=values,
            PartitionInput={"Values": values, "StorageDescriptor": without(partition)},
        )
        rewrite(lake, partition["StorageDescriptor"]["Location"])


def without(described: dict) -> dict:
    storage = described["StorageDescriptor"]
    return storage | {"Columns": [one for one in storage["Columns"] if one["Name"] != COLUMN]}


def rewrite(lake: Lake, location: str) -> None:
    s3 = lake.client("s3")
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        body = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        older = io.BytesIO()
        pq.write_table(pq.read_table(io.BytesIO(body)).drop_columns([COLUMN]), older)
        s3.put_object(Bucket=bucket, Key=one["Key"], Body=older.getvalue())


def build_day(lake: Lake, day: date, **observed: str) -> None:
    lake.deliver(day, {f"older/{day}": line(day, 2, f"OLDER{day.day}").encode()})
    lake.catalog(day)
    weak = {"bucket_name": "photos", COLUMN: ("target_not_versioned",), **observed}
    lake.observe(day + timedelta(days=1), [weak])
    build.parse_delivery_day(lake.settings(), day)
    rebuild(lake, day)


def rebuild(lake: Lake, day: date) -> None:
    """Build the event day from what is parsed, and publish it."""
    build.build_event_days(lake.settings(), day, [str(day)])
    lake.publish(day, [day])


def test_a_lake_without_a_column_gets_it_and_keeps_its_old_days(lake: Lake) -> None:
    """A day before, a day after and the first again are built: twenty seconds."""
    build_day(lake, DAY)
    for database, table in TABLES:
        make_older(lake, database, table)

    library.open_lake(lake.settings()).prepare()
    build_day(lake, NEXT)

    for database, table in TABLES:
        moved = timedelta(days=1 if database == "lacuna_evidence" else 0)
        day = "observed_on" if database == "lacuna_evidence" else "event_date"
        found = lake.rows(
            f"select cast({day} as varchar) as day, array_join({COLUMN}, ',') as weaknesses "
            f"from {database}.{table} where {day} >= date '{DAY + moved}' "
            f"and {day} <= date '{NEXT + moved}' order by 1"
        )
        assert found == [
            {"day": str(DAY + moved), "weaknesses": None},
            {"day": str(NEXT + moved), "weaknesses": "target_not_versioned"},
        ]

    # the old day, built again from evidence that never had the column
    rebuild(lake, DAY)
    (again,) = lake.rows(
        f"select verdict, {COLUMN} from lacuna.fct_logging_coverage where event_date = date '{DAY}'"
    )
    assert again == {"verdict": "delivering", "weaknesses": None}


def test_a_lake_without_the_tables_of_newer_models_gets_them_and_says_what_it_said(
    lake: Lake,
) -> None:
    """A day before, a day after and the first again are built: twenty seconds."""
    day = DAY + timedelta(days=20)

    def told() -> list[dict]:
        return lake.rows(
            f"select * from lacuna.fct_logging_coverage where event_date = date '{day}'"
        )

    build_day(lake, day)
    before = told()
    assert [row["recommendations"] != "[]" for row in before] == [True]
    for table in NEWER_MODELS:
        lake.client("glue").delete_table(DatabaseName="lacuna_staging", Name=table)

    build_day(lake, day + timedelta(days=1))
    assert told() == before

    rebuild(lake, day)
    assert told() == before


def test_a_kept_day_of_a_lake_of_other_views_and_wider_tables_is_built_again(lake: Lake) -> None:
    """The day is not parsed again, so nothing else would make the views: fifteen seconds."""
    day = DAY + timedelta(days=80)
    build_day(lake, day)
    glue, staging = lake.client("glue"), {"DatabaseName": "lacuna_staging"}
    for table in glue.get_tables(**staging)["TableList"]:
        if table["Name"].startswith("stg_"):
            glue.delete_table(**staging, Name=table["Name"])
    known = glue.get_table(**staging, Name="int_bucket_verdicts")["Table"]
    kept = ("Name", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")
    wider = {key: known[key] for key in kept}
    wider["StorageDescriptor"]["Columns"].append({"Name": "key_layout", "Type": "string"})
    glue.update_table(**staging, TableInput=wider)
    mine, partition = library.open_lake(lake.settings()), {"delivered_on": day}
    (row,) = mine.read(evidence.CATALOGUED_DAYS, partition)
    gone = replace(evidence_table.read_back(evidence.CataloguedDay, row), objects_gone=1)
    mine.write(evidence.CATALOGUED_DAYS, [gone], partition)

    build.parse_delivery_day(lake.settings(), day)
    rebuild(lake, day)
    held = "select count(*) as n from lacuna_staging.int_access_log_records where delivered_on = "
    assert lake.rows(f"{held}date '{day}'") == [{"n": "1"}]


# The three places at which CONTRIBUTING.md adds a column that is only shown: a field,
@dataclass(frozen=True, slots=True)
class Newer(evidence.LoggingSnapshot):
    versioning: str | None = None


# a value,
SEEN = {"versioning": "Enabled"}
# and an entry of the mart's contract
ENTRY = """\
      - {name: versioning, data_type: varchar, config: {tags: [snapshot]}, description: "State of versioning."}
"""


def test_a_column_of_the_snapshot_reaches_the_mart_by_three_additions(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day before, a day after and the first again are built, and dbt parses anew: half a minute."""
    before = DAY + timedelta(days=40)
    after = before + timedelta(days=1)
    build_day(lake, before)

    newer = replace(evidence.LOGGING_SNAPSHOTS, row=Newer)
    tables = [newer if one is evidence.LOGGING_SNAPSHOTS else one for one in evidence.TABLES]
    monkeypatch.setattr(evidence, "LoggingSnapshot", Newer)
    monkeypatch.setattr(evidence, "LOGGING_SNAPSHOTS", newer)
    monkeypatch.setattr(evidence, "TABLES", tables)
    project = Path(shutil.copytree(PROJECT, tmp_path / "dbt_project"))
    contract = project / "models/marts/fct_logging_coverage.yml"
    columns, last, rest = contract.read_text().partition("      - {name: event_date,")
    contract.write_text(columns + ENTRY + last + rest)
    monkeypatch.setattr(build, "PROJECT", project)
    monkeypatch.setattr(build, "_parse", functools.cache(build._parse.__wrapped__))

    library.open_lake(lake.settings()).prepare()
    build_day(lake, after, **SEEN)
    rebuild(lake, before)

    found = lake.rows(
        "select cast(event_date as varchar) as day, versioning from lacuna.fct_logging_coverage "
        f"where event_date in (date '{before}', date '{after}') order by 1"
    )
    assert found == [
        {"day": str(before), "versioning": None},
        {"day": str(after), "versioning": "Enabled"},
    ]


def test_days_that_an_older_version_parsed_count_as_read_and_those_it_only_cataloged_do_not(
    lake: Lake,
) -> None:
    """Two days are built, and the first again: twenty seconds."""
    first = DAY + timedelta(days=40)
    second, third = first + timedelta(days=1), first + timedelta(days=2)
    build_day(lake, first)
    build_day(lake, second)
    lake.deliver(third, {f"older/{third}": line(third, 2, "OLDERTHIRD").encode()})
    lake.catalog(third)
    mine = library.open_lake(lake.settings())
    for day in (first, second, third):
        mine.drop(PARSED_DAYS, {"delivered_on": day})
        mine.drop(UNFINISHED_DAYS, {"delivered_on": day})

    def told() -> list[dict]:
        return lake.rows(
            f"select * from lacuna.fct_delivery_hours where event_date = date '{first}' order by hour"
        )

    snapshot.prepare_lake(lake.settings())
    read = [day for day in (first, second, third) if day_states.is_parsed(mine, day)]
    assert read == [first, second]
    rebuild(lake, first)
    again = told()
    assert {row["judged_as_of"] for row in again} == {f"{third} 00:00:00.000"}
    assert {row["status"] for row in again} == {"delivered", "idle"}
