"""Types of columns as Glue keeps them, and what is written brought to them."""

from __future__ import annotations

from sandbox.athena import serde
from sandbox.athena.errors import AthenaError
from sandbox.athena.types import TIMES, Type, length_limit


def hive_type(column: str, kind: Type) -> str:
    """A type as Glue keeps it for a column of a table."""
    if kind.name == "timestamp" and kind.sizes:
        raise AthenaError(
            f"NOT_SUPPORTED: Incorrect timestamp precision for {kind}; the configured precision is "
            f"MILLISECONDS; column name: {column}"
        )
    if kind.name == "row" and not all(kind.fields):
        raise AthenaError(
            "NOT_SUPPORTED: Anonymous row type is not supported in Hive. Please give each field a "
            f"name: {kind}"
        )
    for inner in kind.of:
        hive_type(column, inner)
    return kind.hive


def view_type(kind: Type) -> str:
    """A type as Glue writes it for a view, which may hold what no Hive table can."""
    if kind.name == "timestamp with time zone":
        return "timestamp"
    return "string" if kind.name in ("unknown", "interval day to second") else kind.hive


def is_cast(wanted: Type, given: Type) -> bool:
    """Does Athena cast what is inserted?"""
    if wanted.name in TIMES or wanted.is_number:
        return given.name in TIMES if wanted.name in TIMES else given.is_number
    same = wanted.name == given.name and len(wanted.of) == len(given.of) > 0
    return same and all(a == b or is_cast(a, b) for a, b in zip(wanted.of, given.of, strict=True))


def fitting(name: str, hive: str) -> str:
    """A column as it is inserted: only spaces may be cut off."""
    limit, column = length_limit(hive), serde.named(name)
    return f"t_fitting({column}, {limit})" if limit else column
