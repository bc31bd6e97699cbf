"""The embedded engine says what a real Trino says: `make conformance`, where a JDK is present."""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import duckdb
import pytest

from sandbox.__main__ import simulated_environment, yesterday
from sandbox.account import simulate
from sandbox.athena import results, server
from sandbox.athena.catalog import Catalog, hive_columns
from sandbox.athena.duck import described, errors
from sandbox.athena.duck.engine import DuckEngine
from sandbox.athena.engine import Engine, Statement
from sandbox.athena.errors import AthenaError
from sandbox.athena.syntax import with_parameters
from sandbox.athena.trino.engine import TrinoEngine
from sandbox.athena.types import Type, glue_type
from tests.days.conftest import DATABASES, GROWING, VOLATILE, World, airflow_home, world
from tests.sandbox.athena import expressions
from tests.sandbox.athena.expressions import Run, Shape
from tests.sandbox.athena.test_trino import NEEDS_JAVA
from tests.sandbox.dbt_project.cutting import PROJECT

ENGINES = ("duckdb", "trino")
DAYS, REQUESTS = 2, 4000

# What differs today, and why; whatever else differs fails the test.
APPROXIMATE = {
    # Trino's approx_percentile keeps a digest, right to 1 % of the rank: its value need not be among
    # those given. The embedded engine's is exact.
    "latency_p50_seconds",
    "latency_p95_seconds",
    "latency_p99_seconds",
}
DIFFERENT_VALUES = {
    ("MIN(a0)  [a0 double]", "-0.0", "0.0"): "they are equal: which of them is the least is open",
    ("MAX(a0)  [a0 double]", "-0.0", "0.0"): "they are equal: which is the greatest is open",
    (
        "MAX_BY(a0, a1)  [a0 double, a1 boolean]",
        "0.0",
        "-0.0",
    ): "equal: the sign of a zero is lost here",
}
__all__ = ["airflow_home"]  # a fixture

pytestmark = [pytest.mark.trino, NEEDS_JAVA]


# ---- the whole daily run ---------------------------------------------------------------------


@dataclass(frozen=True)
class Shared:
    """A lake after the daily run on the embedded engine, and both engines over it."""

    world: World
    engines: dict[str, Engine]
    catalog: Catalog

    def run(self, engine: str, sql: str) -> Any:
        output = f"s3://{self.world.lake}/athena-results/"
        return self.engines[engine].run(Statement(sql, "lacuna", output, self.catalog))

    def columns(self, database: str, name: str) -> dict[str, Type] | None:
        table = self.catalog.table(database, name)
        if table is None:
            return None
        columns, keys = hive_columns(table)
        return {n: glue_type(kind) for n, kind in columns + keys} | {
            "$path": glue_type("string"),
            "$file_size": glue_type("bigint"),
            "$file_modified_time": glue_type("timestamp"),
        }

    def runs(self) -> list[Run]:
        """Every query that the daily run made, in its order."""
        athena = self.world.client("athena")
        pages = athena.get_paginator("list_query_executions").paginate()
        ids = [one for page in pages for one in page["QueryExecutionIds"]][::-1]
        found = []
        for start in range(0, len(ids), 50):
            some = athena.batch_get_query_execution(QueryExecutionIds=ids[start : start + 50])
            for one in some["QueryExecutions"]:
                if one["SubstatementType"] in QUERIES and one["Status"]["State"] == "SUCCEEDED":
                    sql = with_parameters(one["Query"], one.get("ExecutionParameters", []))
                    database = one["QueryExecutionContext"].get("Database", "default")
                    found.append(Run(sql.strip().rstrip(";"), database))
        return found


QUERIES = ("SELECT", "INSERT", "CREATE_VIEW", "CREATE_TABLE_AS_SELECT")


@pytest.fixture(scope="module")
def shared(airflow_home: str, tmp_path_factory: Any) -> Iterator[Shared]:
    """The daily run in this process's own sandbox, so that a Trino can read the very same lake."""
    folder = tmp_path_factory.mktemp("shared")
    with server.Sandbox() as box, pytest.MonkeyPatch.context() as patch:
        truth = json.loads(simulate(box.url, 7, REQUESTS, yesterday(), DAYS).to_json())
        patch.delenv("TRINO_URL", raising=False)
        environment = os.environ | simulated_environment(box.url) | {"AIRFLOW_HOME": airflow_home}
        one = World(environment, truth)
        one.run(*days(one))
        with closing(DuckEngine(str(folder))) as duck, closing(TrinoEngine(str(folder))) as trino:
            catalog = Catalog(server.ACCOUNT_ID, environment["AWS_DEFAULT_REGION"])
            yield Shared(one, {"duckdb": duck, "trino": trino}, catalog)


@pytest.fixture(scope="module")
def contents(
    shared: Shared, airflow_home: str, tmp_path_factory: Any
) -> dict[str, dict[str, list[tuple]]]:
    """Every table after the daily run of the same account, by engine."""
    tables_by_engine = {"duckdb": {name: rows(shared.world, name) for name in tables(shared.world)}}
    options = ("--engine", "trino", "--requests", str(REQUESTS), "--days", str(DAYS))
    for one in world(airflow_home, tmp_path_factory.mktemp("trino"), *options):
        one.run(*days(one))
        tables_by_engine["trino"] = {name: rows(one, name) for name in tables(one)}
    return tables_by_engine


def tables(world: World) -> list[str]:
    """Every table that the run filled; views have no rows of their own."""
    pages = world.client("glue").get_paginator("get_tables")
    return [
        f"{database}.{table['Name']}"
        for database in DATABASES
        for page in pages.paginate(DatabaseName=database)
        for table in page["TableList"]
        if table["TableType"] != "VIRTUAL_VIEW" and table["Name"] not in GROWING
    ]


def rows(world: World, table: str) -> list[tuple]:
    """A table's rows, sorted, without what differs from run to run by design."""
    return sorted(
        tuple(str(value) for name, value in row.items() if name not in VOLATILE | APPROXIMATE)
        for row in world.rows(f"select * from {table}")
    )


def days(world: World) -> list[date]:
    until = date.fromisoformat(world.truth["until"])
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


# ---- every expression of the project, over values at the edges of its types --------------------

Outcome = Any  # a value as Athena writes it, a window's values, or a Failure


@dataclass(frozen=True)
class Failure:
    """Why there is no value."""

    reason: str

    @property
    def is_refusal(self) -> bool:
        return self.reason.startswith("NOT_SUPPORTED")


def test_every_expression_of_the_project_has_the_values_of_trino(
    shared: Shared, capsys: Any
) -> None:
    runs = shared.runs()
    gone: list[str] = []
    shapes = list(
        expressions.collect(runs, shared.columns, gone) | dict.fromkeys(expressions.carried())
    )
    # dbt makes these of seeds, without SQL
    seeds = (PROJECT / "seeds").glob("*.csv")
    assert set(gone) <= {f"lacuna_staging.{seed.stem}__dbt_tmp" for seed in seeds}
    assert len(shapes) > 100
    assert [str(shape) for shape in shapes if not expressions.is_carried(shape)] == []
    with ThreadPoolExecutor(2) as pool:
        compared = list(pool.map(partial(both_ways, shared), shapes))
    verdicts: Counter[str] = Counter()
    different = {}
    for shape, pairs in zip(shapes, compared, strict=True):
        judged = [
            (judge(ours, theirs), unit, ours, theirs)
            for unit, ours, theirs in pairs
            if (str(shape), str(ours), str(theirs)) not in DIFFERENT_VALUES
        ]
        verdicts.update(verdict for verdict, *_ in judged)
        if bad := [rest for verdict, *rest in judged if verdict == "different"]:
            different[str(shape)] = bad[:MOST_SHOWN]
    with capsys.disabled():
        counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
        print(f"\n{len(shapes)} expressions of {len(runs)} statements; values: {counts}")
    assert different == {}


MOST_SHOWN = 4


def judge(ours: Outcome, theirs: Outcome) -> str:
    """What the embedded engine refuses is no wrong answer."""
    if isinstance(ours, Failure):
        if isinstance(theirs, Failure):
            return "fail on both"
        return "refused" if ours.is_refusal else "different"
    if isinstance(theirs, Failure) and "bigint addition overflow" in theirs.reason:
        return "an overflow on the way"  # which depends on the order of the rows
    return "alike" if ours == theirs else "different"


def both_ways(shared: Shared, shape: Shape) -> list[tuple[Any, Outcome, Outcome]]:
    """A shape's outcomes on both engines, by row, group of rows or window."""
    run = {engine: partial(shared.run, engine) for engine in ENGINES}
    if shape.style == "window":
        rows = expressions.rows(shape)
        units: Sequence[Any] = [rows, *(rows[n : n + 8] for n in range(0, len(rows), 8))]
        outcomes = [
            [whole(run[e], expressions.statement(shape, u)) for u in units] for e in ENGINES
        ]
    elif shape.style == "aggregate":
        units = expressions.groups(shape)
        written = partial(expressions.of_groups, shape)
        outcomes = [by_unit(run[engine], written, units) for engine in ENGINES]
        units = [*units, []]
        none = [whole(run[e], expressions.of_groups(shape, [], none=True)) for e in ENGINES]
        outcomes = [[*values, last] for values, last in zip(outcomes, none, strict=True)]
    else:
        units = expressions.rows(shape)
        tried = partial(expressions.statement, shape, wrap=TRIED)
        outcomes = [embedded_values(shared, shape), by_unit(run["trino"], tried, units)]
    return list(zip(units, *outcomes, strict=True))


# Where a value fails in Trino, `try` has none, and nor has the question whether it is NULL.
TRIED = "i, try({0}), try(if(({0}) is null, 1, 0))"


def by_unit(
    run: Callable[[str], Any], written: Callable[[Sequence[Any]], str], units: Sequence[Any]
) -> list[Outcome]:
    """The outcome of each unit, in one statement if none fails; else in halves."""
    try:
        values = {int(row[0]): row[1:] for row in run(written(units)).rows}
    except AthenaError as error:
        if len(units) == 1:
            return [Failure(str(error))]
        half = len(units) // 2
        return [*by_unit(run, written, units[:half]), *by_unit(run, written, units[half:])]
    return [
        Failure("in try") if len(values[n]) > 1 and values[n][1] is None else values[n][0]
        for n in range(len(units))
    ]


def embedded_values(shared: Shared, shape: Shape) -> list[Outcome]:
    """The outcome of each row. DuckDB fails a statement as a whole, so a plan that is made once
    runs for ever fewer of the rows; that is a hundred times as fast as as many statements."""
    engine = shared.engines["duckdb"]
    assert isinstance(engine, DuckEngine)
    connection = engine._database.connect()
    make, query, kind = expressions.in_duckdb(shape)
    connection.execute(make)
    connection.execute(
        f"prepare part as select * from ({query}) as q(i, x) where i between ? and ?"
    )

    def between(first: int, last: int) -> list[Outcome]:
        try:
            rows = connection.execute(f"execute part({first}, {last})").fetchall()
        except duckdb.Error as error:
            if first == last:
                return [Failure(errors.reason(error, shape.text))]
            middle = (first + last) // 2
            return [*between(first, middle), *between(middle + 1, last)]
        return [in_words(value, kind) for _, value in sorted(rows, key=lambda row: int(row[0]))]

    outcomes = between(0, len(expressions.rows(shape)) - 1)
    connection.close()
    return outcomes


def in_words(value: Any, kind: Type) -> Outcome:
    try:
        return results.cell(value, kind)
    except AthenaError as error:
        return Failure(str(error))


def whole(run: Callable[[str], Any], sql: str) -> Outcome:
    """Every value of a statement, in the order of its rows."""
    try:
        rows = run(sql).rows
    except AthenaError as error:
        return Failure(str(error))
    return [row[1] for row in sorted(rows, key=lambda row: int(row[0]))]


# ---- bytes scanned -----------------------------------------------------------------------------

EVENTS, LOGS, WIDE = "lacuna.fct_object_requests", "lacuna_raw.s3_access_logs", "lacuna.wide"
TRAIL = "lacuna_raw.cloudtrail_events"
SCANS = {
    "a partition": "select * from {EVENTS} where event_date = date '{day}'",
    "a range of partitions": "select * from {EVENTS} where event_date >= date '{before}'",
    "no partition": "select * from {EVENTS} where event_date = date '1999-01-01'",
    "a partition by another table": "select * from {EVENTS} e join (select max(delivered_on) as d "
    "from lacuna.fct_log_objects) m on e.event_date = m.d",
    "a column": "select max(request_uri) from {EVENTS}",
    "two columns": "select bucket_name, count(*), sum(bytes_sent) from {EVENTS} group by bucket_name",
    "a column of a partition": "select max(user_agent) from {EVENTS} where event_date = date '{day}'",
    "a wide table, all of it": "select * from {WIDE}",
    "a wide table, a column": "select sum(n) from {WIDE}",
    "a wide table, a text column": "select max(t) from {WIDE}",
    "row groups by range": "select sum(x) from {WIDE} where n between 300000 and 300100",
    "row groups at the end": "select n, x, t from {WIDE} where n > 499000",
    "no row group": "select max(t) from {WIDE} where n < 0",
    "a limit": "select t from {WIDE} limit 10",
    "rows counted": "select count(*) from {WIDE}",
    "rows of a partition counted": "select count(*) from {EVENTS} where event_date = date '{day}'",
    "partitions listed": "select distinct event_date from {EVENTS}",
    "paths of a Parquet table": 'select distinct "$path" from {WIDE}',
    "a text table": "select count(line) from {LOGS}",
    "a day of a text table": "select max(line) from {LOGS} where delivered_on = '{day}'",
    "rows of a text table counted": "select count(*) from {LOGS}",
    "an object by $path": "select line from {LOGS} where \"$path\" = '{path}'",
    "objects by a range of $path": "select max(line) from {LOGS} where \"$path\" < '{path}'",
    "objects by a list of $path": "select max(line) from {LOGS} where \"$path\" in ('{path}', 's3://x/y')",
    "objects by size": 'select max(line) from {LOGS} where "$file_size" < {size}',
    "a table read twice": "select count(*) from {LOGS} a join {LOGS} b on a.line = b.line",
    "a day of CloudTrail": "select max(eventname) from {TRAIL} where delivered_on = '{day}'",
    "rows of CloudTrail counted": "select count(*) from {TRAIL} where delivered_on = '{day}'",
}


@pytest.fixture(scope="module")
def scanned(shared: Shared) -> dict[str, tuple[int, int]]:
    """Bytes that each query scanned on the two engines, over the very same objects."""
    shared.run(
        "duckdb",
        f"create table {WIDE} with (format = 'parquet') as select h * 10000 + i as n, "
        "(h * 10000 + i) * 7919 % 100003 as x, to_hex(md5(to_utf8(cast(h * 10000 + i as varchar)))) "
        "as t from unnest(sequence(0, 49)) as a(h) cross join unnest(sequence(0, 9999)) as b(i)",
    )
    objects = f'select "$path", "$file_size" from {LOGS} group by 1, 2 order by 1, 2'
    some = list(shared.run("duckdb", objects).rows)
    path, size = some[len(some) // 2]
    day = days(shared.world)[-1]
    named = {"EVENTS": EVENTS, "LOGS": LOGS, "WIDE": WIDE, "TRAIL": TRAIL}
    named |= {"path": path, "size": size, "day": str(day), "before": str(day - timedelta(days=1))}
    queries = {name: sql.format(**named) for name, sql in SCANS.items()}
    return {
        name: tuple(shared.run(engine, sql).scanned for engine in ENGINES)
        for name, sql in queries.items()
    }


def test_the_bytes_scanned_are_those_of_trino(scanned: dict[str, tuple[int, int]]) -> None:
    """Within a twentieth, or for a reason that the page gives."""
    far = {
        name: pair for name, pair in scanned.items() if abs(pair[0] - pair[1]) > 0.05 * max(pair)
    }
    assert {name: pair for name, pair in far.items() if name not in described.BYTES} == {}
    # how far apart those are goes by the sizes of a day's files: some are near by chance
    assert set(described.BYTES) <= set(scanned)
