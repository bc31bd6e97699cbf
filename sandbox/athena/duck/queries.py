"""Queries: WITH, FROM, SELECT, GROUP BY, ORDER BY, sets and values, and the columns they give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from sandbox.athena import types
from sandbox.athena.catalog import CATALOG
from sandbox.athena.duck import names
from sandbox.athena.duck.expressions import comparable
from sandbox.athena.duck.scope import (
    ORDERED,
    Columns,
    Context,
    Scope,
    condition,
    kind,
    mismatch,
    orderable,
)
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.syntax import is_comma, position
from sandbox.athena.types import BOOLEAN, UNKNOWN, Type, common


def statement(context: Context, tree: exp.Expr, scope: Scope) -> Columns:
    """The columns of a query whose brackets may not hide a WITH."""
    inner = tree.unnest()
    if inner is not tree and inner.args.get("with_"):
        raise AthenaError("SYNTAX_ERROR: line 1:1: mismatched input 'with'")
    return query(context, tree, scope)


def query(context: Context, tree: exp.Expr, outer: Scope) -> Columns:
    """The columns of a query."""
    queries = dict(outer.queries)
    scope = Scope(outer=outer, queries=queries)
    _with(context, tree, scope, queries)
    if isinstance(tree, exp.Subquery):
        columns = query(context, tree.this, scope)
    elif isinstance(tree, exp.SetOperation):
        columns = _set_operation(context, tree, scope)
    elif isinstance(tree, exp.Values):
        columns = _values(context, tree, scope)
    elif isinstance(tree, exp.Select):
        columns = _select(context, tree, scope)
    else:
        raise refused("this query")
    if not isinstance(tree, exp.Select):
        _order(context, tree, Scope(queries=queries), columns)
    for bound in (tree.args.get("limit"), tree.args.get("offset")):
        if bound and not isinstance(bound.args.get("expression"), exp.Literal):
            raise refused("a limit that is not a number")
    return columns


def _with(context: Context, tree: exp.Expr, scope: Scope, queries: dict[str, Columns]) -> None:
    """The queries of WITH come into sight, each after the ones before it."""
    with_ = tree.args.get("with_")
    if with_ and with_.args.get("recursive"):
        raise refused("WITH RECURSIVE")
    fresh = set[str]()
    for item in with_.expressions if with_ else ():
        name = item.alias.lower()
        if name in fresh:
            raise AthenaError(
                f"DUPLICATE_NAMED_QUERY: {position(context.sql, item.alias)}: WITH query name "
                f"'{item.alias}' specified more than once"
            )
        fresh.add(name)
        columns = names.renamed(context, query(context, item.this, scope), item)
        item.set("alias", names.alias(item.alias, names.cells(columns, len(columns))))
        queries[name] = columns


def _set_operation(context: Context, tree: exp.SetOperation, scope: Scope) -> Columns:
    left = statement(context, tree.this, scope)
    right = statement(context, tree.expression, scope)
    if len(left) != len(right):
        raise AthenaError(
            f"TYPE_MISMATCH: line 1:1: {tree.key.upper()} query has different number of "
            f"fields: {len(left)}, {len(right)}"
        )
    columns = []
    for number, ((name, a), (_, b)) in enumerate(zip(left, right, strict=True), 1):
        both = common(a, b)
        if both is None:
            raise AthenaError(
                f"TYPE_MISMATCH: line 1:1: column {number} in {tree.key.upper()} query has "
                f"incompatible types: {a}, {b}"
            )
        columns.append((name, both))
    names.note_renamed(context, right, columns)
    return columns


def _values(context: Context, tree: exp.Values, scope: Scope) -> Columns:
    rows = []
    for row in tree.expressions:
        items = row.expressions if isinstance(row, exp.Tuple) else [row]
        rows.append([kind(context, item, scope) for item in items])
        if len(items) == 1 and rows[-1][0].name == "row":
            raise refused("a row among VALUES, whose fields would be the columns")
    kinds = rows[0]
    for row_kinds in rows[1:]:
        if len(row_kinds) != len(kinds):
            raise AthenaError("TYPE_MISMATCH: line 1:1: Values rows have mismatched sizes")
        wider = [common(a, b) for a, b in zip(kinds, row_kinds, strict=True)]
        kinds = [t for t in wider if t]
        if len(kinds) != len(wider):
            raise AthenaError("TYPE_MISMATCH: line 1:1: Values rows have mismatched types")
    tree.meta["row"] = kinds
    return [("", t) for t in kinds]


# -- SELECT ----------------------------------------------------------------------------------------


def _select(context: Context, tree: exp.Select, scope: Scope) -> Columns:
    _from(context, tree, scope)
    if tree.args.get("where"):
        condition(context, tree.args["where"].this, scope)
    columns, renamed = _items(context, tree, scope)
    _group(context, tree, scope, columns)
    if tree.args.get("having"):
        condition(context, tree.args["having"].this, scope)
    _order(context, tree, scope, columns, renamed)
    if scope.correlated and any(tree.args.get(c) for c in ("having", "limit", "offset")):
        raise refused("HAVING or LIMIT in a query that takes something from the one around it")
    return columns


def _from(context: Context, tree: exp.Select, scope: Scope) -> None:
    """The relations of FROM come into sight, one after the other."""
    from_ = tree.args.get("from_")
    if from_:
        _source(context, from_.this, scope)
    first = 0  # of the sources that a JOIN joins: those behind the last comma
    for join in tree.args.get("joins") or ():
        first = len(scope.sources) if is_comma(join) else first
        _source(context, join.this, scope)
        for column in join.args.get("using") or ():
            names.using(context, column.name.lower(), scope, first)
        if isinstance(join.this, exp.Unnest) and (
            join.side in ("RIGHT", "FULL")
            or (join.args.get("on") and join.args["on"] != exp.true())
        ):
            raise AthenaError(
                f"NOT_SUPPORTED: line 1:1: {join.side or 'INNER'} JOIN involving UNNEST is only "
                "supported with condition ON TRUE"
            )
        if join.args.get("on"):
            joined = replace(scope, sources=scope.sources[first:], of_join=True)
            condition(context, join.args["on"], joined)


def _items(context: Context, tree: exp.Select, scope: Scope) -> tuple[Columns, set[str]]:
    """The columns of SELECT, and those of their names that are new."""
    columns: Columns = []
    items: list[exp.Expr] = []
    renamed = set[str]()
    for item in tree.expressions:
        if item.is_star:
            for column, name, of in names.star(item, scope):
                items.append(column)
                columns.append((name, of))
            continue
        name = names.output_name(item)
        if name and not (isinstance(item.unalias(), exp.Column) and item.unalias().name == name):
            renamed.add(name.lower())
        items.append(item)
        columns.append((name, kind(context, item, scope)))
    tree.set("expressions", items)
    for item, (name, _) in zip(items, columns, strict=True):
        if not names.is_column(item.unalias(), name.lower()):
            context.given.add(name.lower())
    return columns, renamed


def _group(context: Context, tree: exp.Select, scope: Scope, columns: Columns) -> None:
    group = tree.args.get("group")
    if not group:
        return
    if group.args.get("all") is False:
        raise refused("GROUP BY DISTINCT")
    items: list[exp.Expr] = list(group.expressions)
    for key in ("grouping_sets", "cube", "rollup"):
        items += group.args.get(key) or []
    while items:
        item = items.pop().unnest()
        if isinstance(item, (exp.Tuple, exp.GroupingSets, exp.Cube, exp.Rollup)):
            items += item.expressions
        elif item not in group.expressions and not isinstance(item, exp.Column):
            raise AthenaError(
                "INVALID_COLUMN_REFERENCE: line 1:1: GROUP BY expression must be a column "
                f"reference: {item.sql('trino')}"
            )
        elif isinstance(item, exp.Literal) and not item.is_string:
            _ordinal(item, columns)
        else:
            kind(context, item, scope)


def _ordinal(item: exp.Literal, columns: Columns) -> Type:
    """The type of the output column that a number means."""
    if not item.name.isdigit() or not 0 < int(item.name) <= len(columns):
        raise AthenaError(
            f"INVALID_COLUMN_REFERENCE: line 1:1: position {item.name} is not in select list"
        )
    return columns[int(item.name) - 1][1]


def _order(
    context: Context, tree: exp.Expr, scope: Scope, columns: Columns, renamed: Iterable[str] = ()
) -> None:
    """ORDER BY of a query: a name means an output column before it means one of FROM."""
    order, outputs = tree.args.get("order"), [n.lower() for n, _ in columns]
    for key in order.expressions if order else ():
        item = key.this
        name = item.name.lower() if isinstance(item, exp.Column) and not item.table else ""
        if isinstance(item, exp.Literal) and not item.is_string:
            of = _ordinal(item, columns)
        elif name and name in outputs:
            if outputs.count(name) > 1:
                raise AthenaError(f"AMBIGUOUS_NAME: line 1:1: Column '{name}' is ambiguous")
            of = columns[outputs.index(name)][1]
            key.set("this", exp.Literal.number(outputs.index(name) + 1))
        elif isinstance(item, (exp.Literal, exp.Null)) or not isinstance(tree, exp.Select):
            raise refused("ORDER BY anything but a column of a query that has no FROM of its own")
        else:
            of = _ordered_by_expression(context, tree, key, scope, renamed)
        orderable(of)


def _ordered_by_expression(
    context: Context, tree: exp.Select, key: exp.Expr, scope: Scope, renamed: Iterable[str]
) -> Type:
    """The type of an expression of ORDER BY, which is over the columns of FROM."""
    item = key.this
    for column in item.find_all(exp.Column):
        if not column.table and column.name.lower() in renamed:
            raise refused(f"the new name {column.name} inside an ORDER BY expression")
    of = kind(context, item, scope)
    if tree.args.get("distinct"):
        known = [e.unalias() for e in tree.expressions]
        if item not in known:
            raise AthenaError(
                "EXPRESSION_NOT_IN_DISTINCT: line 1:1: For SELECT DISTINCT, ORDER BY "
                "expressions must appear in select list"
            )
        key.set("this", exp.Literal.number(known.index(item) + 1))
    return of


# -- relations of FROM -----------------------------------------------------------------------------


def _source(context: Context, node: exp.Expr, scope: Scope) -> None:
    """A relation of FROM comes into sight, under a name of its own."""
    inner = node
    while isinstance(inner, exp.Subquery) and not inner.alias:
        inner = inner.this
    if isinstance(inner, exp.Table):
        node = node.replace(inner)  # a table in brackets is that table
    columns: Columns
    known_as: tuple[str, ...] = (node.alias.lower(),) if node.alias else ()
    hidden = 0
    if isinstance(node, exp.Table):
        home, columns = _table(context, node, scope)
        known_as = known_as or home
        hidden = sum(n.startswith("$") for n, _ in columns) if len(home) > 1 else 0
    elif isinstance(node, exp.Unnest):
        columns = _unnest(context, node, scope)
    elif isinstance(node, (exp.Subquery, exp.Values)) and not isinstance(node.this, exp.Table):
        columns = query(context, node, Scope(outer=scope.outer, queries=scope.queries))
    else:
        raise refused(f"{node.key.upper()} in FROM")
    visible = len(columns) - hidden
    shown = names.renamed(context, columns[:visible], node)
    # a list of names for a table's columns leaves its hidden ones without any
    columns = shown if node.alias_column_names else shown + columns[visible:]
    number = next(context.numbers)
    scope.sources.append(names.named_source(node, known_as, columns, visible, number))


def _table(context: Context, node: exp.Table, scope: Scope) -> tuple[tuple[str, ...], Columns]:
    """The names and columns of a table, or of a query of WITH."""
    name = node.name.lower()
    if str(node.this.this).upper() == "TABLE" and not isinstance(node.this, exp.Identifier):
        raise refused("TABLE of a function")
    if not isinstance(node.this, exp.Identifier):
        at = position(context.sql, name)
        raise AthenaError(f"FUNCTION_NOT_FOUND: {at}: Table function '{name}' not registered")
    if not node.db and name in scope.queries:
        return (name,), scope.queries[name]
    (database, name), columns = context.tables(node)
    node.set("this", exp.to_identifier(f"{database}.{name}", quoted=True))
    # in full, for no query of WITH has such a name
    node.set("db", exp.to_identifier("main"))
    node.set("catalog", exp.to_identifier("temp"))
    return (CATALOG, database, name), list(columns.items())


def _unnest(context: Context, node: exp.Unnest, scope: Scope) -> Columns:
    kinds = [kind(context, e, scope) for e in node.expressions]
    if any(k.name not in ("array", "map") for k in kinds):
        raise AthenaError(
            f"INVALID_FUNCTION_ARGUMENT: Cannot unnest type: {', '.join(map(str, kinds))}"
        )
    columns = [("", of) for of in kinds[0].of]
    if len(kinds) > 1:
        if any(k.name == "map" or k.of[0].name == "row" for k in kinds):
            raise refused("UNNEST of several maps or arrays of rows")
        columns = [("", k.of[0]) for k in kinds]
    elif kinds[0].of[0].name == "row" and kinds[0].name == "array":
        columns = list(zip(kinds[0].of[0].fields, kinds[0].of[0].of, strict=True))
    alias, offset = node.args.get("alias"), node.args.get("offset")
    if offset:
        columns.append(("", types.BIGINT))
        if alias and isinstance(offset, exp.Expr):
            # the alias's last column, which sqlglot puts here
            alias.append("columns", offset.copy())
            node.set("offset", True)
    return columns


# -- queries inside of expressions -----------------------------------------------------------------


def in_(context: Context, node: exp.In, scope: Scope) -> Type:
    if [type(e) for e in node.expressions] == [exp.Values]:
        node.set("query", exp.Subquery(this=node.expressions[0]))
        node.set("expressions", [])
    inner = node.args.get("query")
    if not inner:
        if not node.expressions:
            raise AthenaError("SYNTAX_ERROR: line 1:1: mismatched input 'in'")
        return comparable(context, node, "IN", [node.this, *node.expressions], scope)
    columns = query(context, inner, scope)
    of = kind(context, node.this, scope)
    both = common(of, columns[0][1])
    if len(columns) != 1 or both is None:
        text = f"value and result of subquery must be of the same type: {of}"
        raise mismatch(context, node, text)
    if both.name not in ORDERED or {of, columns[0][1]} - {both, UNKNOWN}:
        raise refused(f"IN over a query that gives {columns[0][1]} for {of}")
    node.meta["operands"] = both
    return BOOLEAN


def exists(context: Context, node: exp.Exists, scope: Scope) -> Type:
    query(context, node.this, scope)
    return BOOLEAN


def scalar(context: Context, node: exp.Subquery, scope: Scope) -> Type:
    columns = query(context, node, scope)
    if len(columns) != 1:
        raise refused("a query of several columns for a value")
    return columns[0][1]
