"""Small helpers over boto3: one bucket and one database for each test, SQL in, rows out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.athena.server import Sandbox

_numbers = itertools.count()

PATIENCE = 600  # seconds; the slowest query of the tests takes some


@dataclass(frozen=True)
class Lake:
    """A bucket and a database of its own."""

    bucket: str
    database: str
    s3: Any
    athena: Any
    glue: Any

    def execution(self, sql: str, **options: Any) -> dict[str, Any]:
        started = self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/athena-results/"},
            **options,
        )
        return self.ended(started["QueryExecutionId"])

    def ended(self, query: str) -> dict[str, Any]:
        """An execution, once it has ended; one that never does fails the test and hangs nothing."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            query_execution = self.athena.get_query_execution(QueryExecutionId=query)[
                "QueryExecution"
            ]
            if query_execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return dict(query_execution)
            time.sleep(0.1)
        raise TimeoutError(f"{query} has not ended after {PATIENCE} s")

    def rows(self, sql: str, **options: Any) -> list[list[str | None]]:
        """The rows of a query, header left out."""
        run = self.execution(sql, **options)
        assert run["Status"]["State"] == "SUCCEEDED", run["Status"].get("StateChangeReason")
        pages = self.athena.get_paginator("get_query_results").paginate(
            QueryExecutionId=run["QueryExecutionId"]
        )
        rows = [
            [c.get("VarCharValue") for c in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:] if run["SubstatementType"] == "SELECT" else rows

    def value(self, expression: str) -> str | None:
        return self.rows(f"select {expression}")[0][0]

    def reason(self, sql: str, **options: Any) -> str:
        """Why a query fails, or why it is no query."""
        try:
            run = self.execution(sql, **options)
        except self.athena.exceptions.InvalidRequestException as error:
            return malformed(error)
        assert run["Status"]["State"] == "FAILED", run["Status"]
        return str(run["Status"]["StateChangeReason"])

    def scanned(self, sql: str) -> int:
        run = self.execution(sql)
        assert run["Status"]["State"] == "SUCCEEDED", run["Status"].get("StateChangeReason")
        return int(run["Statistics"]["DataScannedInBytes"])

    def put(self, key: str, body: bytes | str, **options: Any) -> str:
        data = body.encode() if isinstance(body, str) else body
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data, **options)
        return f"s3://{self.bucket}/{key}"


def malformed(error: ClientError) -> str:
    """What StartQueryExecution says of a statement that is none, as a failed query's reason."""
    name = {"MALFORMED_QUERY": "SYNTAX_ERROR"}[error.response["AthenaErrorCode"]]
    return f"{name}: {error.response['Error']['Message']}"


@pytest.fixture(scope="module")
def lake(sandbox: Sandbox) -> Iterator[Lake]:
    number = next(_numbers)
    lake = Lake(
        f"lake-{number}",
        f"db_{number}",
        boto3.client("s3"),
        boto3.client("athena"),
        boto3.client("glue"),
    )
    lake.s3.create_bucket(Bucket=lake.bucket)
    lake.glue.create_database(DatabaseInput={"Name": lake.database})
    return lake
