"""What the engine runs: queries, CREATE VIEW, CREATE TABLE AS and INSERT."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Sequence

from sqlglot import exp

from sandbox.athena import results, serde
from sandbox.athena.catalog import Columns as HiveColumns
from sandbox.athena.catalog import hive_columns
from sandbox.athena.definitions import TableOptions, new_table, table_options
from sandbox.athena.duck import scans, stored, tables, writing
from sandbox.athena.duck.run import Run, execute, scanned
from sandbox.athena.engine import Result, Rows, Statement
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.syntax import mismatched, parse, with_parameters, without_head
from sandbox.athena.types import TIMES, Type, common, glue_type


def parsed(statement: Statement) -> exp.Expr:
    """A statement with its parameters in place: a query, an INSERT, or one that makes a view or a
    table of a query."""
    sql = without_head(statement.sql)
    if re.match(r"(EXPLAIN|SHOW\s+(FUNCTIONS|STATS))\b", sql, re.I):
        raise refused("EXPLAIN, SHOW FUNCTIONS and SHOW STATS")
    tree = parse(with_parameters(statement.sql.strip().rstrip(";").strip(), statement.parameters))
    if isinstance(tree, exp.Create):
        known = tree.kind == "VIEW" or (tree.kind == "TABLE" and tree.expression)
    else:
        known = isinstance(tree, (exp.Insert, exp.Query, exp.Values))
    if not known:
        raise mismatched(1, 1, sql.split(None, 1)[0])
    return tree


def run_statement(run: Run) -> Result:
    """Run a statement. Return its result."""
    tree = parsed(run.statement)
    if isinstance(tree, exp.Create):
        return _create_view(run, tree) if tree.kind == "VIEW" else _create_table(run, tree)
    return _insert(run, tree) if isinstance(tree, exp.Insert) else _select(run, tree)


def _select(run: Run, tree: exp.Expr) -> Result:
    query, columns = tables.bind(run, tree, run.statement.sql, run.statement.database)
    scans.plan(run, query)
    cursor = execute(run, query)
    kinds = [kind for _, kind in columns]
    rows = Rows()
    while page := cursor.fetchmany(Rows.PAGE):
        rows.extend(list(map(results.cell, row, kinds)) for row in page)
    described = tuple(
        results.column(name or f"_col{i}", kind) for i, (name, kind) in enumerate(columns)
    )
    return Result("DML", "SELECT", described, rows, 0, scanned(run))


def _target(run: Run, table: exp.Table) -> tuple[str, str]:
    """Database and name of a table to be made."""
    database, name = tables.home(table, run.statement.database, run.statement.sql)
    if database not in run.catalog.databases():
        raise AthenaError(f"NOT_FOUND: Schema {database} not found")
    return database, name


# -- CREATE VIEW and CREATE TABLE AS ---------------------------------------------------------------


def _create_view(run: Run, tree: exp.Create) -> Result:
    database, name = _target(run, tree.this)
    body = re.match(
        r".*?\sview\s+.+?\s+as\s+(.*)", run.statement.sql.strip().rstrip(";"), re.I | re.S
    )
    _, given = tables.bind(run, tree.expression, run.statement.sql, run.statement.database)
    columns = results.named_columns(given)
    old = run.catalog.table(database, name)
    if old and old.get("TableType") != "VIRTUAL_VIEW":
        raise AthenaError(
            f"TABLE_ALREADY_EXISTS: line 1:1: '{database}.{name}' is a table, not a view"
        )
    if old and not tree.args.get("replace"):
        raise AthenaError(
            "TABLE_ALREADY_EXISTS: line 1:1: View already exists: "
            f"'awsdatacatalog.{database}.{name}'"
        )
    definition = {
        "originalSql": body[1] if body else "",
        "catalog": "awsdatacatalog",
        "schema": run.statement.database,
        "columns": [{"name": n, "type": str(t)} for n, t in columns],
    }
    text = base64.b64encode(json.dumps(definition).encode()).decode()
    view = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "PartitionKeys": [],
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {text} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [{"Name": n, "Type": stored.view_type(t)} for n, t in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }
    glue = run.catalog.glue
    (glue.update_table if old else glue.create_table)(database, name, view)
    return Result("DDL", "CREATE_VIEW")


def _create_table(run: Run, tree: exp.Create) -> Result:
    database, name = _target(run, tree.this)
    if run.catalog.table(database, name):
        if tree.args.get("exists"):
            return Result("DDL", "CREATE_TABLE_AS_SELECT")
        raise AthenaError(
            "TABLE_ALREADY_EXISTS: line 1:1: Destination table "
            f"'awsdatacatalog.{database}.{name}' already exists"
        )
    options = table_options(tree)
    query, given = tables.bind(run, tree.expression, run.statement.sql, run.statement.database)
    columns = results.named_columns(given)
    location = options.location or f"{run.statement.output_location}tables/{uuid.uuid4()}"
    location = location.rstrip("/") + "/"
    if next(run.catalog.objects(location), None):
        raise AthenaError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{database}.{name}' already "
            f"exists: {location}"
        )
    _check_partitions(options, [n for n, _ in columns])
    hive = [(n, stored.hive_type(n, t)) for n, t in columns]
    keys = len(options.partitioned_by)
    table = new_table(database, name, hive, keys, location, options)
    if options.comment:
        table["Parameters"]["comment"] = options.comment
    picks = [(serde.named(n), n, h) for n, h in hive]
    shaped = _shaped(query, picks, [n for n, _ in columns])
    shaped += "" if options.has_data else " where false"
    count, partitions = writing.write(run, shaped, table)
    definition = {k: v for k, v in table.items() if k != "DatabaseName"}
    run.catalog.glue.create_table(database, name, definition)
    for values in partitions:
        run.catalog.add_partition(table, values)
    return Result("DDL", "CREATE_TABLE_AS_SELECT", update_count=count, scanned=scanned(run))


def _check_partitions(options: TableOptions, names: Sequence[str]) -> None:
    keys = options.partitioned_by
    if keys and list(names[-len(keys) :]) != keys:
        raise AthenaError(
            "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the "
            f"table and in the same order as the table properties: {keys}"
        )
    if len(names) == len(keys):
        raise AthenaError("INVALID_TABLE_PROPERTY: Table contains only partition columns")


def _shaped(query: str, picks: Sequence[tuple[str, str, str]], names: Sequence[str]) -> str:
    """A query whose columns are brought to the types of a table: expression, name, Hive type."""
    cells = (f"cast({e} as {glue_type(h).duck}) as {serde.named(n)}" for e, n, h in picks)
    listed = ", ".join(map(serde.named, names))
    return f"select {', '.join(cells)} from ({query}) as q({listed})"


# -- INSERT ----------------------------------------------------------------------------------------


def _insert(run: Run, tree: exp.Insert) -> Result:
    into = tree.this
    node = into.this if isinstance(into, exp.Schema) else into
    database, name = tables.home(node, run.statement.database, run.statement.sql)
    table = run.catalog.table(database, name)
    if table is None:
        raise AthenaError(
            f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist"
        )
    if table.get("TableType") == "VIRTUAL_VIEW":
        raise AthenaError("NOT_SUPPORTED: line 1:1: Inserting into views is not supported")
    columns, keys = hive_columns(table)
    hive = columns + keys
    given = [n for n, _ in hive]
    if isinstance(into, exp.Schema):
        given = [c.name.lower() for c in into.expressions]
    source = tree.expression.unnest()
    query, described = tables.bind(run, source, run.statement.sql, run.statement.database)
    _check_names(given, hive)
    types = dict(hive)
    _check_types([glue_type(types[c]) for c in given], [kind for _, kind in described])
    picks = [(stored.fitting(n, t) if n in given else "null", n, t) for n, t in hive]
    count, partitions = writing.write(run, _shaped(query, picks, given), table)
    for values in partitions:
        run.catalog.add_partition(table, values)
    return Result("DML", "INSERT", update_count=count, scanned=scanned(run))


def _check_names(given: Sequence[str], columns: HiveColumns) -> None:
    """The columns that an INSERT lists must be the table's, each once."""
    names = [name for name, _ in columns]
    for column in given:
        if column not in names:
            raise AthenaError(
                "COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist in target "
                f"table: {column}"
            )
        if given.count(column) > 1:
            raise AthenaError(
                "DUPLICATE_COLUMN_NAME: line 1:1: Insert column name is specified more than "
                f"once: {column}"
            )


def _check_types(wanted: Sequence[Type], given: Sequence[Type]) -> None:
    """What is inserted must be of the columns' types, or brought to them as Athena would."""
    pairs = [(a, b) for a, b in zip(wanted, given, strict=False) if common(a, b) != a]
    if len(wanted) != len(given) or not all(stored.is_cast(a, b) for a, b in pairs):
        raise AthenaError(
            "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: "
            f"[{', '.join(map(str, wanted))}], Query: [{', '.join(map(str, given))}]"
        )
    for a, b in pairs:
        if a.name not in TIMES and not (a.is_whole and b.is_whole):
            raise refused(f"to insert {b} into a column of {a}")
