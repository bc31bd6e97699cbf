"""UNLOAD leaves files and a manifest of them, and no table."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="module")
def fruits(lake: Any) -> str:
    lake.rows(
        f"create table fruits with (external_location = 's3://{lake.bucket}/fruits/') as "
        "select * from (values (1, 'apple'), (2, 'pear')) as t(id, name)"
    )
    return "fruits"


def unload(lake: Any, folder: str, options: str) -> dict[str, Any]:
    sql = f"unload (select * from fruits) to 's3://{lake.bucket}/{folder}' with ({options})"
    return dict(lake.execution(sql))


@pytest.mark.parametrize("form", ["parquet", "json", "textfile"])
def test_the_rows_are_in_the_files_that_the_manifest_names(
    lake: Any, fruits: str, form: str
) -> None:
    run = unload(lake, form, f"format = '{form}', compression = 'GZIP'")
    assert (run["StatementType"], run["SubstatementType"]) == ("DML", "UNLOAD")
    bucket, _, key = run["Statistics"]["DataManifestLocation"][5:].partition("/")
    listed = lake.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().splitlines()
    there = lake.s3.list_objects_v2(Bucket=lake.bucket, Prefix=f"{form}/")["Contents"]
    assert sorted(listed) == sorted(f"s3://{lake.bucket}/{o['Key']}" for o in there) != []
    assert lake.rows("show tables") == [["fruits"]]


def test_a_folder_per_partition(lake: Any, fruits: str) -> None:
    unload(lake, "parts", "format = 'PARQUET', partitioned_by = ARRAY['name']")
    there = lake.s3.list_objects_v2(Bucket=lake.bucket, Prefix="parts/")["Contents"]
    folders = {o["Key"].split("/")[1] for o in there}
    assert folders == {"name=apple", "name=pear"}


def test_nothing_is_overwritten_and_nothing_is_left(lake: Any, fruits: str) -> None:
    target = f"to 's3://{lake.bucket}/fruits' with (format = 'JSON')"
    assert lake.reason(f"unload (select 1 as x) {target}").startswith("HIVE_PATH_ALREADY_EXISTS")
    assert lake.reason(f"unload (select * from nope) {target}").startswith("TABLE_NOT_FOUND")
    assert lake.rows("show databases like 'unload*'") == []


def test_an_executed_write_is_told_as_a_count_of_rows(lake: Any, fruits: str) -> None:
    run = lake.execution("insert into fruits values (3, 'plum')")
    found = lake.athena.get_query_results(QueryExecutionId=run["QueryExecutionId"])
    columns = found["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(c["Name"], c["Type"]) for c in columns] == [("rows", "bigint")]
    assert (found["UpdateCount"], found["ResultSet"]["Rows"]) == (1, [])
