"""What a name means: columns, fields of rows, `*`, columns of USING, and the names in DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from sandbox.athena.catalog import OWN
from sandbox.athena.duck.scope import Columns, Context, Scope, Source, kind
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.syntax import position
from sandbox.athena.types import UNKNOWN, Type


def column(context: Context, node: exp.Column, scope: Scope) -> Type:
    """`column`, `table.column`, and either with fields of rows behind it."""
    parts = [p.name.lower() for p in node.parts]
    if any(parts[0] == name.lower() for names in context.lambdas for name in names):
        raise refused(f"{node.name}, a lambda's name in another case or with a field")
    crossed: list[Scope] = []
    at: Scope | None = scope
    while at is not None:
        for start in range(len(parts) - 1, -1, -1):
            of = _in_scope(context, node, at, crossed, parts, start)
            if of is not None:
                return of
        crossed.append(at)
        at = at.outer
    raise column_not_found(context, node.name)


def _in_scope(
    context: Context,
    node: exp.Column,
    scope: Scope,
    crossed: list[Scope],
    parts: list[str],
    start: int,
) -> Type | None:
    """The type of a column if part number `start` names one of a scope."""
    qualifier, name, fields = parts[:start], parts[start], parts[start + 1 :]
    matches = [(s, i) for s in scope.sources for i in s.numbers(qualifier, name)]
    joined = scope.merged.get(name, [])
    is_merged = not qualifier and [s for s, _ in matches] == joined
    if len(matches) > 1 and not is_merged:
        raise ambiguous(context, name)
    if not matches:
        return None
    if qualifier and matches[0][0] in joined:
        raise column_not_found(context, f"{'.'.join(qualifier)}.{name}")
    if crossed and scope.of_join:
        raise refused("a query in ON that takes something from the one around it")
    if crossed and context.in_aggregate:
        raise refused("an aggregate over something from the query around its own")
    for inner in crossed:
        inner.correlated = True
    source, number = matches[0]
    of = source.columns[number][1]
    if any(s.columns[i][1] != of for s, i in matches):
        raise refused(f"USING over {name} of several types")
    for part in fields:
        of = _field(context, of, part)
    written = exp.column(source.cells[number], None if is_merged else source.written, quoted=True)
    for key in ("this", "table", "db", "catalog"):
        node.set(key, written.args.get(key))
    node.set("fields", [exp.to_identifier(part) for part in fields])
    return of


def lambda_name(context: Context, node: exp.Identifier, scope: Scope) -> Type:
    return next((n[node.name] for n in reversed(context.lambdas) if node.name in n), UNKNOWN)


def dot(context: Context, node: exp.Dot, scope: Scope) -> Type:
    return _field(context, kind(context, node.this, scope), node.expression.name.lower())


def _field(context: Context, row: Type, name: str) -> Type:
    if row.name != "row":
        at = position(context.sql, name)
        raise AthenaError(f"TYPE_MISMATCH: {at}: Expression is not of type ROW: {row}")
    fields = [f.lower() for f in row.fields]
    if name not in fields:
        raise column_not_found(context, name)
    return row.of[fields.index(name)]


def using(context: Context, name: str, scope: Scope, first: int) -> None:
    """Two relations have a column in common from here on."""
    *left, right = ([s] * len(s.numbers((), name)) for s in scope.sources[first:])
    before = [source for sources in left for source in sources]
    if not before or not right:
        raise column_not_found(context, name)
    if len(right) > 1 or (len(before) > 1 and before != scope.merged.get(name)):
        raise ambiguous(context, name)
    scope.merged[name] = before + right


def star(item: exp.Expr, scope: Scope) -> Iterable[tuple[exp.Column, str, Type]]:
    """The columns that `*` or `t.*` means."""
    of = [p.name.lower() for p in item.parts[:-1]] if isinstance(item, exp.Column) else []
    sources = [s for s in scope.sources if not of or s.names[-len(of) :] == tuple(of)]
    if of and len(sources) != 1:
        raise AthenaError(f"TABLE_NOT_FOUND: line 1:1: Unable to resolve reference {'.'.join(of)}")
    if not sources:
        raise AthenaError("COLUMN_NOT_FOUND: line 1:1: SELECT * not allowed without FROM clause")
    if scope.merged:
        raise refused("* over a join with USING")
    for source in sources:
        visible = source.columns[: source.visible]
        for (name, of_column), cell in zip(visible, source.cells, strict=False):
            written = exp.column(cell, source.written, quoted=True)
            written.meta["kind"] = of_column
            yield written, name, of_column


def renamed(context: Context, columns: Columns, node: exp.Expr) -> Columns:
    """Columns under the names that an alias gives them."""
    alias = node.args.get("alias")
    names = [c.name for c in alias.columns] if isinstance(alias, exp.TableAlias) else []
    if names and len(names) != len(columns):
        raise AthenaError(
            f"MISMATCHED_COLUMN_ALIASES: line 1:1: Column alias list has {len(names)} entries "
            f"but '{node.alias}' has {len(columns)} columns available"
        )
    if not names:
        return columns
    after = [(name, of) for name, (_, of) in zip(names, columns, strict=True)]
    note_renamed(context, columns, after)
    return after


def note_renamed(context: Context, before: Columns, after: Columns) -> None:
    """Remember the names that columns get here and did not have."""
    for (old, _), (new, _) in zip(before, after, strict=True):
        if new.lower() != old.lower():
            context.given.add(new.lower())


def output_name(item: exp.Expr) -> str:
    """The name of a column of a result; '' where it has none."""
    item = item.unnest()
    if isinstance(item, (exp.Alias, exp.Column)):
        return str(item.alias_or_name)
    base = item
    while isinstance(base, (exp.Dot, exp.Paren)):
        base = base.this
    return str(item.expression.name) if item is not base and isinstance(base, exp.Column) else ""


def is_column(item: exp.Expr, name: str) -> bool:
    """Is it, analysed, the column of that name and no field of it?"""
    return isinstance(item, exp.Column) and item.name == name and not item.args.get("fields")


def cells(columns: Columns, visible: int) -> list[str]:
    """Names in DuckDB, no two the same. "$path" has one that a plan writes without quotes."""
    names = [n.lower() for n, _ in columns]
    names[visible:] = [n.replace("$", OWN) for n in names[visible:]]
    unique = list(names)
    for i, name in enumerate(names[:visible]):
        if not name or names.count(name) > 1:
            unique[i] = f"{name}?{i}"
            while unique[i] in names:
                unique[i] += "?"
    return unique


def alias(name: str, columns: Sequence[str]) -> exp.TableAlias:
    quoted = [exp.to_identifier(c, quoted=True) for c in columns]
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True), columns=quoted)


def named_source(
    node: exp.Expr, names: tuple[str, ...], columns: Columns, visible: int, number: int
) -> Source:
    """A relation of FROM, under a name of its own in DuckDB."""
    unique, written = cells(columns, visible), f"_{number}"
    node.set("alias", alias(written, unique[:visible]))
    return Source(names, columns, written, unique, visible)


def column_not_found(context: Context, name: str) -> AthenaError:
    return AthenaError(
        f"COLUMN_NOT_FOUND: {position(context.sql, name)}: Column '{name}' cannot be resolved or "
        "requester is not authorized to access requested resources"
    )


def ambiguous(context: Context, name: str) -> AthenaError:
    at = position(context.sql, name)
    return AthenaError(f"AMBIGUOUS_NAME: {at}: Column '{name}' is ambiguous")
