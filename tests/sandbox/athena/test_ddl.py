"""Hive's statements: they change the catalog and show it."""

from __future__ import annotations

from typing import Any

import pytest


def test_ddl_shows_what_it_made(lake: Any) -> None:
    db = lake.database
    lake.rows(
        "create external table shown (a int comment 'n', b string) partitioned by (p date) "
        f"stored as parquet location 's3://{lake.bucket}/shown/' tblproperties ('k'='v')"
    )
    lake.rows(
        "alter table shown add if not exists partition (p='2026-01-01') location 's3://x/y/' "
        "partition (p='2026-01-02')"
    )
    assert lake.rows("show partitions shown") == [["p=2026-01-01"], ["p=2026-01-02"]]
    lake.rows("alter table shown drop if exists partition (p='2026-01-01')")
    lake.rows("alter table shown add columns (c bigint)")
    assert [str(r[0]).split()[0] for r in lake.rows("describe shown")[:4]] == ["a", "b", "c", "p"]
    assert ["shown"] in lake.rows(f"show tables in {db}")
    assert lake.rows("show tables 'sho*'") == [["shown"]]
    assert ["k\tv"] in lake.rows("show tblproperties shown")
    assert lake.rows("show create table shown")[0] == [f"CREATE EXTERNAL TABLE `{db}.shown`("]
    assert "Table shown already exists" in lake.reason(
        f"create external table shown (a int) location 's3://{lake.bucket}/shown/'"
    )
    lake.rows("drop table shown")
    lake.rows("drop table if exists shown")
    assert "Table not found" in lake.reason("drop table shown")


def test_views_answer_and_describe_themselves(lake: Any) -> None:
    lake.rows("create view v1 as select 1 as a, 'x' as b")
    lake.rows("create or replace view v1 as select cast(2 as bigint) as a, 'y' as b")
    lake.rows("create view v2 as select a + 1 as c from v1")
    assert lake.rows("select * from v2") == [["3"]]
    assert lake.rows(
        "select column_name, data_type from information_schema.columns where table_name = 'v1' "
        "order by 1"
    ) == [["a", "bigint"], ["b", "varchar"]]
    assert "View already exists" in lake.reason("create view v1 as select 1 as a")
    lake.rows("drop view v1")
    assert "TABLE_NOT_FOUND" in lake.reason("select * from v2")


def test_the_metadata_of_a_table_is_athenas(lake: Any) -> None:
    lake.rows(
        "create external table described (a string) row format serde "
        "'org.apache.hadoop.hive.serde2.OpenCSVSerde' with serdeproperties ('separatorChar' = ';') "
        f"location 's3://{lake.bucket}/described/'"
    )
    parameters = lake.athena.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=lake.database, TableName="described"
    )["TableMetadata"]["Parameters"]
    assert parameters["serde.param.separatorChar"] == ";"
    assert parameters["location"] == f"s3://{lake.bucket}/described"


@pytest.mark.parametrize(
    ("sql", "heading"),
    [("show tables", "tab_name"), ("show columns in described", "field"), ("show databases", "database_name")],
)  # fmt: skip
def test_the_catalog_is_listed_under_hives_headings(lake: Any, sql: str, heading: str) -> None:
    query = lake.execution(sql)["QueryExecutionId"]
    results = lake.athena.get_query_results(QueryExecutionId=query)["ResultSet"]
    assert [c["Name"] for c in results["ResultSetMetadata"]["ColumnInfo"]] == [heading]


@pytest.mark.parametrize(
    ("sql", "verb"),
    [
        ("msck repair table t", "MSCK"),
        ("alter table t rename to u", "ALTER TABLE"),
        ("alter table t set location 's3://x/'", "ALTER TABLE"),
        ("prepare p from select 1", "PREPARE"),
        ("execute p using 1", "EXECUTE"),
        ("deallocate prepare p", "DEALLOCATE"),
        ("unload (select 1 as x) to 's3://x/' with (format='JSON')", "UNLOAD"),
        ("unload(select 1 as x) to 's3://x/'", "UNLOAD"),
        ("merge into t using s on a = b when matched then delete", "MERGE"),
    ],
)
def test_a_statement_that_is_not_carried_is_refused(lake: Any, sql: str, verb: str) -> None:
    assert lake.reason(sql) == f"NOT_SUPPORTED: line 1:1: {verb} is not supported by the sandbox"
