"""What Trino's analyser does: every name of a query is resolved and every expression gets a type.

Types are kept in the nodes (`scope.kind_of`), the signature of a call beside it (`scope.call_of`),
for `writer`. What has no rule here is refused, so that nothing reaches DuckDB whose meaning is not
known. No name is left to DuckDB either: every relation gets a name of its own, every column says
whose it is, `*` is written out, and ORDER BY says the number of an output column.

names, expressions, casts, calls and queries hold the rules; the table below says which node has
which.
"""

from __future__ import annotations

from sqlglot import exp

from sandbox.athena import types
from sandbox.athena.duck import calls, casts, expressions, names, queries
from sandbox.athena.duck.scope import Columns, Context, Rule, Scope, Tables
from sandbox.athena.types import Type


def _always(kind: Type) -> Rule:
    return lambda context, node, scope: kind


RULES: dict[type[exp.Expr], Rule] = {
    exp.Null: _always(types.UNKNOWN),
    exp.Boolean: _always(types.BOOLEAN),
    exp.CurrentDate: _always(types.DATE),
    exp.CurrentTimestamp: _always(types.TIMESTAMPTZ),
    exp.Literal: expressions.literal,
    exp.HexString: expressions.hex_string,
    exp.Column: names.column,
    exp.Identifier: names.lambda_name,
    exp.Dot: names.dot,
    exp.Paren: expressions.inner,
    exp.Alias: expressions.inner,
    exp.And: expressions.logic,
    exp.Or: expressions.logic,
    exp.Not: expressions.logic,
    exp.Is: expressions.is_null,
    **dict.fromkeys(expressions.COMPARISONS, expressions.comparison),
    **dict.fromkeys(expressions.ARITHMETIC, expressions.arithmetic),
    exp.Between: expressions.between,
    exp.Neg: expressions.negative,
    exp.DPipe: expressions.concatenation,
    exp.Like: expressions.like,
    exp.Escape: expressions.escape,
    exp.If: expressions.case,
    exp.Case: expressions.case,
    exp.Array: expressions.array_of,
    exp.Bracket: expressions.bracket,
    exp.Cast: casts.cast,
    exp.TryCast: casts.cast,
    exp.AtTimeZone: casts.at_time_zone,
    exp.Anonymous: calls.call,
    exp.Extract: calls.extract,
    exp.Substring: calls.substring,
    exp.StrPosition: calls.text_position,
    exp.Trim: calls.trim,
    exp.GroupConcat: calls.listagg,
    exp.Filter: calls.filtered,
    exp.IgnoreNulls: expressions.inner,
    exp.Window: calls.window,
    exp.In: queries.in_,
    exp.Exists: queries.exists,
    exp.Subquery: queries.scalar,
}


def analyse(tree: exp.Expr, tables: Tables, sql: str, given: set[str] | None = None) -> Columns:
    """Give every name of a query its meaning and every expression its type. Return its columns.

    `given` takes the names that something gets which is no column of that name in a table.
    """
    given = set() if given is None else given
    context = Context(tables, sql, given, RULES)
    return queries.statement(context, tree, Scope())
