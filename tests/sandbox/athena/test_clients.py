"""Every client the project uses works against the sandbox as it comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import awswrangler as wr
import pandas as pd
import pytest

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def people(lake: Any) -> str:
    """A partitioned table written by awswrangler."""
    frame = pd.DataFrame(
        {"id": [1, 2], "name": ["Ann", None], "day": [date(2026, 1, 1), date(2026, 1, 2)]}
    )
    write(lake, frame)
    return "people"


def write(lake: Any, frame: pd.DataFrame) -> None:
    wr.s3.to_parquet(
        frame,
        path=f"s3://{lake.bucket}/people/",
        dataset=True,
        database=lake.database,
        table="people",
        partition_cols=["day"],
        mode="overwrite_partitions",
        dtype={"id": "bigint", "name": "string", "day": "date"},
    )


def test_awswrangler_overwrites_its_own_partition_only(lake: Any, people: str) -> None:
    write(lake, pd.DataFrame({"id": [3, 4], "name": ["x", "y"], "day": [date(2026, 1, 2)] * 2}))
    rows = lake.rows("select id, day from people order by id")
    assert rows == [["1", "2026-01-01"], ["3", "2026-01-02"], ["4", "2026-01-02"]]


def test_awswrangler_reads_a_query_into_a_frame(lake: Any, people: str) -> None:
    frame = wr.athena.read_sql_query(
        "select id, name, day from people where day = date '2026-01-01'",
        database=lake.database,
        ctas_approach=False,
        unload_approach=False,
        s3_output=f"s3://{lake.bucket}/out/",
    )
    assert frame.to_dict("records") == [{"id": 1, "name": "Ann", "day": date(2026, 1, 1)}]


def test_awswrangler_reads_the_catalog(lake: Any, people: str) -> None:
    assert wr.catalog.does_table_exist(lake.database, "people")
    assert wr.catalog.get_table_types(lake.database, "people") == {
        "id": "bigint",
        "name": "string",
        "day": "date",
    }


def test_pyathena_gives_typed_rows(lake: Any, people: str) -> None:
    from pyathena import connect

    cursor = connect(s3_staging_dir=f"s3://{lake.bucket}/out/", schema_name=lake.database).cursor()
    rows = cursor.execute(
        "select id, name, day from people where id = %(id)d", {"id": 1}
    ).fetchall()
    assert rows == [(1, "Ann", date(2026, 1, 1))]
    assert cursor.data_scanned_in_bytes > 0


def test_sqlalchemy_reads_rows_and_columns(lake: Any, people: str) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(url(lake))
    with engine.connect() as connection:
        assert (
            connection.execute(sqlalchemy.text("select count(*) from people where id = 1")).scalar()
            == 1
        )
        columns = sqlalchemy.inspect(connection).get_columns("people", schema=lake.database)
    assert [c["name"] for c in columns] == ["id", "name", "day"]


def url(lake: Any) -> str:
    host = "athena.us-east-1.amazonaws.com:443"
    return f"awsathena+rest://@{host}/{lake.database}?s3_staging_dir=s3://{lake.bucket}/gx/&work_group=primary"


def test_great_expectations_judges_a_query(lake: Any, people: str) -> None:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    source = gx.get_context(mode="ephemeral").data_sources.add_sql(
        "athena", connection_string=url(lake)
    )
    asset = source.add_query_asset(
        "people", query="select * from people where day = date '2026-01-01'"
    )
    batch = asset.add_batch_definition_whole_table("run").get_batch()
    good = batch.validate(gxe.ExpectColumnValuesToNotBeNull(column="name"))
    bad = batch.validate(gxe.ExpectColumnValuesToBeInSet(column="name", value_set=["Bob"]))
    assert good.success
    assert not bad.success
    assert bad.result["unexpected_count"] == 1


def test_airflows_operator_runs_a_query(lake: Any, people: str) -> None:
    from airflow.providers.amazon.aws.operators.athena import AthenaOperator

    operator = AthenaOperator(
        task_id="operator",
        query="select 1",
        database=lake.database,
        output_location=f"s3://{lake.bucket}/op/",
        aws_conn_id=None,
        region_name="us-east-1",
        sleep_time=0,
    )
    query_id = operator.execute({})
    assert (
        lake.athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"][
            "State"
        ]
        == "SUCCEEDED"
    )


def test_the_aws_cli_lists_and_asks(lake: Any, people: str) -> None:
    listed = aws("s3", "ls", f"s3://{lake.bucket}/people/")
    assert "PRE day=2026-01-01/" in listed
    started = aws(
        "athena",
        "start-query-execution",
        "--query-string",
        "select 1",
        "--result-configuration",
        f"OutputLocation=s3://{lake.bucket}/cli/",
    )
    results = aws(
        "athena",
        "get-query-results",
        "--query-execution-id",
        json.loads(started)["QueryExecutionId"],
    )
    assert json.loads(results)["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"] == "1"


def aws(*arguments: str) -> str:
    done = subprocess.run(
        [BIN / "aws", *arguments], env=os.environ, capture_output=True, text=True, check=True
    )
    return done.stdout
