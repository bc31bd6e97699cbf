"""Calls: the signature that fits the arguments, lambdas, aggregates and windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from sandbox.athena.catalog import OWN
from sandbox.athena.duck.functions import FUNCTIONS, TRINO, Function, Unfit, filled, fit, signatures
from sandbox.athena.duck.scope import (
    Call,
    Context,
    Scope,
    call_of,
    condition,
    is_vague,
    kind,
    mismatch,
    orderable,
)
from sandbox.athena.errors import AthenaError, Malformed, refused
from sandbox.athena.syntax import position
from sandbox.athena.types import UNKNOWN, VARCHAR, Type

_AMBIGUOUS = """
sum avg approx_percentile upper lower substr substring ceil ceiling floor round concat date_trunc
date_add json_extract_scalar
"""
NULL_IS_AMBIGUOUS = frozenset(_AMBIGUOUS.split())
LEAST_ARGUMENTS = {
    "coalesce": 2,
    "format": 2,
    "try": 1,
}  # Trino's parser says so, before it looks for functions
_FIELDS = """
YEAR QUARTER MONTH WEEK DAY DAY_OF_MONTH DAY_OF_WEEK DOW DAY_OF_YEAR DOY YEAR_OF_WEEK YOW HOUR MINUTE
SECOND TIMEZONE_HOUR TIMEZONE_MINUTE
"""
EXTRACTED = _FIELDS.split()


# -- calls with a syntax of their own --------------------------------------------------------------


def extract(context: Context, node: exp.Extract, scope: Scope) -> Type:
    name = node.this.name.upper()
    if name not in EXTRACTED:
        raise AthenaError(f"SYNTAX_ERROR: line 1:1: Invalid EXTRACT field {name}")
    of_time = name in ("HOUR", "MINUTE", "SECOND")
    if of_time and kind(context, node.expression, scope).name == "date":
        raise mismatch(context, node, f"Cannot extract {name} from date")
    return _named(context, node, node.this.name.lower(), [node.expression], scope)


def substring(context: Context, node: exp.Substring, scope: Scope) -> Type:
    args = [a for a in (node.this, node.args.get("start"), node.args.get("length")) if a]
    return _named(context, node, "substr", args, scope)


def text_position(context: Context, node: exp.StrPosition, scope: Scope) -> Type:
    return _named(context, node, "strpos", [node.this, node.args["substr"]], scope)


def trim(context: Context, node: exp.Trim, scope: Scope) -> Type:
    marks = node.args.get("expression")
    if marks and kind(context, marks, scope) != VARCHAR:
        raise mismatch(context, node, "trim is for varchar")
    return _named(context, node, "trim", [node.this], scope)


def listagg(context: Context, node: exp.GroupConcat, scope: Scope) -> Type:
    separator = node.args.get("separator") or exp.Literal.string("")
    if not isinstance(node.this, exp.Order) or not separator.is_string:
        raise AthenaError("SYNTAX_ERROR: line 1:1: mismatched input. Expecting: 'WITHIN'")
    return _named(context, node, "listagg", [node.this, separator], scope)


def call(context: Context, node: exp.Anonymous, scope: Scope) -> Type:
    args = [a for a in node.expressions if not isinstance(a, exp.Star)]
    if node.name.lower() in ("all", "any", "some") and isinstance(args[0], exp.Values):
        raise refused(f"the expression {node.sql('trino')[:60]}")
    return _named(context, node, node.name.lower(), args, scope)


# -- the signature that fits -----------------------------------------------------------------------


def _named(context: Context, node: exp.Expr, name: str, args: list[exp.Expr], scope: Scope) -> Type:
    """Give a call the first signature of its function that fits. Return the type of the result."""
    if f"{name}/{len(args)}" in TRINO or (name in TRINO and name not in FUNCTIONS):
        raise _not_carried(context, name)
    if len(args) < LEAST_ARGUMENTS.get(name, 0):
        at = position(context.sql, name)
        raise Malformed(f"SYNTAX_ERROR: {at}: The '{name}' function must have more arguments")
    given = _arguments(context, name, args, scope)  # what is wrong in there comes first
    if name not in FUNCTIONS:
        at = position(context.sql, name)
        raise AthenaError(f"FUNCTION_NOT_FOUND: {at}: Function '{name}' not registered")
    for function in signatures(name, len(args)):
        bound = _bound(context, function, args, given, scope)
        if bound is None:
            continue
        if function.kind == "refused":
            raise _not_carried(context, name)
        if function.kind == "window" and not _has_over(node):
            at = position(context.sql, name)
            raise AthenaError(
                f"MISSING_OVER: {at}: Window function system.builtin.{name} requires an OVER clause"
            )
        return _fitted(node, name, function, given, bound)
    listed = ", ".join(map(str, given))
    if name in ("coalesce", "nullif"):
        text = f"the arguments of {name} have no common type: {listed}"
        raise mismatch(context, node, text)
    at = position(context.sql, name)
    raise AthenaError(
        f"FUNCTION_NOT_FOUND: {at}: Unexpected parameters ({listed}) for function {name}"
    )


def _not_carried(context: Context, name: str) -> AthenaError:
    return AthenaError(
        f"NOT_SUPPORTED: {position(context.sql, name)}: the function '{name}' exists in Athena, "
        "the sandbox's embedded engine does not carry it"
        + (" for these arguments" if name in FUNCTIONS else "")
    )


def _fitted(
    node: exp.Expr, name: str, function: Function, given: Sequence[Type], bound: dict[str, Type]
) -> Type:
    """Keep a signature that fits in its call. Return the type of the result."""
    wanted = tuple(filled(t, k, bound) for t, k in zip(function.takes, given, strict=True))
    gives = filled(function.gives, function.gives, bound)
    if gives.name.startswith("="):
        number = int(gives.name[1:])
        gives = given[number]
        wanted = (*wanted[:number], gives, *wanted[number + 1 :])
    if any(is_vague(t) and k != t for t, k in zip(wanted, given, strict=True)):
        raise refused(f"{name} of a NULL that has no type")
    if name == "row":
        gives = Type("row", tuple(given), ("",) * len(given))
    node.meta["call"] = Call(function, wanted)
    return gives


def _arguments(context: Context, name: str, args: Sequence[exp.Expr], scope: Scope) -> list[Type]:
    """The types of the arguments; a lambda's comes later, with the signature."""
    if any(function.kind == "aggregate" for function in FUNCTIONS.get(name, ())):
        context = replace(context, in_aggregate=True)
    given = [UNKNOWN if isinstance(a, exp.Lambda) else _argument(context, a, scope) for a in args]
    if name in NULL_IS_AMBIGUOUS and UNKNOWN in given:
        raise refused(f"{name} of a NULL that has no type")
    return given


def _argument(context: Context, node: exp.Expr, scope: Scope) -> Type:
    """DISTINCT and ORDER BY stand inside the argument of an aggregate."""
    if isinstance(node, exp.Order):
        for item in node.expressions:
            orderable(kind(context, item.this, scope))
        return _argument(context, node.this, scope)
    if isinstance(node, exp.Distinct):
        if len(node.expressions) != 1:
            raise refused("DISTINCT over several arguments")
        return kind(context, node.expressions[0], scope)
    return kind(context, node, scope)


def _bound(
    context: Context,
    function: Function,
    args: Sequence[exp.Expr],
    given: Sequence[Type],
    scope: Scope,
) -> dict[str, Type] | None:
    """What the variables of a signature stand for; None if it does not fit."""
    bound: dict[str, Type] = {}
    try:
        for argument, takes, of in zip(args, function.takes, given, strict=True):
            if isinstance(argument, exp.Lambda):
                fit(takes, _lambda(context, argument, takes, bound, scope), bound)
            else:
                fit(takes, of, bound)
    except Unfit:
        return None
    return bound


def _lambda(
    context: Context, node: exp.Lambda, takes: Type, bound: Mapping[str, Type], scope: Scope
) -> Type:
    if takes.name != "lambda":
        raise Unfit
    if len(node.expressions) != 1:
        raise AthenaError(
            "INVALID_PARAMETER_USAGE: line 1:1: Expected a lambda that takes 1 argument(s) but "
            f"got {len(node.expressions)}"
        )
    name = node.expressions[0].name
    if name.lower().startswith(OWN):
        raise refused(f"the name {name}, which is the engine's own")
    item = filled(takes.of[0], UNKNOWN, dict(bound))
    inside = replace(context, lambdas=(*context.lambdas, {name: item}))
    gives = kind(inside, node.this, scope)
    if any(
        isinstance(n.meta.get("call"), Call) and call_of(n).function.kind != "scalar"
        for n in node.walk()
    ):
        raise AthenaError(
            "EXPRESSION_NOT_SCALAR: line 1:1: Lambda expression cannot contain aggregations, "
            "window functions or grouping operations"
        )
    if gives == UNKNOWN:
        raise refused("a lambda that gives NULL")
    return Type("lambda", (item, gives))


# -- aggregates and windows ------------------------------------------------------------------------


def filtered(context: Context, node: exp.Filter, scope: Scope) -> Type:
    condition(context, node.expression.this, scope)
    return kind(context, node.this, scope)


def window(context: Context, node: exp.Window, scope: Scope) -> Type:
    if node.args.get("alias") or node.args.get("first"):
        raise refused("a named window")
    for item in node.args.get("partition_by") or ():
        kind(context, item, scope)
    for item in node.args["order"].expressions if node.args.get("order") else ():
        orderable(kind(context, item.this, scope))
    frame = node.args.get("spec")
    if frame:
        _check_frame(frame)
    of = kind(context, node.this, scope)
    signature = node.this.meta.get("call")
    if isinstance(signature, Call) and signature.function.kind == "window":
        _check_window_function(context, node)
    return of


def _check_frame(frame: exp.Expr) -> None:
    unit, ends = frame.text("kind").upper(), (frame.args.get("start"), frame.args.get("end"))
    if unit not in ("ROWS", "RANGE") or frame.args.get("exclude"):
        raise refused("this window frame")
    for end in ends:
        of_rows = isinstance(end, exp.Literal) and end.name.isdigit() and unit == "ROWS"
        if isinstance(end, exp.Expr) and not of_rows:
            raise refused("a window frame whose ends are not whole numbers of rows")


def _check_window_function(context: Context, node: exp.Window) -> None:
    name = node.this.name.lower()
    if node.args.get("spec") and name not in ("first_value", "last_value"):
        raise AthenaError(
            f"INVALID_WINDOW_FRAME: {position(context.sql, name)}: Cannot specify window frame "
            f"for {name} function"
        )
    if name in ("lag", "lead") and not node.args.get("order"):
        raise AthenaError(
            f"MISSING_ORDER_BY: {position(context.sql, name)}: {name} function requires an "
            "ORDER BY window clause"
        )


def _has_over(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, (exp.IgnoreNulls, exp.Filter)):
        parent = parent.parent
    return isinstance(parent, exp.Window)
