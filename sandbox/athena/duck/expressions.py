"""Literals, operators and conditions: what types they take, and the type of the result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlglot import exp

from sandbox.athena import types
from sandbox.athena.duck.scope import (
    ORDERED,
    Context,
    Scope,
    condition,
    is_vague,
    kind,
    kind_of,
    mismatch,
)
from sandbox.athena.duck.units import DAY_UNITS, SECONDS, interval_unit
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.types import BOOLEAN, INTEGERS, TIMES, UNKNOWN, VARCHAR, Type, array, common

SYMBOLS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
COMPARISONS = tuple(list(SYMBOLS)[:8])
ARITHMETIC = tuple(list(SYMBOLS)[8:])
PREDICATES = (*COMPARISONS, exp.Is, exp.In, exp.Between, exp.Like, exp.Escape, exp.Not)


def literal(context: Context, node: exp.Literal, scope: Scope) -> Type:
    """1.5 is a double, as in Athena; a decimal is written decimal '1.5'."""
    text = node.name
    if node.is_string:
        return VARCHAR
    if re.fullmatch(r"\d+", text):
        if int(text) >= 2**63 + isinstance(node.parent, exp.Neg):
            raise AthenaError(f"SYNTAX_ERROR: line 1:1: Invalid numeric literal: {text}")
        return types.INTEGER if int(text) < 2**31 else types.BIGINT
    if not re.fullmatch(r"\d*\.?\d*([eE][+-]?\d+)?", text):
        raise refused(f"the number {text}")
    return types.DOUBLE


def hex_string(context: Context, node: exp.HexString, scope: Scope) -> Type:
    if len(node.name) % 2:
        raise AthenaError(
            "SYNTAX_ERROR: line 1:1: Binary literal must contain an even number of digits"
        )
    return types.VARBINARY


def inner(context: Context, node: exp.Expr, scope: Scope) -> Type:
    """Brackets and aliases have the type of what they hold."""
    return kind(context, node.this, scope)


def logic(context: Context, node: exp.Expr, scope: Scope) -> Type:
    for side in node.iter_expressions():
        condition(context, side, scope)
    return BOOLEAN


def is_null(context: Context, node: exp.Is, scope: Scope) -> Type:
    kind(context, node.this, scope)
    if not isinstance(node.expression, exp.Null):
        raise refused("IS with anything but NULL")
    return BOOLEAN


def comparison(context: Context, node: exp.Binary, scope: Scope) -> Type:
    sides = [node.this, node.expression]
    if any(isinstance(side, PREDICATES) for side in sides):
        raise AthenaError("SYNTAX_ERROR: line 1:1: a comparison of a comparison")
    return comparable(context, node, SYMBOLS[type(node)], sides, scope)


def between(context: Context, node: exp.Between, scope: Scope) -> Type:
    ends = [node.this, node.args["low"], node.args["high"]]
    return comparable(context, node, "BETWEEN", ends, scope)


def comparable(
    context: Context, node: exp.Expr, symbol: str, items: Sequence[exp.Expr], scope: Scope
) -> Type:
    """Compare values in the type that all of them come to."""
    kinds = [kind(context, item, scope) for item in items]
    both: Type | None = UNKNOWN
    for of in kinds:
        both = common(both, of) if both else None
    if both is None:
        text = f" {symbol} ".join(map(str, kinds))
        raise mismatch(context, items[0], f"Cannot apply operator: {text}")
    if both.name not in ORDERED:
        raise refused(f"a comparison of {both}")
    node.meta["operands"] = both
    return BOOLEAN


def bracket(context: Context, node: exp.Bracket, scope: Scope) -> Type:
    whole, key = kind(context, node.this, scope), kind(context, node.expressions[0], scope)
    of = whole.of[0] if whole.name == "map" else types.BIGINT
    if whole.name == "row" or (whole.name == "map" and common(of, key) not in (of, None)):
        raise refused(f"{key} as the subscript of {whole}")
    if whole.name not in ("array", "map") or common(of, key) != of:
        raise mismatch(context, node, f"Cannot use {key} for subscript of {whole}")
    return whole.of[-1]


def array_of(context: Context, node: exp.Array, scope: Scope) -> Type:
    return array(_one_type(context, "ARRAY", node.expressions, scope))


def _one_type(context: Context, what: str, items: Iterable[exp.Expr], scope: Scope) -> Type:
    """The type that all the items come to."""
    widest = UNKNOWN
    for item in items:
        of = kind(context, item, scope)
        wider = common(widest, of)
        if wider is None:
            text = (
                f"All {what} operands must be the same type or coercible to a common type. "
                f"Cannot find common type between {widest} and {of}"
            )
            raise mismatch(context, item, text)
        widest = wider
    return widest


def arithmetic(context: Context, node: exp.Binary, scope: Scope) -> Type:
    symbol = SYMBOLS[type(node)]
    if isinstance(node.expression, exp.Interval) and symbol in "+-":
        return _shifted(context, node, scope)
    left, right = kind(context, node.this, scope), kind(context, node.expression, scope)
    if symbol == "-" and left.name in TIMES and right.name in TIMES:
        if left.name != right.name:
            raise refused(f"the difference of {left} and {right}")
        return types.INTERVAL
    if UNKNOWN in (left, right):
        raise refused(f"arithmetic with a NULL that has no type: {node.sql('trino')[:60]}")
    if "real" in (left.name, right.name):
        raise refused("arithmetic with real (32-bit) numbers")
    result = types.arithmetic(symbol, left, right)
    if result is None:
        raise mismatch(context, node.this, f"Cannot apply operator: {left} {symbol} {right}")
    if result.name == "decimal" and symbol in "/%":
        raise refused("division of decimals (cast to double)")
    return result


def _shifted(context: Context, node: exp.Binary, scope: Scope) -> Type:
    """A time plus or minus an interval."""
    of, unit = kind(context, node.this, scope), interval_unit(node.expression)
    if of.name not in TIMES:
        raise mismatch(context, node.this, f"Cannot apply operator: {of} and an interval")
    if of.name == "date" and SECONDS.get(unit, 0) * int(node.expression.name) % 86400:
        raise AthenaError(
            "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date"
        )
    return types.TIMESTAMP if of.name == "timestamp" and unit not in DAY_UNITS[2:] else of


def negative(context: Context, node: exp.Neg, scope: Scope) -> Type:
    of = kind(context, node.this, scope)
    if of.name == "real":
        raise refused("arithmetic with real (32-bit) numbers")
    if of.name not in (*INTEGERS, "decimal", "double"):
        raise mismatch(context, node, f"Cannot negate {of}")
    if isinstance(node.this, exp.Literal) and node.this.name in ("2147483648", str(2**63)):
        return types.INTEGER if node.this.name == "2147483648" else types.BIGINT
    return of


def concatenation(context: Context, node: exp.DPipe, scope: Scope) -> Type:
    left, right = kind(context, node.this, scope), kind(context, node.expression, scope)
    both = common(left, right)
    arrays = "array" in (left.name, right.name)
    if (
        UNKNOWN in (left, right)
        or (arrays and (left.name != right.name or (left != right and is_vague(left, right))))
        or "varbinary" in (left.name, right.name)
    ):
        raise refused(f"the concatenation of {left} and {right}")
    if both is None or both.name not in ("varchar", "array"):
        raise AthenaError(
            f"FUNCTION_NOT_FOUND: line 1:1: Unexpected parameters ({left}, {right}) for "
            "function concat"
        )
    return both


def like(context: Context, node: exp.Like, scope: Scope) -> Type:
    for side in (node.this, node.expression):
        if kind(context, side, scope) not in (VARCHAR, UNKNOWN):
            raise mismatch(context, side, "LIKE is for varchar")
    if not isinstance(node.expression, exp.Literal) and isinstance(node.parent, exp.Escape):
        raise refused("ESCAPE for a pattern that is not a literal")
    return BOOLEAN


def escape(context: Context, node: exp.Escape, scope: Scope) -> Type:
    mark = node.expression.name
    if not isinstance(node.this, exp.Like) or len(mark) != 1:
        raise refused("this ESCAPE")
    of = kind(context, node.this, scope)
    unescaped = str(node.this.expression.name).replace(mark * 2, "")
    if re.search(f"{re.escape(mark)}(?![%_{re.escape(mark)}])", unescaped):
        raise AthenaError(
            "INVALID_FUNCTION_ARGUMENT: Escape character must be followed by '%', '_' or the "
            "escape character itself"
        )
    return of


def case(context: Context, node: exp.If | exp.Case, scope: Scope) -> Type:
    subject = node.this if isinstance(node, exp.Case) else None
    branches = node.args.get("ifs") or [node]
    for branch in branches:
        if subject is None:
            condition(context, branch.this, scope)
            continue
        comparable(context, branch, "=", [subject, branch.this], scope)
        if {kind_of(subject), kind_of(branch.this)} - {branch.meta["operands"]}:
            raise refused("CASE over values of several types")
    default = node.args.get("default") or (
        node.args.get("false") if isinstance(node, exp.If) else None
    )
    items = [*(b.args["true"] for b in branches), *([default] if default else [])]
    return _one_type(context, node.key.upper(), items, scope)
