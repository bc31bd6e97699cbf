"""Casts: those whose results are Trino's; all others are refused."""

from __future__ import annotations

import re

from sqlglot import exp

from sandbox.athena import types
from sandbox.athena.duck.scope import Context, Scope, kind, mismatch
from sandbox.athena.errors import refused
from sandbox.athena.types import INTEGERS, TIMES, UNKNOWN, VARCHAR, Type, common

TIMESTAMP_TEXT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d{1,3})?)?)?( UTC)?")


def cast(context: Context, node: exp.Cast, scope: Scope) -> Type:
    source, target = kind(context, node.this, scope), types.read(node.to)
    literal = node.this.name if isinstance(node.this, exp.Literal) else None
    if target.sizes and target.name == "timestamp":
        digits = len((literal or "").partition(".")[2])
        fits = literal is not None and TIMESTAMP_TEXT.fullmatch(literal)
        if not fits or digits != target.sizes[0]:
            raise refused("this timestamp (milliseconds, no time zone but UTC)")
    if not castable(source, target):
        raise refused(f"a cast from {source} to {target}")
    if source.of and any(
        k.this == exp.DType.VARCHAR and k.expressions for k in node.to.find_all(exp.DataType)
    ):
        raise refused("a cast to a varchar of limited length inside of another type")
    if node.to.expressions and target == VARCHAR and source not in (VARCHAR, UNKNOWN):
        raise refused(f"a cast from {source} to a varchar of limited length")
    return target


def castable(source: Type, target: Type) -> bool:
    """Are the results of this cast Trino's? See `ToDuck.cast_sql`."""
    if source in (UNKNOWN, target):
        return True
    if source.of:
        return _castable_inside(source, target)
    numbers = (*INTEGERS, "decimal", "double")
    known: dict[str, tuple[str, ...]] = {
        "varchar": (*numbers, "boolean", "date", "timestamp"),
        "boolean": (*INTEGERS, "varchar"),
        "double": (*INTEGERS, "double"),
        "decimal": (*numbers, "varchar"),
        "date": ("varchar", "timestamp", "timestamp with time zone"),
        "timestamp": ("date", "timestamp", "timestamp with time zone")
        + (() if source.sizes else ("varchar",)),
        "timestamp with time zone": TIMES,
        "real": ("double",),
    }
    if source.name in INTEGERS:
        return target.name in (*numbers, "varchar", "boolean")
    return target.name in known.get(source.name, ())


def _castable_inside(source: Type, target: Type) -> bool:
    """What an array, a map or a row holds has no guard, so it may only become wider."""
    if source.of and (source.name != target.name or len(source.of) != len(target.of)):
        return False
    if source.name == "map" and source.of[0] not in (UNKNOWN, target.of[0]):
        return False  # two keys might become one
    if source.name == "row" and not types.keeps_fields(source, target):
        return False
    if source.of:
        return all(map(_castable_inside, source.of, target.of))
    return common(source, target) == target


def at_time_zone(context: Context, node: exp.AtTimeZone, scope: Scope) -> Type:
    zone = node.args["zone"]
    if not isinstance(zone, exp.Literal) or zone.name.upper() not in ("UTC", "+00:00"):
        raise refused("a time zone that is not UTC")
    if kind(context, node.this, scope).name not in TIMES[1:]:
        text = f"Type of value must be a time or timestamp: {node.this}"
        raise mismatch(context, node, text)
    return types.TIMESTAMPTZ
