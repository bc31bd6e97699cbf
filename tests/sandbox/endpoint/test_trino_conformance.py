"""The embedded engine says what a real Trino says: `make conformance`, where a JDK is present."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import jinja2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox.process import serving
from tests.dbt_project.cutting import PROJECT, VIEW
from tests.dbt_project.test_cutting import lines
from tests.dbt_project.wild_lines import all_cases
from tests.sandbox.endpoint import test_sql
from tests.sandbox.endpoint.conftest import Lake
from tests.sandbox.endpoint.test_trino import NEEDS_JAVA, lake_in
from tests.whole_day.conftest import DATABASES, VOLATILE, World, airflow_home, world

ENGINES = ("embedded", "trino")
DAYS = 2

# What differs today, and why; whatever else differs fails the test.
APPROXIMATE = {
    # Trino's approx_percentile keeps a digest, right to 1 % of the rank: its value need not be among
    # those given. The embedded engine's is exact.
    "latency_p50_seconds",
    "latency_p95_seconds",
    "latency_p99_seconds",
}
DIFFERENT_FAILURES = {
    "select [1, 2]": "newer than Athena's Trino",
    "select * from read_csv('/etc/passwd')": "a SYNTAX_ERROR for Trino already",
}
DIFFERENT_OBJECTS = {
    "not-utf-8": "of a surrogate in UTF-8 Java makes one U+FFFD, Python three",
}
__all__ = ["airflow_home"]  # a fixture

pytestmark = [pytest.mark.trino, NEEDS_JAVA]


@pytest.fixture(scope="module")
def both() -> Iterator[dict[str, Lake]]:
    """An empty sandbox on each engine."""
    with ExitStack() as stack:
        served = {
            engine: stack.enter_context(serving("--engine", engine, "--account", "empty"))
            for engine in ENGINES
        }
        yield {engine: lake_in(environment) for engine, environment in served.items()}


# ---- the whole daily run ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def contents(airflow_home: str, tmp_path_factory: Any) -> dict[str, dict[str, list[tuple]]]:
    """Every table after the daily run of the same account, by engine."""
    found = {}
    for engine in ENGINES:
        options = ("--engine", engine, "--requests", "4000", "--days", str(DAYS))
        for one in world(airflow_home, tmp_path_factory.mktemp(engine), *options):
            one.run(*days(one))
            found[engine] = {name: rows(one, name) for name in tables(one)}
    return found


def tables(one: World) -> list[str]:
    """Every table that the run filled; views have no rows of their own."""
    pages = one.client("glue").get_paginator("get_tables")
    return [
        f"{database}.{table['Name']}"
        for database in DATABASES
        for page in pages.paginate(DatabaseName=database)
        for table in page["TableList"]
        if table["TableType"] != "VIRTUAL_VIEW"
    ]


def rows(one: World, table: str) -> list[tuple]:
    """A table's rows, sorted, without what differs from run to run by design."""
    return sorted(
        tuple(str(value) for name, value in row.items() if name not in VOLATILE | APPROXIMATE)
        for row in one.rows(f"select * from {table}")
    )


def days(one: World) -> list[date]:
    until = date.fromisoformat(one.truth["until"])
    return [until - timedelta(days=n) for n in reversed(range(DAYS))]


def test_the_daily_run_leaves_the_same_rows(contents: Any) -> None:
    embedded, trino = (contents[engine] for engine in ENGINES)
    assert set(embedded) == set(trino)
    assert sum(map(len, trino.values())) > 5_000
    different = {name: differing(embedded[name], trino[name]) for name in trino}
    assert {name: rows for name, rows in different.items() if rows} == {}


def differing(embedded: list[tuple], trino: list[tuple], most: int = 3) -> list[Any]:
    """The first pairs of sorted rows that are not alike."""
    pairs = itertools.zip_longest(embedded, trino)
    return list(itertools.islice((pair for pair in pairs if pair[0] != pair[1]), most))


# ---- lines through the raw table -------------------------------------------------------------

ODD_OBJECTS = {
    "no-final-newline": b"a b c",
    "cr-lf": b"one\r\ntwo\r\n",
    "empty-lines": b"\n\nx\n\n",
    "not-utf-8": b"\xff\xfe owner \xc3\x28 \xed\xa0\x80\n\xf0\x9f\xa6\x8a\n",
    "nul": b"a\x00b\nc\n",
    "separators": "a\x0bb\x0cc\x1cd\x85e\u2028f\n".encode(),
    "spaces in/the key+%20 é": b"line\n",
}


def generated(count: int) -> list[str]:
    """Lines as clients can make them; the same ones each time."""
    found: list[str] = []

    @settings(
        max_examples=count // 40, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(lines(), min_size=40, max_size=80))
    def collect(texts: list[str]) -> None:
        found.extend(texts)

    collect()
    return found


def staging_view() -> str:
    """The staging view's SQL over the raw table."""
    macros = "".join(p.read_text() for p in sorted((PROJECT / "macros").glob("access_log*.sql")))
    template = jinja2.Environment().from_string(macros + VIEW.read_text())
    return template.render(source=lambda *names: "lacuna_raw.s3_access_logs")


def test_every_line_comes_out_of_the_raw_table_alike(both: dict[str, Lake]) -> None:
    cases = {case.name: f"{case.line}\n".encode() for case in all_cases()}
    many = "".join(f"{line}\n" for line in generated(2000)).encode()
    objects = {**cases, "many": many, **ODD_OBJECTS}
    raw, staged = {}, {}
    for engine, one in both.items():
        deliver(one, objects)
        lines_of = 'select "$path", line, to_utf8(line) from lacuna_raw.s3_access_logs'
        raw[engine], staged[engine] = rows_alike(one, lines_of), rows_alike(one, staging_view())
    assert len(raw["trino"]) > 2000
    assert differing(raw["embedded"], raw["trino"]) == []
    assert differing(staged["embedded"], staged["trino"]) == []


def rows_alike(one: Lake, sql: str) -> list[tuple]:
    """A query's rows, sorted, without those of objects that are known to differ."""
    different = {f"s3://{one.bucket}/logs/{key}" for key in DIFFERENT_OBJECTS}
    found = [tuple(map(str, row)) for row in one.rows(sql)]
    return sorted(row for row in found if not different & set(row))


def deliver(one: Lake, objects: dict[str, bytes]) -> None:
    """Log objects of one day, and the raw table's partition with them."""
    from lacuna import raw
    from lacuna.aws import glue

    table = next(t for t in raw.TABLES if t.name == raw.ACCESS_LOGS)
    glue.ensure_database(one.glue, raw.DATABASE, "")
    glue.ensure_table(
        one.glue, raw.DATABASE, glue.raw_table_input(table, f"s3://{one.bucket}/raw/")
    )
    urls = [one.put(f"logs/{key}", body) for key, body in objects.items()]
    day = date(2026, 3, 10)
    partition = raw.access_log_partition(one.bucket, day)
    manifest = partition.location.removeprefix(f"s3://{one.bucket}/") + raw.MANIFEST_NAME
    one.put(manifest, raw.manifest(urls))
    glue.replace_raw_partitions(one.glue, raw.ACCESS_LOGS, day, [replace(partition)])


# ---- expressions and queries -----------------------------------------------------------------


def test_expressions_have_the_values_that_the_embedded_engine_gives(both: dict[str, Lake]) -> None:
    pairs = [*test_sql.VALUES, *((sql, value) for sql, value, _ in test_sql.TYPED)]
    expected = {sql: [[value]] for sql, value in pairs}
    found = {sql: outcome(both["trino"], f"select {sql}") for sql in expected}
    assert {sql: got for sql, got in found.items() if got != expected[sql]} == {}


def test_what_is_not_carried_is_sql_that_trino_knows(both: dict[str, Lake]) -> None:
    """It may fail on the values given, but not because there is no such thing."""
    found = {sql: outcome(both["trino"], f"select {sql}") for sql in test_sql.NOT_CARRIED}
    unknown = ("FUNCTION_NOT_FOUND", "SYNTAX_ERROR", "TYPE_MISMATCH")
    assert {sql: got for sql, got in found.items() if str(got).startswith(unknown)} == {}


def test_queries_have_the_rows_that_the_embedded_engine_gives(both: dict[str, Lake]) -> None:
    found = {sql: outcome(both["trino"], sql) for sql, _ in test_sql.QUERIES}
    assert {sql: found[sql] for sql, rows in test_sql.QUERIES if found[sql] != rows} == {}


def test_what_fails_on_the_embedded_engine_fails_alike_or_is_refused_there(
    both: dict[str, Lake],
) -> None:
    """NOT_SUPPORTED is the embedded engine's own word: what it would get wrong it refuses."""
    found = {
        sql: (reason, outcome(both["trino"], sql))
        for sql, reason in (*test_sql.FAILURES, *test_sql.FAILS_THERE_TOO)
        if not reason.startswith("NOT_SUPPORTED")
    }
    different = {
        sql: pair
        for sql, pair in found.items()
        if not isinstance(pair[1], str) or pair[0].split(":")[0] != pair[1].split(":")[0]
    }
    assert {sql: pair for sql, pair in different.items() if sql not in DIFFERENT_FAILURES} == {}


def outcome(one: Lake, sql: str) -> list[list[str | None]] | str:
    """The rows of a query, or why it fails."""
    run = one.execution(sql)
    status = run["Status"]
    if status["State"] != "SUCCEEDED":
        return str(status.get("StateChangeReason"))
    found = one.athena.get_query_results(QueryExecutionId=run["QueryExecutionId"])
    rows = [[c.get("VarCharValue") for c in r["Data"]] for r in found["ResultSet"]["Rows"]]
    return rows[1:] if run["SubstatementType"] == "SELECT" else rows
