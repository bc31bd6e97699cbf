"""A name means what it means in Athena, whatever DuckDB means by it."""

from __future__ import annotations

from typing import Any


def test_a_column_is_read_whatever_duckdb_means_by_its_name(lake: Any) -> None:
    names = ("user", "current_date", "rowid", "_no", "_p0", "_raw", "_local", "__path", "x", "x0")
    picks = ", ".join(f'{i} as "{name}"' for i, name in enumerate(names))
    for form in ("parquet", "json", "textfile"):
        table = f"odd_{form}"
        lake.rows(
            f"create table {table} with (format='{form}', partitioned_by=array['_p1', "
            f"'session_user']) as select {picks}, 'a' as _p1, 'b' as \"session_user\""
        )
        assert lake.rows(f"select * from {table}") == [[*map(str, range(len(names))), "a", "b"]]
        for i, name in enumerate(names):
            sql = f'select "{name}" from {table} where "{name}" = {i} and "session_user" = \'b\''
            assert lake.rows(sql) == [[str(i)]]
        assert lake.rows(f"select count(*) from {table} where \"session_user\" = 'c'") == [["0"]]
        path = f'select "$path" like \'s3://%\', "__path" from {table}'
        assert lake.rows(path) == [["true", "7"]]


def test_a_table_with_the_engines_own_names_is_refused(lake: Any) -> None:
    for number, name in enumerate(("sandbox__path", "$file_size")):
        lake.rows(f'create table own_{number} as select 1 as "{name}"')
        assert lake.reason(f"select * from own_{number}").startswith("NOT_SUPPORTED")


def test_a_subquery_may_call_a_column_path(lake: Any) -> None:
    assert lake.rows("""with t as (select 's3://b/k' as "$path") select "$path" from t""") == [
        ["s3://b/k"]
    ]


def test_no_query_of_with_is_taken_for_a_table(lake: Any) -> None:
    database = lake.database
    lake.rows("create table one as select 1 as a")
    lake.rows("create view shown as select a from one")
    for name in (f"{database}.one", "one", "raw_0", "files", "temp", "main"):
        of_it = f'with "{name}" as (select 99 as a) select a from'
        assert lake.rows(f"{of_it} {database}.one") == [["1"]]
        assert lake.rows(f"{of_it} shown") == [["1"]]
        assert lake.rows(f'{of_it} "{name}"') == [["99"]]


def test_there_is_one_catalog(lake: Any) -> None:
    days = "days"
    lake.rows(
        f"create table {days} with (partitioned_by=array['day']) as "
        "select 'x' as line, '2026-01-03' as day from unnest(sequence(1, 6)) as t(n)"
    )
    for name in (
        f"awsdatacatalog.{lake.database}.{days}",
        f'"AwsDataCatalog"."{lake.database}"."{days}"',
    ):
        assert lake.rows(f"select count(*) from {name}") == [["6"]]
    full = f"AwsDataCatalog.{lake.database}.{days}"
    assert lake.rows(f"select max({full}.day) from {full}") == [["2026-01-03"]]
    lake.rows(f"create table awsdatacatalog.{lake.database}.copied as select line from {days}")
    assert lake.rows("describe awsdatacatalog." + lake.database + ".copied")
    for sql in ("select * from {}", "create table {} as select 1 as x", "describe {}"):
        reason = lake.reason(sql.format(f"other.{lake.database}.{days}"))
        assert reason.startswith("CATALOG_NOT_FOUND: line 1:")
        assert reason.endswith(": Catalog 'other' does not exist")
    context = {"Catalog": "other", "Database": lake.database}
    started = lake.athena.start_query_execution(
        QueryString=f"select * from {days}",
        QueryExecutionContext=context,
        ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/out/"},
    )
    run = lake.athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
    reason = run["QueryExecution"]["Status"]["StateChangeReason"]
    assert reason == "CATALOG_NOT_FOUND: line 1:1: Catalog 'other' does not exist"
