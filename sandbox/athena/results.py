"""Values and columns of results as Athena writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from sandbox.athena.engine import Column
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.types import TIMES, Type

PRECISIONS = {
    "integer": 10,
    "bigint": 19,
    "smallint": 5,
    "tinyint": 3,
    "double": 17,
    "float": 17,
    "varchar": 2147483647,
    "varbinary": 1073741824,
    **dict.fromkeys(("time", "timestamp", "time with time zone", "timestamp with time zone"), 3),
}


def column(name: str, kind: Type) -> Column:
    """A result column as GetQueryResults describes it."""
    written = {"real": "float"}.get(kind.name, kind.name)
    if kind.name == "decimal":
        return Column(name, written, *kind.sizes)
    return Column(name, written, PRECISIONS.get(written, 0))


def text(value: Any, nested: bool = False) -> str | None:  # noqa: PLR0911
    """Return a value as Athena writes it.

    NULL is None at the top, and the word null inside arrays, maps and rows.
    """
    if value is None:
        return "null" if nested else None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, datetime):
        written = value.replace(tzinfo=None).isoformat(" ", "microseconds")
        return written.removesuffix("000") + " UTC" * bool(value.tzinfo)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _interval(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (bytes, bytearray)):
        return value.hex(" ")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(k, True)}={text(v, True)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(text(v, True) or "" for v in value) + "]"
    if isinstance(value, tuple):
        return "{" + ", ".join(f"field{i}={text(v, True)}" for i, v in enumerate(value)) + "}"
    return str(value)


def cell(value: Any, kind: Type) -> str | None:
    """Return a value of a type as text. DuckDB gives times outside of Python's calendar as text."""
    if isinstance(value, str) and kind.name in TIMES:
        raise refused(f"the time {value}, which is not in the years 1 to 9999")
    if kind.name == "real" and value is not None:
        value = float(str(np.float32(value)))  # the shortest that is this float, as Java's
    return text(value)


def _float(value: float) -> str:
    """As Java writes doubles: plain from 1e-3 up to 1e7, else with an exponent."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = repr(value)
        return f"{Decimal(plain):f}" if "e" in plain else plain
    number = Decimal(repr(value))
    if len(number.as_tuple().digits) == 1:  # Java writes two, which are nearer: 4.9E-324
        number = Decimal(f"{value:.1e}").normalize()
    sign, digits, exponent = number.as_tuple()
    shown = "".join(map(str, digits)).rstrip("0") or "0"
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{shown[0]}.{shown[1:] or '0'}E{power}"


def _interval(value: timedelta) -> str:
    millis = round(value.total_seconds() * 1000)
    days, rest = divmod(abs(millis), 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return (
        f"{'-' if millis < 0 else ''}{days} "
        f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
    )


def named_columns(described: Sequence[tuple[str, Type]]) -> list[tuple[str, Type]]:
    """Return the columns of a new view or table. Each needs a name, and no two the same."""
    columns = [(name.lower(), kind) for name, kind in described]
    for number, (name, _) in enumerate(columns, 1):
        if not name:
            raise AthenaError(
                f"MISSING_COLUMN_NAME: line 1:1: Column name not specified at position {number}"
            )
        if [n for n, _ in columns].count(name) > 1:
            raise AthenaError(
                f"DUPLICATE_COLUMN_NAME: line 1:1: Column name '{name}' specified more than once"
            )
    return columns


def compatible(arrow: str, duck: str) -> bool:
    """Does Athena read a Parquet column of this Arrow type as a column of that DuckDB type?"""
    families = {
        "int": ("tinyint", "smallint", "integer", "bigint"),
        "string": ("varchar",),
        "large_string": ("varchar",),
        "double": ("double",),
        "float": ("float", "double"),
        "bool": ("boolean",),
        "date32": ("date",),
        "timestamp": ("timestamp",),
        "decimal128": ("decimal",),
        "binary": ("blob", "varchar"),
        "null": (),
    }
    base = re.match(r"[a-z_]+(?:\d+)?", arrow)
    name = base[0] if base else arrow
    name = "int" if re.fullmatch(r"u?int\d+", name) else name
    if name not in families or name == "null":
        return True
    return duck.startswith(families[name])
