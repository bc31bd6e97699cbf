"""CREATE TABLE AS and INSERT: types, partitions, files, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pytest
from pyarrow import parquet


def test_ctas_writes_partitions_with_their_types(lake: Any) -> None:
    lake.rows(
        f"create table made with (external_location='s3://{lake.bucket}/made/', "
        "format='PARQUET', partitioned_by=array['day']) as "
        "select 1 as i, cast(2 as bigint) as b, 1.5e0 as d, cast('1.25' as decimal(10,2)) as c, "
        "'x' as s, true as t, array['a'] as l, "
        "map(array['k'], array[1]) as m, cast(row(1) as row(f integer)) as r, timestamp "
        "'2026-01-01 00:00:00.123' as ts, date '2026-01-02' as day"
    )
    columns = lake.glue.get_table(DatabaseName=lake.database, Name="made")["Table"]
    types = {
        c["Name"]: c["Type"]
        for c in columns["StorageDescriptor"]["Columns"] + columns["PartitionKeys"]
    }
    assert types == {
        "i": "int",
        "b": "bigint",
        "d": "double",
        "c": "decimal(10,2)",
        "s": "string",
        "t": "boolean",
        "l": "array<string>",
        "m": "map<string,int>",
        "r": "struct<f:int>",
        "ts": "timestamp",
        "day": "date",
    }
    assert lake.rows("select * from made") == [
        [
            "1",
            "2",
            "1.5",
            "1.25",
            "x",
            "true",
            "[a]",
            "{k=1}",
            "{f=1}",
            "2026-01-01 00:00:00.123",
            "2026-01-02",
        ]
    ]


def test_a_table_may_be_made_without_rows_and_with_a_comment(lake: Any) -> None:
    lake.rows("create table no_rows comment 'none' as select 1 as a with no data")
    assert lake.rows("select a from no_rows") == []
    table = lake.glue.get_table(DatabaseName=lake.database, Name="no_rows")["Table"]
    assert table["Parameters"]["comment"] == "none"


def codecs(lake: Any, folder: str) -> list[str]:
    keys = [
        one.key for one in boto3.resource("s3").Bucket(lake.bucket).objects.filter(Prefix=folder)
    ]
    bodies = (
        boto3.client("s3").get_object(Bucket=lake.bucket, Key=key)["Body"].read() for key in keys
    )
    files = (parquet.ParquetFile(io.BytesIO(body)) for body in bodies)
    return [one.metadata.row_group(0).column(0).compression for one in files]


@pytest.mark.parametrize(("asked", "written"), [("ZSTD", "ZSTD"), ("gzip", "GZIP"), ("", "SNAPPY")])
def test_a_table_keeps_its_compression_when_rows_are_added(
    lake: Any, asked: str, written: str
) -> None:
    folder = f"packed-{written.lower()}/"
    name = folder.strip("/").replace("-", "_")
    compression = f", write_compression='{asked}'" if asked else ""
    lake.rows(
        f"create table {name} with (external_location='s3://{lake.bucket}/{folder}', "
        f"format='PARQUET'{compression}) as select 1 as a"
    )
    lake.rows(f"insert into {name} select 2")
    assert codecs(lake, folder) == [written] * 2
    assert lake.rows(f"select a from {name} order by a") == [["1"], ["2"]]


def test_insert_adds_partitions_and_null_ones(lake: Any) -> None:
    lake.rows(
        "create external table grown (a bigint) partitioned by (p string) stored as parquet "
        f"location 's3://{lake.bucket}/grown/'"
    )
    assert (
        lake.rows("insert into grown select 1, 'x y/z' union all select 2, cast(null as varchar)")
        == []
    )
    assert lake.rows("select a, p from grown order by a") == [["1", "x y/z"], ["2", None]]
    assert lake.rows("insert into grown (p, a) values ('q', 3)") == []
    assert lake.rows("select a from grown where p = 'q'") == [["3"]]
    assert lake.rows("insert into grown values (decimal '4', 'q')") == []
    assert lake.rows("select a from grown where p = 'q' order by a") == [["3"], ["4"]]
    assert "NOT_SUPPORTED" in lake.reason("insert into grown values (1.5, 'q')")
    assert "TYPE_MISMATCH" in lake.reason("insert into grown values ('x', 'y')")
    mismatched = "Table: [bigint, varchar], Query: [integer]"
    assert mismatched in lake.reason("insert into grown select 1")
    assert "DUPLICATE_COLUMN_NAME" in lake.reason("insert into grown (a, a) values (1, 2)")


def test_what_is_inserted_is_brought_to_the_column_or_too_long_for_it(lake: Any) -> None:
    lake.rows(
        "create external table short (c varchar(3), d date) stored as parquet "
        f"location 's3://{lake.bucket}/short/'"
    )
    lake.rows("insert into short values ('ab  ', timestamp '2026-01-02 03:04:05')")
    assert lake.rows("select c || '.', d from short") == [["ab .", "2026-01-02"]]
    reason = lake.reason("insert into short values ('abcd', null)")
    assert reason.startswith("INVALID_CAST_ARGUMENT: Cannot truncate non-space characters")
    assert lake.reason("insert into short values ('a', 'b')").startswith("TYPE_MISMATCH")


def test_partition_values_are_what_hive_can_keep(lake: Any) -> None:
    lake.rows(
        "create table kept with (partitioned_by=array['k']) as select * from "
        "(values (1, ''), (2, null), (3, 'a b'), (4, '%41/=')) as v(a, k)"
    )
    everything = [["1", None], ["2", None], ["3", "a b"], ["4", "%41/="]]
    assert lake.rows("select a, k from kept order by a") == everything
    assert lake.rows("select a from kept where k = ''") == []
    assert lake.rows("select count(*) from kept where k is null") == [["2"]]
    for value, shown in (("é", "C3 A9"), ("a\tb", "61 09 62")):
        assert lake.reason(f"insert into kept select 5, '{value}'") == (
            "HIVE_INVALID_PARTITION_VALUE: Hive partition keys can only contain printable ASCII "
            f"characters (0x20 - 0x7E). Invalid value: {shown}"
        )
    assert lake.rows("select count(*) from kept") == [["4"]]


def test_more_than_a_hundred_partitions_are_too_many(lake: Any) -> None:
    sql = (
        f"create table many with (external_location='s3://{lake.bucket}/many/', "
        f"partitioned_by=array['p']) as select 1 as a, p from unnest(sequence(1, {{}})) as u(p)"
    )
    assert lake.reason(sql.format(101)).startswith(
        "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers"
    )
    assert lake.rows(sql.format(100)) == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "create table x as select 1",
            "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1",
        ),
        ("create table x as select 1 as a, 2 as a", "DUPLICATE_COLUMN_NAME"),
        (
            "create table x with (partitioned_by=array['a']) as select 1 as a, 2 as b",
            "HIVE_COLUMN_ORDER_MISMATCH",
        ),
        ("create table x with (table_type='ICEBERG') as select 1 as a", "NOT_SUPPORTED"),
        ("create table x with (write_compression='brotli') as select 1 as a", "NOT_SUPPORTED"),
        ("create table x with (nonsense='1') as select 1 as a", "INVALID_TABLE_PROPERTY"),
        ("create table x as select now() as a", "NOT_SUPPORTED: Unsupported Hive type"),
        ("create table no_such_db.x as select 1 as a", "NOT_FOUND: Schema no_such_db not found"),
    ],
)
def test_a_table_that_athena_would_not_make_is_refused(lake: Any, sql: str, reason: str) -> None:
    assert reason in lake.reason(sql)


def test_parquet_is_charged_by_the_columns_read(lake: Any) -> None:
    lake.rows(
        f"create table wide with (external_location='s3://{lake.bucket}/wide/') as "
        "select i, to_hex(sha256(to_utf8(cast(i as varchar)))) as h from unnest(sequence(1, "
        "10000)) as u(i)"
    )
    one, both = (
        lake.scanned("select sum(i) from wide"),
        lake.scanned("select sum(i), max(h) from wide"),
    )
    assert 0 < one < both / 3


def test_a_type_the_file_does_not_have_is_bad_data(lake: Any) -> None:
    lake.rows(
        f"create table typed with (external_location='s3://{lake.bucket}/typed/') as select "
        "'x' as a"
    )
    lake.rows(
        f"create external table mistyped (a bigint, b string) stored as parquet location 's3://{lake.bucket}/typed/'"
    )
    assert lake.reason("select * from mistyped").startswith(
        "HIVE_BAD_DATA: Field a's type STRING in parquet file s3://"
    )
    assert lake.rows("select b from mistyped") == [[None]]


def test_what_was_inserted_is_a_count_of_rows(lake: Any) -> None:
    lake.rows("create table fruits as select 1 as id, 'apple' as name")
    run = lake.execution("insert into fruits values (3, 'plum')")
    results = lake.athena.get_query_results(QueryExecutionId=run["QueryExecutionId"])
    columns = results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(c["Name"], c["Type"]) for c in columns] == [("rows", "bigint")]
    assert (results["UpdateCount"], results["ResultSet"]["Rows"]) == (1, [])
