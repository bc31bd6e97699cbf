"""The cases of the other tests, and lines as clients can make them, on both engines.

Part of `make conformance`, where a JDK is present.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date

import jinja2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox.process import serving
from tests.sandbox.athena import test_failures, test_not_carried, test_queries, test_values
from tests.sandbox.athena.conftest import Lake, malformed
from tests.sandbox.athena.test_trino import NEEDS_JAVA, lake_in
from tests.sandbox.athena.test_trino_conformance import ENGINES, differing
from tests.sandbox.dbt_project.cutting import PROJECT, VIEW
from tests.sandbox.dbt_project.test_cutting import lines
from tests.sandbox.dbt_project.wild_lines import all_cases

pytestmark = [pytest.mark.trino, NEEDS_JAVA]

DIFFERENT_FAILURES = {
    "select [1, 2]": "newer than Athena's Trino",
    "select * from read_csv('/etc/passwd')": "a SYNTAX_ERROR for Trino already",
}


@pytest.fixture(scope="module")
def both() -> Iterator[dict[str, Lake]]:
    """An empty sandbox on each engine."""
    with ExitStack() as stack:
        served = {
            engine: stack.enter_context(serving("--engine", engine, "--account", "empty"))
            for engine in ENGINES
        }
        yield {engine: lake_in(environment) for engine, environment in served.items()}


ODD_OBJECTS = {
    "no-final-newline": b"a b c",
    "cr-lf": b"one\r\ntwo\r\n",
    "empty-lines": b"\n\nx\n\n",
    "not-utf-8": b"\xff\xfe owner \xc3\x28 \xed\xa0\x80\n\xf0\x9f\xa6\x8a\n",
    "broken-utf-8": b"\xe0\x80\x80 \xf4\x90\x80\x80 \xf0\x9f\xa6 \xed\xa0 \xed\xa0\x80\xed\xb0\x80 "
    b"\xc0\xaf \xf8\x88\x80\x80\x80\n\xe2\x82\n",
    "nul": b"a\x00b\nc\n",
    "separators": "a\x0bb\x0cc\x1cd\x85e\u2028f\n".encode(),
    "spaces in/the key+%20 é": b"line\n",
}


def generated(count: int) -> list[str]:
    """Lines as clients can make them; the same ones each time."""
    texts_so_far: list[str] = []

    @settings(
        max_examples=count // 40, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(lines(), min_size=40, max_size=80))
    def collect(texts: list[str]) -> None:
        texts_so_far.extend(texts)

    collect()
    return texts_so_far


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
    for engine, lake in both.items():
        deliver(lake, objects)
        lines_of = 'select "$path", line, to_utf8(line) from lacuna_raw.s3_access_logs'
        raw[engine], staged[engine] = rows_alike(lake, lines_of), rows_alike(lake, staging_view())
    assert len(raw["trino"]) > 2000
    assert differing(raw["duckdb"], raw["trino"]) == []
    assert differing(staged["duckdb"], staged["trino"]) == []


def rows_alike(lake: Lake, sql: str) -> list[tuple]:
    """A query's rows, sorted."""
    return sorted(tuple(map(str, row)) for row in lake.rows(sql))


def deliver(lake: Lake, objects: dict[str, bytes]) -> None:
    """Log objects of one day, and the raw table's partition with them."""
    from lacuna.lake import glue
    from lacuna.tables import raw

    table = next(t for t in raw.TABLES if t.name == raw.ACCESS_LOGS)
    glue.ensure_database(lake.glue, raw.DATABASE, "")
    wanted = glue.raw_table_input(table, f"s3://{lake.bucket}/raw/")
    glue.ensure_tables(lake.glue, raw.DATABASE, [wanted])
    urls = [lake.put(f"logs/{key}", body) for key, body in objects.items()]
    day = date(2026, 3, 10)
    (partition,) = raw.access_log_partitions(lake.bucket, day, 1)
    at = partition.location.removeprefix(f"s3://{lake.bucket}/")
    lake.put(at + raw.MANIFEST_NAME, raw.manifest(urls))
    glue.replace_raw_partitions(lake.glue, raw.ACCESS_LOGS, day, [partition])


def test_expressions_have_the_values_that_the_embedded_engine_gives(both: dict[str, Lake]) -> None:
    expected = {sql: [[value]] for sql, value in test_values.VALUES}
    outcomes = {sql: outcome(both["trino"], f"select {sql}") for sql in expected}
    assert {sql: got for sql, got in outcomes.items() if got != expected[sql]} == {}
    typed = {sql: test_values.value_and_type(both["trino"], sql) for sql, *_ in test_values.TYPED}
    assert {sql: typed[sql] for sql, *wanted in test_values.TYPED if [*typed[sql]] != wanted} == {}


def test_what_is_not_carried_is_sql_that_trino_knows(both: dict[str, Lake]) -> None:
    """It may fail on the values given, but not because there is no such thing."""
    outcomes = {
        sql: outcome(both["trino"], f"select {sql}") for sql in test_not_carried.NOT_CARRIED
    }
    unknown = ("FUNCTION_NOT_FOUND", "SYNTAX_ERROR", "TYPE_MISMATCH")
    assert {sql: got for sql, got in outcomes.items() if str(got).startswith(unknown)} == {}


def test_queries_have_the_rows_that_the_embedded_engine_gives(both: dict[str, Lake]) -> None:
    outcomes = {sql: outcome(both["trino"], sql) for sql, _ in test_queries.QUERIES}
    assert {sql: outcomes[sql] for sql, rows in test_queries.QUERIES if outcomes[sql] != rows} == {}


def test_what_fails_on_the_embedded_engine_fails_alike_or_is_refused_there(
    both: dict[str, Lake],
) -> None:
    """NOT_SUPPORTED is the embedded engine's own word: what it would get wrong it refuses."""
    outcomes = {
        sql: (reason, outcome(both["trino"], sql))
        for sql, reason in (*test_failures.FAILURES, *test_failures.FAILS_THERE_TOO)
        if not reason.startswith("NOT_SUPPORTED")
    }
    different = {
        sql: pair
        for sql, pair in outcomes.items()
        if not isinstance(pair[1], str) or pair[0].split(":")[0] != pair[1].split(":")[0]
    }
    assert {sql: pair for sql, pair in different.items() if sql not in DIFFERENT_FAILURES} == {}


def outcome(lake: Lake, sql: str) -> list[list[str | None]] | str:
    """The rows of a query, or why it fails."""
    try:
        run = lake.execution(sql)
    except lake.athena.exceptions.InvalidRequestException as error:
        return malformed(error)
    status = run["Status"]
    if status["State"] != "SUCCEEDED":
        return str(status.get("StateChangeReason"))
    found = lake.athena.get_query_results(QueryExecutionId=run["QueryExecutionId"])
    rows = [[c.get("VarCharValue") for c in r["Data"]] for r in found["ResultSet"]["Rows"]]
    return rows[1:] if run["SubstatementType"] == "SELECT" else rows
