"""A served sandbox with a simulated account, and the daily run as its users start it."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TextIO

import boto3
import pytest

from sandbox.account.buckets import STORE_HOME, TRAIL_HOME
from sandbox.demo import reading
from sandbox.process import REPO, serving

MIGRATED = REPO / ".lacuna" / "airflow" / "migrated.db"
FORKING = multiprocessing.get_context("forkserver")

# The day on which a run looked: of runs around midnight the last day counts
DAY_OF_LOOK = {"observed_on", "checked_on"}
# When something was looked at, not what was seen: differs from run to run by design
VOLATILE = {
    *("observed_at", "catalogued_at", "parsed_at", "checked_at", "config_observed_at"),
    *("begun_at", "found_at", "seen_before_at", "seen_after_at"),
}
# They describe the lake too, which a template made in one world and the run in another
PROTECTED = {"protection_states", "stg_evidence__protection_states", "fct_protection_changes"}
DATABASES = ("lacuna_evidence", "lacuna_staging", "lacuna")
# What every run adds to: what readers were shown and when, and what it cost
GROWING = {
    *("publications", "run_costs", "cost_readings", "fct_run_costs"),
    *("stg_evidence__run_costs", "stg_evidence__cost_readings", "stg_evidence__publications"),
}


class Started:
    """The command line, forked from a process that has imported everything once.

    It runs from its first line on, in a process of its own that can be killed.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        out, child_out = FORKING.Pipe(duplex=False)
        self._process = FORKING.Process(target=_lacuna, args=(arguments, environment, child_out))
        self._process.start()
        child_out.close()
        self.pid = self._process.pid
        self.stdout: TextIO = os.fdopen(os.dup(out.fileno()))
        out.close()

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self.wait()
        self.stdout.close()

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code; None if it has not ended by then."""
        self._process.join(timeout)
        return self._process.exitcode


def _lacuna(arguments: Sequence[str], environment: Mapping[str, str], out: Connection) -> None:
    os.setsid()
    for stream in (1, 2):
        os.dup2(out.fileno(), stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["lacuna", *arguments]
    from lacuna.cli.commands import main

    main()


@dataclass(frozen=True)
class World:
    """A sandbox that is being served: the environment of a run, and what was planted in it."""

    environment: dict[str, str]
    truth: dict

    @property
    def endpoint(self) -> str:
        """Where a test looks at it."""
        return self.environment["AWS_ENDPOINT_URL"]

    @property
    def lake(self) -> str:
        """The name of the lake's bucket, once a run has made it."""
        buckets = self.client("s3").list_buckets()["Buckets"]
        return next(b["Name"] for b in buckets if b["Name"].startswith("lacuna-lake"))

    def run(self, day: date | str, check: bool = True) -> tuple[int, str]:
        """The exit code of one day's run and what it said."""
        with self.start(day) as started:
            said = started.stdout.read()
            code = started.wait()
        assert not check or code == 0, said[-7000:]
        return code, said

    def start(self, day: date | str) -> Started:
        """`lacuna run`, leader of a session of its own."""
        return Started(["run", str(day)], self.environment)

    def wait_for_statements(self, more: int, run: Started) -> None:
        """Return once the run has started so many more statements: progress, however slow the machine is."""
        wanted = self._statements() + more
        while self._statements() < wanted:
            assert run.wait(0.05) is None, f"the run ended before it started {more} statements"

    def _statements(self) -> int:
        with urllib.request.urlopen(f"{self.endpoint}/_sandbox/calls") as answer:
            return int(json.load(answer).get("athena:StartQueryExecution", 0))

    def client(self, service: str):
        return boto3.client(service, endpoint_url=self.endpoint)

    def query(self) -> reading.Query:
        return reading.athena(self.environment | {"AWS_ENDPOINT_URL": self.endpoint})

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.query()(sql)

    def contents(self) -> dict[str, list[tuple]]:
        """Every table's rows, sorted, without what differs from run to run by design."""
        glue, query = self.client("glue"), self.query()
        found = {}
        for database in DATABASES:
            for page in glue.get_paginator("get_tables").paginate(DatabaseName=database):
                for table in page["TableList"]:
                    if table["Name"] in GROWING:
                        continue
                    columns = [
                        column["Name"]
                        for column in table["StorageDescriptor"]["Columns"] + table["PartitionKeys"]
                    ]
                    keep = [f'"{one}"' for one in columns if one not in (*VOLATILE, *DAY_OF_LOOK)]
                    name = f"{database}.{table['Name']}"
                    conditions = [
                        f"{one} = (select max({one}) from {name})"
                        for one in columns
                        if one in DAY_OF_LOOK
                    ]
                    if table["Name"] in PROTECTED:
                        conditions.append(f"coalesce(bucket_name, '') <> '{self.lake}'")
                    where = " and ".join(["true", *conditions])
                    rows = query(f"select {', '.join(keep)} from {name} where {where}")
                    found[name] = sorted(tuple(map(str, row.values())) for row in rows)
        return found


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory) -> str:
    """A migrated Airflow database: a copy of the one that make has migrated, because that takes seconds."""
    home = str(tmp_path_factory.mktemp("airflow"))
    if MIGRATED.exists():
        shutil.copy(MIGRATED, f"{home}/airflow.db")
    else:
        environment = os.environ | {"AIRFLOW_HOME": home}
        command = ["airflow", "db", "migrate"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", home)  # read when Airflow is imported
        FORKING.set_forkserver_preload(["tests.days.preloaded"])
        forkserver.ensure_running()
    return home


def world(airflow_home: str, folder: Path, *options: str) -> Iterator[World]:
    truth = folder / "truth.json"
    with serving("--truth", str(truth), *options) as environment:
        environment |= {"AIRFLOW_HOME": airflow_home, **WITH_STORES}
        planted = json.loads(truth.read_text()) if truth.exists() else {}
        yield World(environment, planted)


@dataclass(frozen=True)
class GuardedWorld(World):
    """A simulated account whose runs may do what the role of infra/lacuna.yaml may, and nothing else."""

    guard: subprocess.Popen[str]
    open_endpoint: str

    @property
    def endpoint(self) -> str:
        """Past the guard, which keeps account of the runs only."""
        return self.open_endpoint

    def seen(self) -> dict[str, list[str]]:
        """Actions of the runs so far: `granted` by the role, `used`, and `refused` with what they were asked of."""
        self.guard.stdin.write("\n")
        self.guard.stdin.flush()
        return json.loads(self.guard.stdout.readline())


SMALL = ("--requests", "4000", "--days", "2")
# A Region that does not answer within seconds counts as one that refused, and a busy machine is slow to answer for
# all forty: these two hold the event data stores of the account. The demo asks every Region.
WITH_STORES = {"LACUNA_STORE_REGIONS": f"{TRAIL_HOME},{STORE_HOME}"}


@pytest.fixture(scope="module")
def simulated(airflow_home) -> Iterator[GuardedWorld]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox.infra.guarded"],
        cwd=REPO,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as guard:
        started = json.loads(guard.stdout.readline())
        environment = os.environ | started["guarded"] | {"AIRFLOW_HOME": airflow_home}
        # with another workgroup than was preloaded dbt parses again, and its parser in Rust hangs in a fork
        environment |= {"DBT_STATIC_PARSER": "false", **WITH_STORES}
        yield GuardedWorld(
            environment, started["truth"], guard, started["open"]["AWS_ENDPOINT_URL"]
        )
        guard.stdin.close()


@pytest.fixture(scope="module")
def untouched(airflow_home, tmp_path_factory) -> Iterator[World]:
    """The same account in a sandbox of its own, in which nothing was run yet."""
    yield from world(airflow_home, tmp_path_factory.mktemp("untouched"), *SMALL)


@pytest.fixture(scope="module")
def empty(airflow_home, tmp_path_factory) -> Iterator[World]:
    yield from world(airflow_home, tmp_path_factory.mktemp("empty"), "--account", "empty")
