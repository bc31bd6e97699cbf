"""The Athena API: results, tokens, workgroups, limits, stopping."""

from __future__ import annotations

import threading
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.athena import api
from sandbox.athena.moto_fixes import s3 as bulk
from tests.sandbox.athena.tables import line_table


def test_results_page_with_one_header(lake: Any) -> None:
    run = lake.execution("select i from unnest(sequence(1, 2500)) as u(i)")
    pages = list(
        lake.athena.get_paginator("get_query_results").paginate(
            QueryExecutionId=run["QueryExecutionId"]
        )
    )
    assert [len(p["ResultSet"]["Rows"]) for p in pages] == [1000, 1000, 501]
    assert pages[0]["ResultSet"]["Rows"][0] == {"Data": [{"VarCharValue": "i"}]}
    with pytest.raises(ClientError, match="MaxResults"):
        lake.athena.get_query_results(QueryExecutionId=run["QueryExecutionId"], MaxResults=1001)


def test_a_result_is_a_csv_in_the_output_location(lake: Any) -> None:
    run = lake.execution("select 'a,\"b' as x, cast(null as varchar) as y")
    key = run["ResultConfiguration"]["OutputLocation"].partition(f"{lake.bucket}/")[2]
    assert lake.s3.get_object(Bucket=lake.bucket, Key=key)["Body"].read() == b'"x","y"\n"a,""b",\n'


def test_a_statement_takes_as_long_as_it_would_on_aws(
    lake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_latency", 0.5)
    query = lake.athena.start_query_execution(
        QueryString="select 1", ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/"}
    )["QueryExecutionId"]
    status = lake.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
    assert status["State"] in ("QUEUED", "RUNNING")
    run = lake.execution("select 1")
    assert run["Statistics"]["TotalExecutionTimeInMillis"] >= 500


def test_the_same_token_is_the_same_query(lake: Any) -> None:
    token = "t" * 32
    first, second = (
        lake.execution("select 1", ClientRequestToken=token)["QueryExecutionId"] for _ in range(2)
    )
    assert first == second
    with pytest.raises(ClientError, match="Idempotent"):
        lake.execution("select 2", ClientRequestToken=token)


def test_a_workgroup_decides_place_and_limit(lake: Any) -> None:
    name = f"wg-{lake.database}"
    place = f"s3://{lake.bucket}/forced/"
    lake.athena.create_work_group(
        Name=name,
        Configuration={
            "ResultConfiguration": {"OutputLocation": place},
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    assert lake.execution("select 1", WorkGroup=name)["ResultConfiguration"][
        "OutputLocation"
    ].startswith(place)
    table, prefix = line_table(lake)
    bulk.put_objects(
        lake.bucket, ((f"{prefix}{i}", b"x" * 999_999 + b"\n", None, None) for i in range(11))
    )
    stopped = lake.execution(f"select count(line) from {table}", WorkGroup=name)
    assert stopped["Status"]["State"] == "CANCELLED"
    assert stopped["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    fine = lake.execution(
        f"select count(line) from {table} where \"$path\" like '%/1'", WorkGroup=name
    )
    assert fine["Status"]["State"] == "SUCCEEDED"
    assert (
        lake.athena.list_query_executions(WorkGroup=name)["QueryExecutionIds"][0]
        == fine["QueryExecutionId"]
    )


def test_no_place_for_results_is_refused(lake: Any) -> None:
    with pytest.raises(ClientError, match="No output location provided"):
        lake.athena.start_query_execution(QueryString="select 1")


def test_a_place_that_does_not_exist_is_refused(lake: Any) -> None:
    with pytest.raises(ClientError, match=r"Unable to verify/create output bucket no-such-bucket$"):
        lake.athena.start_query_execution(
            QueryString="select 1", ResultConfiguration={"OutputLocation": "s3://no-such-bucket/x/"}
        )


def test_a_workgroup_that_does_not_exist_is_refused(lake: Any) -> None:
    for ask in (
        lambda: lake.execution("select 1", WorkGroup="nobodys"),
        lambda: lake.athena.get_work_group(WorkGroup="nobodys"),
    ):
        with pytest.raises(ClientError, match=r"WorkGroup is not found\.$") as failed:
            ask()
        assert failed.value.response["Error"]["Code"] == "InvalidRequestException"
    assert lake.athena.get_work_group(WorkGroup="primary")["WorkGroup"]["State"] == "ENABLED"


def test_a_running_query_stops_when_asked(lake: Any) -> None:
    slow = (
        "select count(*) from unnest(sequence(1, 10000)) as a(x) cross join unnest(sequence(1, 10000)) "
        "as b(y) cross join unnest(sequence(1, 10000)) as c(z) where x * y % 7 = z"
    )
    started: dict[str, str] = {}

    def start() -> None:
        started.update(
            boto3.client("athena").start_query_execution(
                QueryString=slow, ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/out/"}
            )
        )

    before = set(lake.athena.list_query_executions()["QueryExecutionIds"])
    thread = threading.Thread(target=start)
    thread.start()
    running: set[str] = set()
    while not running:
        running = set(lake.athena.list_query_executions()["QueryExecutionIds"]) - before
    query = running.pop()

    def state() -> str:
        execution = lake.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return str(execution["Status"]["State"])

    while state() == "QUEUED":
        time.sleep(0.05)
    assert state() == "RUNNING"
    assert lake.rows("select 1") == [["1"]]  # other requests are answered meanwhile
    lake.athena.stop_query_execution(QueryExecutionId=query)
    thread.join(timeout=300)
    assert not thread.is_alive()
    assert lake.ended(query)["Status"]["State"] == "CANCELLED"
    with pytest.raises(ClientError, match="Final query state: CANCELLED"):
        lake.athena.get_query_results(QueryExecutionId=query)


@pytest.mark.parametrize(
    ("operation", "argument", "most", "one"),
    [
        ("batch_create_partition", "PartitionInputList", 100, {"Values": ["a"]}),
        ("batch_delete_partition", "PartitionsToDelete", 25, {"Values": ["a"]}),
        ("batch_delete_table", "TablesToDelete", 100, "a"),
        (
            "batch_update_partition",
            "Entries",
            100,
            {"PartitionValueList": ["a"], "PartitionInput": {"Values": ["a"]}},
        ),
    ],
)
def test_glue_takes_no_more_in_a_call_than_on_aws(
    lake: Any, operation: str, argument: str, most: int, one: Any
) -> None:
    asked = {"DatabaseName": "default", argument: [one] * (most + 1)}
    if "partition" in operation:
        asked["TableName"] = "no_such_table"
    with pytest.raises(ClientError, match=f"length less than or equal to {most}"):
        getattr(lake.glue, operation)(**asked)


def test_glue_takes_no_longer_filter_than_on_aws(lake: Any) -> None:
    with pytest.raises(ClientError, match="length less than or equal to 2048"):
        lake.glue.get_partitions(DatabaseName="default", TableName="t", Expression="a" * 2049)
