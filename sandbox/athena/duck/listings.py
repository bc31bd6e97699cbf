"""Tables whose rows are the catalog's: information_schema, and the partitions of a table."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from sandbox.athena import serde
from sandbox.athena.catalog import (
    CATALOG,
    GlueTable,
    hive_columns,
    partition_value,
    refuse_projection,
)
from sandbox.athena.duck.run import Run
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.types import BIGINT, VARCHAR, Type, glue_type

NOT_CARRIED = ("views", "roles", "applicable_roles", "enabled_roles", "table_privileges")


def information_schema(run: Run, name: str) -> dict[str, Type]:
    """Make a view of a table of information_schema. Return its columns."""
    if name in NOT_CARRIED:
        raise refused(f"information_schema.{name}")
    if name not in LISTINGS:
        raise AthenaError(
            f"TABLE_NOT_FOUND: line 1:1: Table '{CATALOG}.information_schema.{name}' does not exist"
        )
    columns, rows = LISTINGS[name]
    kinds = {c: BIGINT if c == "ordinal_position" else VARCHAR for c in columns.split()}
    return _listed(run, f"information_schema.{name}", kinds, rows(run))


def partitions(run: Run, table: GlueTable, view: str) -> dict[str, Type]:
    """Make a view of a table's partitions: a row for each, a column for every key."""
    refuse_projection(table)
    kinds = {n: glue_type(t) for n, t in hive_columns(table)[1]}
    rows = [tuple(map(partition_value, p["Values"])) for p in run.catalog.partitions(table)]
    return _listed(run, view, kinds, rows)


def _schemata(run: Run) -> list[tuple[Any, ...]]:
    return [(CATALOG, database) for database in run.catalog.databases()]


def _tables(run: Run) -> list[tuple[Any, ...]]:
    types = {"VIRTUAL_VIEW": "VIEW"}
    return [
        (CATALOG, t["DatabaseName"], t["Name"], types.get(t["TableType"], "BASE TABLE"))
        for t in _all_tables(run)
    ]


def _columns(run: Run) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for table in _all_tables(run):
        columns, keys = hive_columns(table)
        for number, (name, kind) in enumerate(columns + keys, 1):
            extra = "partition key" if number > len(columns) else None
            place = (CATALOG, table["DatabaseName"], table["Name"])
            rows.append((*place, name, number, None, "YES", str(glue_type(kind)), None, extra))
    return rows


def _all_tables(run: Run) -> list[GlueTable]:
    return [t for database in run.catalog.databases() for t in run.catalog.tables(database)]


LISTINGS = {
    "schemata": ("catalog_name schema_name", _schemata),
    "tables": ("table_catalog table_schema table_name table_type", _tables),
    "columns": (
        "table_catalog table_schema table_name column_name ordinal_position column_default "
        "is_nullable data_type comment extra_info",
        _columns,
    ),
}


def _listed(
    run: Run, view: str, kinds: dict[str, Type], rows: list[tuple[Any, ...]]
) -> dict[str, Type]:
    """A view over rows of the catalog."""
    cells = [[None if row[i] is None else str(row[i]) for row in rows] for i in range(len(kinds))]
    data = {n: pa.array(c, pa.string()) for n, c in zip(kinds, cells, strict=True)}
    source = f"{view} of the catalog"
    run.connection.register(source, pa.table(data))
    picks = ", ".join(f"cast({serde.named(n)} as {k.duck})" for n, k in kinds.items())
    names = ", ".join(map(serde.named, kinds))
    run.connection.execute(
        f"create temp view {serde.named(view)}({names}) as "
        f"select {picks} from {serde.named(source)}"
    )
    return kinds
