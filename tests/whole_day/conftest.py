"""A served sandbox with a simulated account, and the daily run as its users start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import boto3
import pytest

from sandbox.process import REPO, serving

# When something was looked at, not what was seen: differs from run to run by design
VOLATILE = {"observed_at", "catalogued_at", "checked_at", "config_observed_at"}
DATABASES = ("lacuna_evidence", "lacuna_staging", "lacuna")


@dataclass(frozen=True)
class World:
    """A sandbox that is being served: its environment and what was planted in it."""

    environment: dict[str, str]
    truth: dict

    def run(self, *days: date | str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "lacuna", "run", *map(str, days)],
            cwd=REPO, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        return done

    def start(self, day: date | str, **options: bool) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "lacuna", "run", str(day)],
            cwd=REPO, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, **options,
        )  # fmt: skip

    def client(self, service: str):
        return boto3.client(service, endpoint_url=self.environment["AWS_ENDPOINT_URL"])

    def rows(self, sql: str) -> list[dict[str, str | None]]:
        athena = self.client("athena")
        query = athena.start_query_execution(
            QueryString=sql,
            ResultConfiguration={"OutputLocation": f"s3://{self.lake}/athena-results/"},
        )["QueryExecutionId"]
        state = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        assert state["State"] == "SUCCEEDED", state
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        rows = [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]

    @property
    def lake(self) -> str:
        buckets = self.client("s3").list_buckets()["Buckets"]
        return next(b["Name"] for b in buckets if b["Name"].startswith("lacuna-lake"))

    def contents(self) -> dict[str, list[tuple]]:
        """Every table's rows, sorted, without what differs from run to run by design."""
        glue = self.client("glue")
        found = {}
        for database in DATABASES:
            for page in glue.get_paginator("get_tables").paginate(DatabaseName=database):
                for table in page["TableList"]:
                    keep = [
                        f'"{column["Name"]}"'
                        for column in table["StorageDescriptor"]["Columns"] + table["PartitionKeys"]
                        if column["Name"] not in VOLATILE
                    ]
                    name = f"{database}.{table['Name']}"
                    rows = self.rows(f"select {', '.join(keep)} from {name}")
                    found[name] = sorted(tuple(map(str, row.values())) for row in rows)
        return found


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory) -> str:
    """A migrated Airflow database; `airflow db migrate` takes seconds, so once for all."""
    home = str(tmp_path_factory.mktemp("airflow"))
    environment = os.environ | {"AIRFLOW_HOME": home}
    subprocess.run(["airflow", "db", "migrate"], env=environment, check=True, capture_output=True)
    return home


def world(airflow_home: str, folder: Path, *options: str) -> Iterator[World]:
    truth = folder / "truth.json"
    with serving("--truth", str(truth), *options) as environment:
        environment["AIRFLOW_HOME"] = airflow_home
        yield World(environment, json.loads(truth.read_text()) if truth.exists() else {})


SMALL = ("--requests", "4000", "--days", "2")


@pytest.fixture(scope="module")
def simulated(airflow_home, tmp_path_factory) -> Iterator[World]:
    yield from world(airflow_home, tmp_path_factory.mktemp("simulated"), *SMALL)


@pytest.fixture(scope="module")
def untouched(airflow_home, tmp_path_factory) -> Iterator[World]:
    """The same account in a sandbox of its own, in which nothing was run yet."""
    yield from world(airflow_home, tmp_path_factory.mktemp("untouched"), *SMALL)


@pytest.fixture(scope="module")
def empty(airflow_home, tmp_path_factory) -> Iterator[World]:
    yield from world(airflow_home, tmp_path_factory.mktemp("empty"), "--account", "empty")
