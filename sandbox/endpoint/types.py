"""Hive's and Trino's types in DuckDB's words."""

from __future__ import annotations

from sqlglot import exp

from .engine import AthenaError
from .hive import parse_type

TYPE = exp.DType


def hive_type(text: str) -> exp.DataType:
    """`struct<a:array<string>,b:int>` and the like; its own reader, see hive.py."""
    return parse_type(text)


def duck_type(kind: exp.DataType) -> str:
    """A Trino or Hive type in DuckDB's words."""
    inner = [e for e in kind.expressions if isinstance(e, (exp.DataType, exp.ColumnDef))]
    if kind.this in (TYPE.ARRAY, TYPE.LIST):
        return duck_type(inner[0]) + "[]"  # type: ignore[arg-type]
    if kind.this == TYPE.MAP:
        return f"map({duck_type(inner[0])}, {duck_type(inner[1])})"  # type: ignore[arg-type]
    if kind.this == TYPE.STRUCT:
        fields = [
            f'"{f.name}" {duck_type(f.args["kind"])}'
            if isinstance(f, exp.ColumnDef)
            else f'"field{i}" {duck_type(f)}'
            for i, f in enumerate(inner)
        ]
        return f"struct({', '.join(fields)})"
    if kind.this == TYPE.DECIMAL:
        sizes = [p.name for p in kind.expressions] or ["10", "0"]
        return f"decimal({', '.join(sizes)})"
    names = {
        TYPE.TIMESTAMP: "timestamp",
        TYPE.TIMESTAMPTZ: "timestamptz",
        TYPE.VARBINARY: "blob",
        TYPE.BINARY: "blob",
        TYPE.FLOAT: "float",
        TYPE.DOUBLE: "double",
        TYPE.BOOLEAN: "boolean",
        TYPE.DATE: "date",
        TYPE.JSON: "json",
        TYPE.TINYINT: "tinyint",
        TYPE.SMALLINT: "smallint",
        TYPE.INT: "integer",
        TYPE.BIGINT: "bigint",
    }
    if kind.this in exp.DataType.TEXT_TYPES:
        return "varchar"
    if kind.this not in names:
        raise AthenaError(f"NOT_SUPPORTED: line 1:1: Unknown type: {kind.sql('trino').lower()}")
    return names[kind.this]
