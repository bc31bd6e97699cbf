"""What an expression can see, and the type that it gets: the ground that the analysis stands on.

Every rule of the analysis is a plain function of a context, a node and a scope. `kind` finds the
rule of a node; `analysis` says which rules there are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from sandbox.athena.duck.functions import Function
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.syntax import position
from sandbox.athena.types import INTEGERS, TIMES, UNKNOWN, Type

Columns = list[tuple[str, Type]]  # a column without a name has ''
Tables = Callable[[exp.Table], tuple[tuple[str, str], Mapping[str, Type]]]

ORDERED = (*INTEGERS, *TIMES, "decimal", "double", "varchar", "varbinary", "boolean", "unknown")


@dataclass(frozen=True)
class Call:
    """A signature that fits a call: the types its arguments are brought to."""

    function: Function
    takes: tuple[Type, ...]


@dataclass(frozen=True)
class Source:
    """A relation of FROM."""

    names: tuple[str, ...]  # catalog, database and name of a table, or an alias
    columns: Columns
    written: str  # its name in DuckDB
    cells: list[str]  # the names of its columns in DuckDB
    visible: int  # how many columns `*` means; hidden ones come last

    def numbers(self, qualifier: Sequence[str], name: str) -> list[int]:
        """The numbers of the columns that a name means."""
        if qualifier and self.names[-len(qualifier) :] != tuple(qualifier):
            return []
        return [i for i, (column, _) in enumerate(self.columns) if column.lower() == name != ""]


@dataclass
class Scope:
    """The names an expression can see."""

    sources: list[Source] = field(default_factory=list)
    outer: Scope | None = None
    queries: Mapping[str, Columns] = field(default_factory=dict)  # of WITH
    # columns of USING, and the sources that each is in
    merged: dict[str, list[Source]] = field(default_factory=dict)
    of_join: bool = False  # those of an ON
    correlated: bool = False  # does a query take something from the one around it?


@dataclass(frozen=True)
class Context:
    """The analysis of one statement, and where in it the analysis stands."""

    tables: Tables
    sql: str
    given: set[str]  # names that something gets which is no column of that name in a table
    rules: Mapping[type[exp.Expr], Rule]
    lambdas: tuple[Mapping[str, Type], ...] = ()  # around an expression, the innermost last
    in_aggregate: bool = False
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


Rule = Callable[[Context, Any, Scope], Type]


def kind(context: Context, node: exp.Expr, scope: Scope) -> Type:
    """Give an expression its type. Return the type."""
    if "kind" in node.meta and isinstance(node, (exp.Column, exp.Subquery, exp.Exists)):
        return kind_of(node)  # the subject of a CASE is met several times, its names only once
    rule = context.rules.get(type(node))
    if rule is None:
        raise refused(f"the expression {node.sql('trino')[:60]}")
    node.meta["kind"] = usable(rule(context, node, scope))
    return kind_of(node)


def kind_of(node: exp.Expr) -> Type:
    """The type of an analysed expression."""
    known = node.meta.get("kind")
    return known if isinstance(known, Type) else UNKNOWN


def call_of(node: exp.Expr) -> Call:
    """The signature of an analysed call."""
    call = node.meta["call"]
    assert isinstance(call, Call)
    return call


def condition(context: Context, node: exp.Expr, scope: Scope) -> None:
    """Analyse an expression that must be a boolean."""
    actual = kind(context, node, scope)
    if actual.name not in ("boolean", "unknown"):
        raise mismatch(context, node, f"WHERE clause must evaluate to a boolean: actual {actual}")


def usable(of: Type) -> Type:
    """The same type, unless DuckDB's values of it are not Trino's."""
    if of.holds("real") and of.name != "real":
        raise refused("real (32-bit) numbers inside other types")
    if of.name == "map" and of.of[0].of:
        raise refused("a map whose keys hold other values")
    return of


def orderable(of: Type) -> None:
    """Refuse to order by a type whose order is not known to be Trino's."""
    if of.name not in ORDERED:
        raise refused(f"ORDER BY over {of}")


def is_vague(*kinds: Type) -> bool:
    """Is there a NULL without a type inside of a type?"""
    return any(of.of and of.holds("unknown") for of in kinds)


def mismatch(context: Context, node: exp.Expr, text: str) -> AthenaError:
    named = node.find(exp.Identifier)
    at = position(context.sql, named.name) if named else "line 1:1"
    return AthenaError(f"TYPE_MISMATCH: {at}: {text}")
