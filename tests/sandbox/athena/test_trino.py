"""Athena's statements on a real Trino: what is translated, and what goes through as it is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from pyathena import connect

from sandbox.athena.api import WORKERS
from sandbox.athena.trino import coordinator as trino_coordinator
from sandbox.process import access, serving
from tests.sandbox.athena.conftest import Lake

NEEDS_JAVA = pytest.mark.skipif(
    bool(trino_coordinator.lacking()), reason=trino_coordinator.lacking()
)
pytestmark = [pytest.mark.trino, NEEDS_JAVA]


def lake_in(environment: Mapping[str, str]) -> Lake:
    """A bucket and a database in a served sandbox."""
    clients = (boto3.client(name, **access(environment)) for name in ("s3", "athena", "glue"))
    lake = Lake("the-lake", "lake", *clients)
    lake.s3.create_bucket(Bucket=lake.bucket)
    lake.glue.create_database(DatabaseInput={"Name": lake.database})
    return lake


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory: Any) -> Iterator[trino_coordinator.Coordinator]:
    """A coordinator that runs already, as a user's own would."""
    running = trino_coordinator.Coordinator(Path(tmp_path_factory.mktemp("trino")))
    yield running
    running.close()


@pytest.fixture(scope="module")
def environment(coordinator: Any) -> Iterator[dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRINO_URL", coordinator.url)
        with serving("--engine", "trino", "--account", "empty") as served:
            yield served


@pytest.fixture(scope="module")
def lake(environment: dict[str, str]) -> Lake:
    return lake_in(environment)


@pytest.fixture(scope="module")
def visits(lake: Lake) -> str:
    """A partitioned table, made by CTAS and added to by INSERT."""
    lake.rows(
        f"create table visits with (table_type='hive', is_external=true, "
        f"external_location='s3://{lake.bucket}/visits/', partitioned_by=ARRAY['day'], "
        "format='parquet', write_compression='snappy') as "
        "select 1 as n, 'x' as who, timestamp '2026-01-01 00:00:00.000' as at, "
        "date '2026-01-01' as day"
    )
    lake.rows("insert into visits values (2, 'y', null, date '2026-01-02')")
    return "visits"


def test_a_table_that_was_made_is_read(lake: Lake, visits: str) -> None:
    assert lake.rows(f'select * from "AwsDataCatalog".lake.{visits} order by n') == [
        ["1", "x", "2026-01-01 00:00:00.000", "2026-01-01"],
        ["2", "y", None, "2026-01-02"],
    ]
    assert lake.rows(f"show partitions {visits}") == [["day=2026-01-01"], ["day=2026-01-02"]]


def test_a_partition_that_is_not_asked_for_is_not_read(lake: Lake, visits: str) -> None:
    both, one = (lake.scanned(f"select n from {visits}{w}") for w in ("", " where day < date '2026-01-02'"))  # fmt: skip
    assert 0 < one < both


def test_what_was_written_is_counted(lake: Lake, visits: str) -> None:
    query = lake.execution(f"create table copied as select * from {visits}")["QueryExecutionId"]
    assert lake.athena.get_query_results(QueryExecutionId=query)["UpdateCount"] == 2
    location = lake.glue.get_table(DatabaseName="lake", Name="copied")["Table"]
    assert location["StorageDescriptor"]["Location"].startswith(
        f"s3://{lake.bucket}/athena-results/"
    )


def test_a_view_has_its_columns_in_glue(lake: Lake, visits: str) -> None:
    lake.rows(f"create or replace view seen as select n, at, array[who] as l, day from {visits}")
    assert lake.value("max(l) from seen") == "[y]"
    view = lake.glue.get_table(DatabaseName="lake", Name="seen")["Table"]
    assert [c["Name"] for c in view["StorageDescriptor"]["Columns"]] == ["n", "at", "l", "day"]
    assert [c["Type"] for c in view["StorageDescriptor"]["Columns"]][:2] == ["int", "timestamp"]


def test_a_view_may_hold_rows_with_named_fields(lake: Lake, visits: str) -> None:
    row = "cast(row(who) as row(visitor varchar))"
    lake.rows(f"create or replace view guests as select array[{row}] as l from {visits}")
    assert lake.value("max(l[1].visitor) from guests") == "y"


@pytest.mark.parametrize("kind", ["json", "textfile", "parquet"])
def test_every_format_is_read_back(lake: Lake, kind: str) -> None:
    lake.rows(f"create table made_{kind} with (format='{kind}') as select 1 as n, 'é,|' as t")
    assert lake.rows(f"select n, t from made_{kind}") == [["1", "é,|"]]


def test_a_cloudtrail_table_has_a_row_an_event_and_the_path_of_its_object(lake: Lake) -> None:
    records = [{"eventName": f"Get{n}", "requestParameters": {"key": "é\n"}} for n in range(3)]
    data = gzip.compress(json.dumps({"Records": records}).encode())
    url = lake.put("trail/AWSLogs/1/x.json.gz", data)
    lake.rows(
        "create external table events (eventname string, requestparameters string) "
        "row format serde 'org.apache.hive.hcatalog.data.JsonSerDe' stored as "
        "inputformat 'com.amazon.emr.cloudtrail.CloudTrailInputFormat' "
        "outputformat 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat' "
        f"location 's3://{lake.bucket}/trail/'"
    )
    key = "json_extract_scalar(requestparameters, '$.key')"
    sql = f'select eventname, {key}, "$path", "$file_size" from events'
    size = str(len(data))
    assert sorted(lake.rows(sql)) == [[f"Get{n}", "é\n", url, size] for n in range(3)]
    assert lake.scanned(sql) == len(data)
    assert lake.s3.get_object(Bucket=lake.bucket, Key="trail/AWSLogs/1/x.json.gz")["Body"].read() == data  # fmt: skip


def test_pyathena_has_python_values(environment: dict[str, str], lake: Lake) -> None:
    cursor = connect(
        s3_staging_dir=f"s3://{lake.bucket}/results/", schema_name="lake", poll_interval=0.1,
        **access(environment),
    ).cursor()  # fmt: skip
    cursor.execute("select 1, 'x', array[1, 2], cast(1.5 as decimal(3, 1)), timestamp '2026-01-01 00:00:00'")  # fmt: skip
    row = cursor.fetchone()
    assert row[:3] == (1, "x", [1, 2])
    assert [d[1] for d in cursor.description] == ["integer", "varchar", "array", "decimal", "timestamp"]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select nope from visits", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved or requester is"),
        ("select * from lake.nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.nope' does not exist"),
        ("select * from nope.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist"),
        ("select 1/0", "DIVISION_BY_ZERO: Division by zero"),
        ("select date 'x'", "INVALID_LITERAL"),
        ("create table visits as select 1 x", "TABLE_ALREADY_EXISTS: line 1:1: Destination table"),
        ("insert into visits values (1)", "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types"),
        ("call system.sync_partition_metadata('a', 'b', 'ADD')", "SYNTAX_ERROR: line 1:1: mismatched input 'call'"),
        ("execute nope using 1", "NOT_SUPPORTED: line 1:1: EXECUTE is not supported by the sandbox"),
    ],
)  # fmt: skip
def test_a_failure_is_told_in_athenas_words(lake: Lake, visits: str, sql: str, reason: str) -> None:
    assert lake.reason(sql).startswith(reason)


NUMBERS = "unnest(sequence(1, 10000))"
ENDLESS = f"""
select count(*)
from {NUMBERS} as a(x), {NUMBERS} as b(y), {NUMBERS} as c(z)
where x + y + z = 0
"""


def test_a_stopped_query_is_cancelled(lake: Lake) -> None:
    where = {"OutputLocation": f"s3://{lake.bucket}/athena-results/"}
    started = lake.athena.start_query_execution(QueryString=ENDLESS, ResultConfiguration=where)
    query = started["QueryExecutionId"]
    state = lake.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
    assert state["State"] == "RUNNING"
    lake.athena.stop_query_execution(QueryExecutionId=query)
    assert lake.ended(query)["Status"]["State"] == "CANCELLED"


def test_a_query_that_reads_too_much_is_cut_off(lake: Lake, visits: str) -> None:
    limit = {"BytesScannedCutoffPerQuery": 10_000_000}
    lake.athena.create_work_group(Name="small", Configuration=limit)
    lake.put("big/x.txt", "some text\n" * 1_200_000)
    lake.rows(f"create external table big (line string) location 's3://{lake.bucket}/big/'")
    run = lake.execution("select max(line) from big", WorkGroup="small")
    assert run["Status"]["State"] == "CANCELLED"
    assert run["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert run["Statistics"]["DataScannedInBytes"] > limit["BytesScannedCutoffPerQuery"]


@pytest.mark.parametrize("sql", ["selec 1", "select 1 from", "select 'a", "insert into"])
def test_what_trino_cannot_parse_is_refused_when_it_is_started(lake: Lake, sql: str) -> None:
    with pytest.raises(lake.athena.exceptions.InvalidRequestException) as refused:
        lake.execution(sql)
    assert refused.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"
    assert refused.value.response["Error"]["Message"].startswith("line 1:")


def test_what_trino_cannot_parse_is_refused_while_others_run(lake: Lake) -> None:
    """However long the statements before it take."""
    where = {"OutputLocation": f"s3://{lake.bucket}/athena-results/"}

    def start(sql: str) -> str:
        started = lake.athena.start_query_execution(QueryString=sql, ResultConfiguration=where)
        return str(started["QueryExecutionId"])

    with ThreadPoolExecutor(WORKERS) as pool:
        running = list(pool.map(start, [ENDLESS] * WORKERS))
    try:
        with pytest.raises(lake.athena.exceptions.InvalidRequestException) as refused:
            start("select 1\nfrom")
    finally:
        for query in running:
            lake.athena.stop_query_execution(QueryExecutionId=query)
    assert refused.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"
    assert refused.value.response["Error"]["Message"].startswith("line 2:5: ")


def test_a_partition_whose_key_has_a_length_is_found(lake: Lake) -> None:
    lake.rows(
        "create table lettered with (partitioned_by=array['p']) as "
        "select n, p from (values (1, 'ab'), (2, 'cd')) t(n, p)"
    )
    assert lake.rows("select n from lettered where p = 'ab'") == [["1"]]


def test_a_plain_number_with_a_point_is_a_double(lake: Lake) -> None:
    assert lake.rows("select 1 / 0.0, typeof(1.5), typeof(.5), typeof(decimal '1.5'), '1.5'") == [
        ["Infinity", "double", "double", "decimal(2,1)", "1.5"]
    ]


def test_a_plan_is_shown_under_its_heading(lake: Lake) -> None:
    query = lake.execution("explain select 1")["QueryExecutionId"]
    rows = lake.athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    assert rows[0]["Data"] == [{"VarCharValue": "Query Plan"}]
