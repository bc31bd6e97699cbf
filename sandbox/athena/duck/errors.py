"""DuckDB's errors in Athena's words."""

from __future__ import annotations

import re

import duckdb

from sandbox.athena.syntax import position

OWN = re.compile(r"\b((?:INVALID_|NOT_|NUMERIC_|DIVISION_|TYPE_|HIVE_)[A-Z_]+): (.*)", re.S)


NAMES = {
    "cannot contain window function calls|are not allowed in window|HAVING.*window": "NESTED_WINDOW",
    "GROUPING statement cannot be used without groups": "MISSING_GROUP_BY",
    "subqueries in lambda": "NOT_SUPPORTED",
    "cannot reference lambda": "EXPRESSION_NOT_SCALAR",
    "cannot contain (aggregates|window)": "EXPRESSION_NOT_SCALAR",
    "function calls cannot be nested": "NESTED_AGGREGATION",
    r"\bFrame\b": "INVALID_WINDOW_FRAME",
    "must be a grouping column": "INVALID_ARGUMENTS",
    "In a DISTINCT aggregate, ORDER BY": "EXPRESSION_NOT_IN_DISTINCT",
    "does not exist on (left|right) side of join": "COLUMN_NOT_FOUND",
}


def reason(error: duckdb.Error, sql: str) -> str:  # noqa: PLR0911, PLR0912
    """Return the reason that Athena would give for a DuckDB error."""
    message = str(error).split("\n\nLINE")[0].partition("\n")[0]
    message = re.sub(r"^[A-Z][\w ]* Error: ", "", message)
    if own := OWN.search(message):
        return f"{own[1]}: " + re.sub(r"' to INT(?:32|64).*", "", own[2])
    if "Malformed JSON" in message:
        return f"INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: {message}"
    if re.search(
        r"with value .* is out of range|value is out of range|cast value .* to DEC", message
    ):
        return f"NUMERIC_VALUE_OUT_OF_RANGE: {message}"
    if message.startswith(("Map keys", "The map key")):
        return f"INVALID_FUNCTION_ARGUMENT: {message}"
    if "More than one row returned by a subquery" in message:
        return "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows"
    if "Division by zero" in message:
        return "DIVISION_BY_ZERO: Division by zero"
    for pattern, name in NAMES.items():
        if re.search(pattern, message):
            return f"{name}: line 1:1: {message}"
    if "must appear in the GROUP BY" in message:
        column = re.search(r'column "([^"]+)"', message)
        name = column[1] if column else ""
        return (
            f"EXPRESSION_NOT_AGGREGATE: {position(sql, name)}: '{name}' must be an aggregate "
            "expression or appear in GROUP BY clause"
        )
    if isinstance(error, duckdb.ConversionException):
        return f"INVALID_CAST_ARGUMENT: {message}"
    if "Could not parse string" in message:
        return f"INVALID_FUNCTION_ARGUMENT: Invalid format: {message}"
    if isinstance(error, duckdb.OutOfRangeException):
        return f"NUMERIC_VALUE_OUT_OF_RANGE: {message}"
    if isinstance(error, duckdb.ParserException):
        return f"SYNTAX_ERROR: line 1:1: {message}"
    if isinstance(error, duckdb.BinderException):
        return f"SYNTAX_ERROR: line 1:1: {message}"
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"EXCEEDED_MEMORY_LIMIT: {message}"
    return f"GENERIC_INTERNAL_ERROR: {message}"
