"""What goes wrong goes wrong as in Athena: at the same call, in its words, and as the exceptions
that its clients know."""

from __future__ import annotations

from typing import Any

import pyathena
import pytest
from dbt.adapters.athena.connections import AthenaCredentials, AthenaCursor
from dbt.adapters.athena.exceptions import AthenaQueryCancelledError, AthenaQueryFailedError
from pyathena.error import DatabaseError, OperationalError

from sandbox.athena import api

MALFORMED = [
    "selec 1",
    "select",
    "select 1 from",
    "select 'a",
    "select 1; select 2",
    "THIS IS NOT SQL",
]


@pytest.fixture
def cursor(lake: Any) -> Any:
    where = {"s3_staging_dir": f"s3://{lake.bucket}/out/", "schema_name": lake.database}
    return pyathena.connect(poll_interval=0.1, **where).cursor()


@pytest.mark.parametrize("sql", MALFORMED)
def test_what_is_no_statement_is_refused_when_it_is_started(lake: Any, sql: str) -> None:
    before = lake.athena.list_query_executions()["QueryExecutionIds"]
    with pytest.raises(lake.athena.exceptions.InvalidRequestException) as refused:
        lake.execution(sql)
    assert refused.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"
    assert not refused.value.response["Error"]["Message"].startswith("SYNTAX_ERROR")
    assert lake.athena.list_query_executions()["QueryExecutionIds"] == before


def test_what_is_no_statement_is_refused_while_others_run(lake: Any, monkeypatch: Any) -> None:
    """However long the statements before it take."""
    monkeypatch.setattr(api, "FIRST_WAIT", 0.2)
    where = {"OutputLocation": f"s3://{lake.bucket}/out/"}
    many = "unnest(sequence(1, 10000))"
    endless = f"select count(*) from {many} a(x), {many} b(y), {many} c(z) where x + y + z = 0"
    start = lake.athena.start_query_execution
    running = [
        start(QueryString=endless, ResultConfiguration=where)["QueryExecutionId"]
        for _ in range(api.WORKERS)
    ]
    try:
        for sql in MALFORMED:
            with pytest.raises(lake.athena.exceptions.InvalidRequestException):
                start(QueryString=sql, ResultConfiguration=where)
        waits = start(QueryString="show databases", ResultConfiguration=where)["QueryExecutionId"]
    finally:
        for query in running:
            lake.athena.stop_query_execution(QueryExecutionId=query)
    assert lake.ended(waits)["Status"]["State"] == "SUCCEEDED"


def test_a_request_that_is_wrong_is_no_malformed_query(lake: Any) -> None:
    with pytest.raises(lake.athena.exceptions.InvalidRequestException) as refused:
        lake.execution("select 1", WorkGroup="nope")
    assert refused.value.response["AthenaErrorCode"] == "INVALID_INPUT"


def test_pyathena_tells_a_malformed_query_from_a_failed_one(lake: Any, cursor: Any) -> None:
    with pytest.raises(DatabaseError, match=r"calling the StartQueryExecution operation: line 1:"):
        cursor.execute("selec 1")
    with pytest.raises(OperationalError, match=r"^TABLE_NOT_FOUND: line 1:15: Table "):
        cursor.execute("select * from nope")


@pytest.fixture(scope="module")
def wide(lake: Any) -> str:
    """A table that the workgroup `narrow` may not read."""
    lake.athena.create_work_group(
        Name="narrow", Configuration={"BytesScannedCutoffPerQuery": 10_000_000}
    )
    lake.put("wide/x.txt", "some text\n" * 1_200_000)
    lake.rows(f"create external table wide (line string) location 's3://{lake.bucket}/wide/'")
    return "select max(line) from wide"


def test_pyathena_tells_a_query_that_was_cut_off(cursor: Any, wide: str) -> None:
    with pytest.raises(OperationalError, match=r"^Bytes scanned limit was exceeded$"):
        cursor.execute(wide, work_group="narrow")


def test_dbt_knows_a_malformed_a_failed_and_a_cut_off_query(lake: Any, wide: str) -> None:
    credentials = AthenaCredentials(
        database="awsdatacatalog", schema=lake.database, region_name="us-east-1", num_retries=0,
        s3_staging_dir=f"s3://{lake.bucket}/dbt/", poll_interval=0.1, work_group="narrow",
    )  # fmt: skip
    cursor = AthenaCursor(lake.athena, credentials)
    with pytest.raises(lake.athena.exceptions.InvalidRequestException, match="line 1:"):
        cursor.execute("selec 1")
    with pytest.raises(AthenaQueryFailedError, match=r"TABLE_NOT_FOUND: line 1:15") as failed:
        cursor.execute("select * from nope")
    assert failed.value.error_category == AthenaQueryFailedError.CATEGORY_USER
    with pytest.raises(AthenaQueryCancelledError, match="Bytes scanned limit was exceeded"):
        cursor.execute(wide)
