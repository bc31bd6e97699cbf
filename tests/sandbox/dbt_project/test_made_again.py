"""When seeds and views are made again, and what a run leaves that is killed meanwhile."""

import csv
import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from lacuna.lake.lake import open_lake
from tests.sandbox.dbt_project.conftest import PROJECT, Lake

SEED = "lacuna_staging.prices"
with (PROJECT / "seeds" / "prices.csv").open(newline="") as file:
    ROWS = list(csv.DictReader(file))
# What a killed run may have come to: the file is not there yet, no table is made of it, it has no
# fingerprint, it is in the old one's stead and its first name is still there
NEXT_STEPS = (
    ("PutObject", "*"),
    ("StartQueryExecution", "*"),
    ("UpdateTable", "*"),
    ("DeleteTable", "prices__beside"),
)


@contextmanager
def refusing(lake: Lake, operation: str, resource: str) -> Iterator[None]:
    def put(faults: list[Mapping[str, object]]) -> None:
        body = json.dumps(faults).encode()
        url = f"{lake.url}/_sandbox/faults"
        urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")).close()

    fault = {"operation": operation, "resource": resource, "error": "AccessDenied", "status": 400}
    put([fault])
    try:
        yield
    finally:
        put([])


def statements(lake: Lake) -> int:
    with urllib.request.urlopen(f"{lake.url}/_sandbox/calls") as answer:
        return int(json.load(answer).get("athena:StartQueryExecution", 0))


def seeded(lake: Lake) -> int:
    """Load the seed as every run does; the statements that it took, -1 if it failed."""
    before = statements(lake)
    result = lake.dbt("seed", "--select", "prices")
    return statements(lake) - before if result.success else -1


def notes(lake: Lake) -> list[str | None]:
    return sorted({row["note"] for row in lake.rows(f"select note from {SEED}")}, key=str)


def tables(lake: Lake) -> list[str]:
    pages = lake.client("glue").get_paginator("get_tables")
    found = pages.paginate(DatabaseName="lacuna_staging", Expression="prices*")
    return [table["Name"] for page in found for table in page["TableList"]]


def files(lake: Lake) -> list[str]:
    s3, bucket = lake.client("s3"), open_lake(lake.settings()).bucket
    found = s3.list_objects_v2(Bucket=bucket, Prefix="staging/prices")["Contents"]
    return [one["Key"] for one in found]


@pytest.fixture
def write(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the seed's file another one, whose rows all have the note."""
    node = lake.project().nodes["seed.lacuna.prices"]

    def write(note: str) -> None:
        # dbt looks in the project first, and there is no such file
        monkeypatch.setattr(node, "original_file_path", "other_prices.csv")
        monkeypatch.setattr(node, "root_path", str(tmp_path))
        with (tmp_path / "other_prices.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, ROWS[0])
            table.writeheader()
            table.writerows(row | {"note": note} for row in ROWS)

    return write


def test_a_seed_is_loaded_when_its_file_changed_and_at_no_other_time(lake, write):
    write("first")
    assert seeded(lake) == 2
    assert notes(lake) == ["first"]
    assert seeded(lake) == 0
    write("second")
    assert seeded(lake) == 2
    assert notes(lake) == ["second"]
    assert len(files(lake)) == 2  # the seed before is kept, and none before that


def test_a_seed_of_a_lake_that_an_older_version_made_is_loaded_once(lake, write):
    write("older")
    assert seeded(lake) >= 0
    glue = lake.client("glue")
    table = glue.get_table(DatabaseName="lacuna_staging", Name="prices")["Table"]
    kept = ("Name", "StorageDescriptor", "PartitionKeys", "TableType")
    glue.update_table(
        DatabaseName="lacuna_staging",
        TableInput={name: table[name] for name in kept} | {"Parameters": {"EXTERNAL": "TRUE"}},
    )
    assert seeded(lake) == 2
    assert notes(lake) == ["older"]
    assert seeded(lake) == 0


@pytest.mark.parametrize("step", NEXT_STEPS)
def test_a_run_that_ends_within_a_load_leaves_one_seed_and_the_next_run_ends_it(lake, write, step):
    before, after = f"before {step[0]}", f"after {step[0]}"
    write(before)
    assert seeded(lake) >= 0
    write(after)
    with refusing(lake, *step):
        assert seeded(lake) == -1
    assert notes(lake) == [after if step[0] == "DeleteTable" else before]
    assert seeded(lake) == (0 if step[0] == "DeleteTable" else 2)
    assert notes(lake) == [after]
    assert tables(lake) == ["prices"]


def test_a_view_is_made_again_if_it_changed_or_what_it_reads(lake, monkeypatch):
    def made() -> int:
        before = statements(lake)
        assert lake.dbt("run", "--select", "stg_evidence__accounts").success
        return statements(lake) - before

    made()
    assert made() == 0
    view = "lacuna_staging.stg_evidence__accounts"
    lake.rows(f"create or replace view {view} as select 1 as something_else")
    assert made() == 1
    assert lake.rows(f"select account_id from {view}") == []
    assert made() == 0

    glue = lake.client("glue")
    table = glue.get_table(DatabaseName="lacuna_evidence", Name="accounts")["Table"]
    kept = ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    described = {name: table[name] for name in kept}
    columns = [*table["StorageDescriptor"]["Columns"], {"Name": "colour", "Type": "string"}]
    newer = described | {"StorageDescriptor": table["StorageDescriptor"] | {"Columns": columns}}
    glue.update_table(DatabaseName="lacuna_evidence", TableInput=newer)
    assert made() == 1
    glue.update_table(DatabaseName="lacuna_evidence", TableInput=described)
    assert made() == 1

    node = lake.project().nodes["model.lacuna.stg_evidence__accounts"]
    monkeypatch.setattr(node, "raw_code", f"{node.raw_code}\nwhere account_id <> 'none'")
    assert made() == 1
    assert made() == 0
