"""Units of time: those of date_add and its like, and those of an interval."""

from __future__ import annotations

import re

from sqlglot import exp

from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.types import Type

DAY_UNITS = ("day", "week", "month", "quarter", "year")
UNITS = ("millisecond", "second", "minute", "hour", *DAY_UNITS)
SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def unit_of(node: exp.Expr, of: Type) -> str:
    """The unit of date_add and its like, which must be a literal."""
    if not isinstance(node, exp.Literal):
        raise refused("a unit of time that is not a literal")
    if node.name.lower() not in (DAY_UNITS if of.name == "date" else UNITS):
        raise AthenaError(
            f"INVALID_FUNCTION_ARGUMENT: '{node.name}' is not a valid {of.name.upper()} field"
        )
    return node.name.lower()


def interval_unit(node: exp.Expr) -> str:
    """The unit of an interval such as `interval '1' day`."""
    unit = node.args.get("unit")
    name = str(unit.name if isinstance(unit, exp.Var) else "").lower()
    if name not in ("second", "minute", "hour", "day", "month", "year") or not re.fullmatch(
        r"-?\d+", node.name
    ):
        raise refused("this interval")
    return name
