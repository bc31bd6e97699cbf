"""The tables of a query: for every one that it names, a view in DuckDB and the types of its columns.

A view stands over an empty relation until the query is planned: see `scans`.
"""

from __future__ import annotations

import base64
import json
import re

from sqlglot import exp

from sandbox.athena import serde
from sandbox.athena.catalog import CATALOG, OWN, GlueTable, hive_columns
from sandbox.athena.duck import listings
from sandbox.athena.duck.analysis import analyse
from sandbox.athena.duck.run import HIDDEN, PSEUDO, Run, Scan
from sandbox.athena.duck.scope import Columns
from sandbox.athena.duck.writer import to_duckdb
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.syntax import parse, position
from sandbox.athena.types import DOUBLE, Type, glue_type, length_limit


def bind(run: Run, tree: exp.Expr, sql: str, database: str) -> tuple[str, Columns]:
    """Make a view of every table that a query names. Return the query as DuckDB SQL, and its
    columns."""
    columns = analyse(tree, lambda table: _bound(run, table, database, sql), sql, run.given)
    query = to_duckdb(tree)
    run.lenient[query] = to_duckdb(tree, planning=True)
    return query, columns


def home(node: exp.Table, database: str, sql: str) -> tuple[str, str]:
    """Database and name of a table; there is one catalog."""
    if node.catalog.lower() not in ("", CATALOG):
        at = position(sql, node.catalog)
        raise AthenaError(f"CATALOG_NOT_FOUND: {at}: Catalog '{node.catalog}' does not exist")
    return (node.db or database).lower(), node.name.lower()


def _bound(
    run: Run, node: exp.Table, database: str, sql: str
) -> tuple[tuple[str, str], dict[str, Type]]:
    """Database and name of a table, and its columns, once a view of that name is there."""
    key = home(node, database, sql)
    if key not in run.columns:
        run.columns[key] = _make_view(run, *key, sql)
    return key, run.columns[key]


def _make_view(run: Run, database: str, name: str, sql: str) -> dict[str, Type]:
    """Make a view `database.name` in DuckDB. Return its columns."""
    if database == "information_schema":
        return listings.information_schema(run, name)
    view = f"{database}.{name}"
    base, dollar, what = name.partition("$")
    table = run.catalog.table(database, base if what == "partitions" else name)
    if table is None or (dollar and not table.get("PartitionKeys")):
        raise _not_found(run, database, name, sql)
    if dollar:
        return listings.partitions(run, table, view)
    columns, keys = hive_columns(table)
    if any(n.startswith((OWN, "$")) for n, _ in columns + keys):
        raise refused(f"a table that has columns whose names begin with $ or {OWN}")
    if table.get("TableType") == "VIRTUAL_VIEW":
        return _view_of_query(run, table, view, database)
    return _view_of_objects(run, table, view)


def _not_found(run: Run, database: str, name: str, sql: str) -> AthenaError:
    if database in run.catalog.databases():
        at = position(sql, name)
        text = f"TABLE_NOT_FOUND: {at}: Table '{CATALOG}.{database}.{name}' does not exist"
    else:
        text = f"SCHEMA_NOT_FOUND: {position(sql, database)}: Schema '{database}' does not exist"
    return AthenaError(text)


def _view_of_query(run: Run, table: GlueTable, view: str, database: str) -> dict[str, Type]:
    """A view of Athena's; its columns have the names that Glue keeps."""
    definition = json.loads(base64.b64decode(table["ViewOriginalText"].split()[3]))
    text = definition["originalSql"]
    body, columns = bind(run, parse(text), text, definition.get("schema") or database)
    names = [name for name, _ in hive_columns(table)[0]]
    listed = ", ".join(map(serde.named, names))
    head = f"create or replace temp view {serde.named(view)}({listed}) as"
    run.views[view] = f"{head} {body}"
    run.connection.execute(f"{head} {run.lenient[body]}")
    pairs = list(zip(names, columns, strict=True))
    run.given.update(name for name, (inner, _) in pairs if name != inner.lower())
    return {name: kind for name, (_, kind) in pairs}


def _view_of_objects(run: Run, table: GlueTable, view: str) -> dict[str, Type]:
    """A table of Hive's, whose rows are in objects."""
    columns, keys = hive_columns(table)
    if any(re.search(r"<.*varchar\(", t, re.I) for _, t in columns):
        raise refused("a varchar of limited length inside of another type")
    kinds = {n: glue_type(t) for n, t in columns + keys}
    types = [(n, kinds[n].duck) for n, _ in columns]
    scan = Scan(
        f"raw_{len(run.scans)}",
        table,
        serde.reader_for(table, [t for _, t in types]),
        run.catalog.files(table),
        types,
        [(n, kinds[n].duck) for n, _ in keys],
    )
    run.scans[view] = scan
    _view_of_scan(run, view, scan)
    return kinds | HIDDEN


def _view_of_scan(run: Run, view: str, scan: Scan) -> None:
    """The view that a query reads, over an empty table of the same columns until the query is
    planned."""
    columns = [f"{serde.named(n)} {t}" for n, t in scan.columns + scan.keys]
    columns += [f"{c} {k.duck}" for c, k in zip(PSEUDO, HIDDEN.values(), strict=True)]
    run.connection.execute(f"create temp table {scan.name} ({', '.join(columns)})")
    hive = dict(hive_columns(scan.table)[0])
    picks = [_seen(n, t, hive.get(n, "")) for n, t in scan.columns + scan.keys] + PSEUDO
    run.connection.execute(
        f"create temp view {serde.named(view)} as select {', '.join(picks)} from {scan.name}"
    )


def _seen(name: str, kind: str, hive: str) -> str:
    """A column as queries see it: a double that is no number fails the query that reads it, and a
    varchar(3) has the first three letters of what the objects hold."""
    column = serde.named(name)
    if limit := length_limit(hive):
        return f"left({column}, {limit}) as {column}"
    return f"t_finite({column}) as {column}" if kind == DOUBLE.duck else column
