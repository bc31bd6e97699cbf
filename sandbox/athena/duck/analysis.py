"""What Trino's analyser does: every name of a query is resolved and every expression gets a type.

Types are kept in the nodes (`kind_of`), the signature of a call beside it (`call_of`), for
`writer`. What has no type here is refused, so that nothing reaches DuckDB whose meaning is not
known. No name is left to DuckDB either: every relation gets a name of its own, every column says
whose it is, `*` is written out, and ORDER BY says the number of an output column.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from sandbox.athena import types
from sandbox.athena.catalog import CATALOG, OWN
from sandbox.athena.duck.functions import FUNCTIONS, TRINO, Function, Unfit, filled, fit, signatures
from sandbox.athena.errors import AthenaError, Malformed, refused
from sandbox.athena.syntax import is_comma, position
from sandbox.athena.types import BOOLEAN, INTEGERS, TIMES, UNKNOWN, VARCHAR, Type, array, common

Columns = list[tuple[str, Type]]  # a column without a name has ''
Tables = Callable[[exp.Table], tuple[tuple[str, str], Mapping[str, Type]]]

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
ORDERED = (*INTEGERS, *TIMES, "decimal", "double", "varchar", "varbinary", "boolean", "unknown")
NULL_IS_AMBIGUOUS = {
    *(
        "sum",
        "avg",
        "approx_percentile",
        "upper",
        "lower",
        "substr",
        "substring",
        "ceil",
        "ceiling",
    ),
    *("floor", "round", "concat", "date_trunc", "date_add", "json_extract_scalar"),
}
LEAST_ARGUMENTS = {"coalesce": 2, "try": 1}  # Trino's parser says so, before it looks for functions
DAY_UNITS = ("day", "week", "month", "quarter", "year")
UNITS = ("millisecond", "second", "minute", "hour", *DAY_UNITS)
_FIELDS = """
YEAR QUARTER MONTH WEEK DAY DAY_OF_MONTH DAY_OF_WEEK DOW DAY_OF_YEAR DOY YEAR_OF_WEEK YOW HOUR MINUTE
SECOND TIMEZONE_HOUR TIMEZONE_MINUTE
"""
EXTRACTED = _FIELDS.split()
TIMESTAMP_TEXT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d{1,3})?)?)?( UTC)?")


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

    def found(self, of: Sequence[str], name: str) -> Iterable[int]:
        """The columns that a name means."""
        if of and self.names[-len(of) :] != tuple(of):
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


def kind_of(node: exp.Expr) -> Type:
    """The type of an analysed expression."""
    found = node.meta.get("kind")
    return found if isinstance(found, Type) else UNKNOWN


def call_of(node: exp.Expr) -> Call:
    """The signature of an analysed call."""
    found = node.meta["call"]
    assert isinstance(found, Call)
    return found


def unit_of(node: exp.Expr, of: Type) -> str:
    """The unit of date_add and its like, which must be a literal."""
    if not isinstance(node, exp.Literal):
        raise refused("a unit of time that is not a literal")
    if node.name.lower() not in (DAY_UNITS if of.name == "date" else UNITS):
        raise AthenaError(
            f"INVALID_FUNCTION_ARGUMENT: '{node.name}' is not a valid {of.name.upper()} field"
        )
    return node.name.lower()


def column_not_found(sql: str, name: str) -> AthenaError:
    return AthenaError(
        f"COLUMN_NOT_FOUND: {position(sql, name)}: Column '{name}' cannot be resolved or "
        "requester is not authorized to access requested resources"
    )


def analyse(tree: exp.Expr, tables: Tables, sql: str, given: set[str] | None = None) -> Columns:
    """Give every name of a query its meaning and every expression its type; the query's columns.

    `given` takes the names that something gets which is no column of that name in a table.
    """
    return _Analyser(tables, sql, set() if given is None else given).operand(tree, Scope())


class _Analyser:
    def __init__(self, tables: Tables, sql: str, given: set[str]) -> None:
        self.tables, self.sql, self.given = tables, sql, given
        self.lambdas: list[dict[str, Type]] = []
        self.aggregates = 0  # how many of them what is analysed stands in
        self.numbers = itertools.count(1)

    def mismatch(self, node: exp.Expr, text: str) -> AthenaError:
        named = node.find(exp.Identifier)
        at = position(self.sql, named.name) if named else "line 1:1"
        return AthenaError(f"TYPE_MISMATCH: {at}: {text}")

    def operand(self, tree: exp.Expr, scope: Scope) -> Columns:
        """The columns of a query of which brackets may not hide a WITH."""
        inner = tree.unnest()
        if inner is not tree and inner.args.get("with_"):
            raise AthenaError("SYNTAX_ERROR: line 1:1: mismatched input 'with'")
        return self.query(tree, scope)

    # -- queries -----------------------------------------------------------------------------------

    def query(self, tree: exp.Expr, outer: Scope) -> Columns:
        """The columns of a query."""
        with_ = tree.args.get("with_")
        if with_ and with_.args.get("recursive"):
            raise refused("WITH RECURSIVE")
        queries = dict(outer.queries)
        scope = Scope(outer=outer, queries=queries)
        fresh = set[str]()
        for one in with_.expressions if with_ else ():
            if one.alias.lower() in fresh:
                raise AthenaError(
                    f"DUPLICATE_NAMED_QUERY: {position(self.sql, one.alias)}: WITH query name "
                    f"'{one.alias}' specified more than once"
                )
            fresh.add(one.alias.lower())
            columns = self._renamed(self.query(one.this, scope), one)
            one.set("alias", _alias(one.alias, _cells(columns, len(columns))))
            queries[one.alias.lower()] = columns
        if isinstance(tree, exp.Subquery):
            columns = self.query(tree.this, scope)
        elif isinstance(tree, exp.SetOperation):
            columns = self._set_operation(tree, scope)
        elif isinstance(tree, exp.Values):
            columns = self._values(tree, scope)
        elif isinstance(tree, exp.Select):
            columns = self._select(tree, scope)
        else:
            raise refused("this query")
        if not isinstance(tree, exp.Select):
            self._order(tree, Scope(queries=queries), columns)
        for bound in (tree.args.get("limit"), tree.args.get("offset")):
            if bound and not isinstance(bound.args.get("expression"), exp.Literal):
                raise refused("a limit that is not a number")
        return columns

    def _renamed(self, columns: Columns, node: exp.Expr) -> Columns:
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
        renamed = [(n, t) for n, (_, t) in zip(names, columns, strict=True)]
        self._note_renamed(columns, renamed)
        return renamed

    def _note_renamed(self, before: Columns, after: Columns) -> None:
        pairs = zip(before, after, strict=True)
        self.given |= {new.lower() for (old, _), (new, _) in pairs if new.lower() != old.lower()}

    def _set_operation(self, tree: exp.SetOperation, scope: Scope) -> Columns:
        left, right = self.operand(tree.this, scope), self.operand(tree.expression, scope)
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
        self._note_renamed(right, columns)
        return columns

    def _values(self, tree: exp.Values, scope: Scope) -> Columns:
        rows = []
        for row in tree.expressions:
            items = row.expressions if isinstance(row, exp.Tuple) else [row]
            rows.append([self.kind(item, scope) for item in items])
            if len(items) == 1 and rows[-1][0].name == "row":
                raise refused("a row among VALUES, whose fields would be the columns")
        kinds = rows[0]
        for found in rows[1:]:
            if len(found) != len(kinds):
                raise AthenaError("TYPE_MISMATCH: line 1:1: Values rows have mismatched sizes")
            wider = [common(a, b) for a, b in zip(kinds, found, strict=True)]
            kinds = [t for t in wider if t]
            if len(kinds) != len(wider):
                raise AthenaError("TYPE_MISMATCH: line 1:1: Values rows have mismatched types")
        tree.meta["row"] = kinds
        return [("", t) for t in kinds]

    def _select(self, tree: exp.Select, scope: Scope) -> Columns:
        from_ = tree.args.get("from_")
        if from_:
            self._source(from_.this, scope)
        first = 0  # of the sources that a JOIN joins: those behind the last comma
        for join in tree.args.get("joins") or ():
            first = len(scope.sources) if is_comma(join) else first
            self._source(join.this, scope)
            for column in join.args.get("using") or ():
                self._using(column.name.lower(), scope, first)
            if isinstance(join.this, exp.Unnest) and (
                join.side in ("RIGHT", "FULL")
                or (join.args.get("on") and join.args["on"] != exp.true())
            ):
                raise AthenaError(
                    f"NOT_SUPPORTED: line 1:1: {join.side or 'INNER'} JOIN involving UNNEST is only "
                    "supported with condition ON TRUE"
                )
            if join.args.get("on"):
                self._condition(
                    join.args["on"], replace(scope, sources=scope.sources[first:], of_join=True)
                )
        if tree.args.get("where"):
            self._condition(tree.args["where"].this, scope)
        columns: Columns = []
        items: list[exp.Expr] = []
        renamed = set[str]()
        for item in tree.expressions:
            if item.is_star:
                for column, name, kind in self._star(item, scope):
                    items.append(column)
                    columns.append((name, kind))
                continue
            name = _output_name(item)
            if name and not (
                isinstance(item.unalias(), exp.Column) and item.unalias().name == name
            ):
                renamed.add(name.lower())
            items.append(item)
            columns.append((name, self.kind(item, scope)))
        tree.set("expressions", items)
        self.given |= {
            name.lower()
            for item, (name, _) in zip(items, columns, strict=True)
            if not _is_column(item.unalias(), name.lower())
        }
        self._group(tree, scope, columns)
        if tree.args.get("having"):
            self._condition(tree.args["having"].this, scope)
        self._order(tree, scope, columns, renamed)
        if scope.correlated and any(tree.args.get(c) for c in ("having", "limit", "offset")):
            raise refused("HAVING or LIMIT in a query that takes something from the one around it")
        return columns

    def _using(self, name: str, scope: Scope, first: int) -> None:
        """Two relations have a column in common from here on."""
        *left, right = ([s] * len(list(s.found((), name))) for s in scope.sources[first:])
        before = [s for found in left for s in found]
        if not before or not right:
            raise column_not_found(self.sql, name)
        if len(right) > 1 or (len(before) > 1 and before != scope.merged.get(name)):
            raise self.ambiguous(name)
        scope.merged[name] = before + right

    def ambiguous(self, name: str) -> AthenaError:
        at = position(self.sql, name)
        return AthenaError(f"AMBIGUOUS_NAME: {at}: Column '{name}' is ambiguous")

    def _star(self, item: exp.Expr, scope: Scope) -> Iterable[tuple[exp.Column, str, Type]]:
        """The columns that `*` or `t.*` means."""
        of = [p.name.lower() for p in item.parts[:-1]] if isinstance(item, exp.Column) else []
        found = [s for s in scope.sources if not of or s.names[-len(of) :] == tuple(of)]
        if of and len(found) != 1:
            raise AthenaError(
                f"TABLE_NOT_FOUND: line 1:1: Unable to resolve reference {'.'.join(of)}"
            )
        if not found:
            raise AthenaError(
                "COLUMN_NOT_FOUND: line 1:1: SELECT * not allowed without FROM clause"
            )
        if scope.merged:
            raise refused("* over a join with USING")
        for source in found:
            for (name, kind), cell in zip(
                source.columns[: source.visible], source.cells, strict=False
            ):
                column = exp.column(cell, source.written, quoted=True)
                column.meta["kind"] = kind
                yield column, name, kind

    def _group(self, tree: exp.Select, scope: Scope, columns: Columns) -> None:
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
                self._ordinal(item, columns)
            else:
                self.kind(item, scope)

    def _ordinal(self, item: exp.Literal, columns: Columns) -> Type:
        if not item.name.isdigit() or not 0 < int(item.name) <= len(columns):
            raise AthenaError(
                f"INVALID_COLUMN_REFERENCE: line 1:1: position {item.name} is not in select list"
            )
        return columns[int(item.name) - 1][1]

    def _order(
        self, tree: exp.Expr, scope: Scope, columns: Columns, renamed: Iterable[str] = ()
    ) -> None:
        """ORDER BY of a query: a name means an output column before it means one of FROM."""
        order, names = tree.args.get("order"), [n.lower() for n, _ in columns]
        for one in order.expressions if order else ():
            item = one.this
            name = item.name.lower() if isinstance(item, exp.Column) and not item.table else ""
            if isinstance(item, exp.Literal) and not item.is_string:
                kind = self._ordinal(item, columns)
            elif name and name in names:
                if names.count(name) > 1:
                    raise AthenaError(f"AMBIGUOUS_NAME: line 1:1: Column '{name}' is ambiguous")
                kind = columns[names.index(name)][1]
                one.set("this", exp.Literal.number(names.index(name) + 1))
            elif isinstance(item, (exp.Literal, exp.Null)) or not isinstance(tree, exp.Select):
                raise refused(
                    "ORDER BY anything but a column of a query that has no FROM of its own"
                )
            else:
                for column in item.find_all(exp.Column):
                    if not column.table and column.name.lower() in renamed:
                        raise refused(f"the new name {column.name} inside an ORDER BY expression")
                kind = self.kind(item, scope)
                if tree.args.get("distinct"):
                    if item not in (known := [e.unalias() for e in tree.expressions]):
                        raise AthenaError(
                            "EXPRESSION_NOT_IN_DISTINCT: line 1:1: For SELECT DISTINCT, ORDER BY "
                            "expressions must appear in select list"
                        )
                    one.set("this", exp.Literal.number(known.index(item) + 1))
            _orderable(kind)

    def _source(self, node: exp.Expr, scope: Scope) -> None:
        """A relation of FROM comes into sight, under a name of its own."""
        inner = node
        while isinstance(inner, exp.Subquery) and not inner.alias:
            inner = inner.this
        if isinstance(inner, exp.Table):
            node = node.replace(inner)  # a table in brackets is that table
        columns: Columns
        names: tuple[str, ...] = (node.alias.lower(),) if node.alias else ()
        cells, hidden = list[str](), list[str]()
        if isinstance(node, exp.Table):
            home, columns = self._table(node, scope)
            names = names or home
            hidden = [n for n, _ in columns if n.startswith("$") and len(home) > 1]
        elif isinstance(node, exp.Unnest):
            columns = self._unnest(node, scope)
        elif isinstance(node, (exp.Subquery, exp.Values)) and not isinstance(node.this, exp.Table):
            columns = self.query(node, Scope(outer=scope.outer, queries=scope.queries))
        else:
            raise refused(f"{node.key.upper()} in FROM")
        visible = len(columns) - len(hidden)
        shown = self._renamed(columns[:visible], node)
        # a list of names for a table's columns leaves its hidden ones without any
        columns = shown if node.alias_column_names else shown + columns[visible:]
        cells, written = _cells(columns, visible), f"_{next(self.numbers)}"
        node.set("alias", _alias(written, cells[:visible]))
        scope.sources.append(Source(names, columns, written, cells, visible))

    def _table(self, node: exp.Table, scope: Scope) -> tuple[tuple[str, ...], Columns]:
        """The names and columns of a table, or of a query of WITH."""
        name = node.name.lower()
        if str(node.this.this).upper() == "TABLE" and not isinstance(node.this, exp.Identifier):
            raise refused("TABLE of a function")
        if not isinstance(node.this, exp.Identifier):
            at = position(self.sql, name)
            raise AthenaError(f"FUNCTION_NOT_FOUND: {at}: Table function '{name}' not registered")
        if not node.db and name in scope.queries:
            return (name,), scope.queries[name]
        (database, name), columns = self.tables(node)
        node.set("this", exp.to_identifier(f"{database}.{name}", quoted=True))
        # in full, for no query of WITH has such a name
        node.set("db", exp.to_identifier("main"))
        node.set("catalog", exp.to_identifier("temp"))
        return (CATALOG, database, name), list(columns.items())

    def _unnest(self, node: exp.Unnest, scope: Scope) -> Columns:
        kinds = [self.kind(e, scope) for e in node.expressions]
        if any(k.name not in ("array", "map") for k in kinds):
            raise AthenaError(
                f"INVALID_FUNCTION_ARGUMENT: Cannot unnest type: {', '.join(map(str, kinds))}"
            )
        columns = [("", kind) for kind in kinds[0].of]
        if len(kinds) > 1:
            if any(k.name == "map" or k.of[0].name == "row" for k in kinds):
                raise refused("UNNEST of several maps or arrays of rows")
            columns = [("", k.of[0]) for k in kinds]
        elif kinds[0].of[0].name == "row" and kinds[0].name == "array":
            columns = list(zip(kinds[0].of[0].fields, kinds[0].of[0].of, strict=True))
        alias, offset = node.args.get("alias"), node.args.get("offset")
        if offset:
            columns.append(("", types.BIGINT))
            if alias and isinstance(
                offset, exp.Expr
            ):  # the alias's last column, which sqlglot puts here
                alias.append("columns", offset.copy())
                node.set("offset", True)
        return columns

    # -- expressions -------------------------------------------------------------------------------

    def kind(self, node: exp.Expr, scope: Scope) -> Type:
        """The type of an expression, which it gets."""
        if "kind" in node.meta and isinstance(node, (exp.Column, exp.Subquery, exp.Exists)):
            return kind_of(node)  # the subject of a CASE is met several times, its names only once
        found = self._usable(self._kind(node, scope))
        node.meta["kind"] = found
        return found

    def _condition(self, node: exp.Expr, scope: Scope) -> None:
        kind = self.kind(node, scope)
        if kind.name not in ("boolean", "unknown"):
            raise self.mismatch(node, f"WHERE clause must evaluate to a boolean: actual {kind}")

    def _kind(self, node: exp.Expr, scope: Scope) -> Type:  # noqa: PLR0911, PLR0912
        if isinstance(node, exp.Column):
            return self._column(node, scope)
        if isinstance(node, exp.Identifier):
            return next((p[node.name] for p in reversed(self.lambdas) if node.name in p), UNKNOWN)
        if isinstance(node, exp.Literal):
            return _literal(node)
        if isinstance(node, (exp.Paren, exp.Alias)):
            return self.kind(node.this, scope)
        if isinstance(node, (exp.And, exp.Or, exp.Not)):
            for side in node.iter_expressions():
                self._condition(side, scope)
            return BOOLEAN
        if isinstance(node, exp.Is):
            self.kind(node.this, scope)
            if not isinstance(node.expression, exp.Null):
                raise refused("IS with anything but NULL")
            return BOOLEAN
        if isinstance(node, COMPARISONS):
            if any(isinstance(side, PREDICATES) for side in (node.this, node.expression)):
                raise AthenaError("SYNTAX_ERROR: line 1:1: a comparison of a comparison")
            return self._comparable(node, SYMBOLS[type(node)], [node.this, node.expression], scope)
        if isinstance(node, exp.Between):
            ends = [node.this, node.args["low"], node.args["high"]]
            return self._comparable(node, "BETWEEN", ends, scope)
        if isinstance(node, exp.In):
            return self._in(node, scope)
        if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)):
            return self._arithmetic(node, scope)
        if isinstance(node, (exp.If, exp.Case)):
            return self._case(node, scope)
        if isinstance(node, exp.Anonymous):
            return self._call(node, scope)
        if isinstance(node, exp.Cast):
            return self._cast(node, scope)
        simple = getattr(self, f"_{node.key}", None)
        if simple is None:
            raise refused(f"the expression {node.sql('trino')[:60]}")
        found = simple(node, scope)
        assert isinstance(found, Type)
        return found

    def _null(self, node: exp.Null, scope: Scope) -> Type:
        return UNKNOWN

    def _boolean(self, node: exp.Boolean, scope: Scope) -> Type:
        return BOOLEAN

    def _hexstring(self, node: exp.HexString, scope: Scope) -> Type:
        if len(node.name) % 2:
            raise AthenaError(
                "SYNTAX_ERROR: line 1:1: Binary literal must contain an even number of digits"
            )
        return types.VARBINARY

    def _currentdate(self, node: exp.CurrentDate, scope: Scope) -> Type:
        return types.DATE

    def _currenttimestamp(self, node: exp.CurrentTimestamp, scope: Scope) -> Type:
        return types.TIMESTAMPTZ

    def _column(self, node: exp.Column, scope: Scope) -> Type:
        """`column`, `table.column`, and either with fields of rows behind it."""
        parts = [p.name.lower() for p in node.parts]
        if any(parts[0] == name.lower() for known in self.lambdas for name in known):
            raise refused(f"{node.name}, a lambda's name in another case or with a field")
        crossed: list[Scope] = []
        at: Scope | None = scope
        while at is not None:
            for start in range(len(parts) - 1, -1, -1):
                of, name = parts[:start], parts[start]
                found = [(s, i) for s in at.sources for i in s.found(of, name)]
                joined = at.merged.get(name, [])
                merged = not of and [s for s, _ in found] == joined
                if len(found) > 1 and not merged:
                    raise self.ambiguous(name)
                if not found:
                    continue
                if of and found[0][0] in joined:
                    raise column_not_found(self.sql, f"{'.'.join(of)}.{name}")
                if crossed and at.of_join:
                    raise refused("a query in ON that takes something from the one around it")
                if crossed and self.aggregates:
                    raise refused("an aggregate over something from the query around its own")
                for inner in crossed:
                    inner.correlated = True
                source, number = found[0]
                kind = source.columns[number][1]
                if any(s.columns[i][1] != kind for s, i in found):
                    raise refused(f"USING over {name} of several types")
                for part in parts[start + 1 :]:
                    kind = self._field(kind, part)
                written = exp.column(
                    source.cells[number], None if merged else source.written, quoted=True
                )
                for key in ("this", "table", "db", "catalog"):
                    node.set(key, written.args.get(key))
                node.set("fields", [exp.to_identifier(part) for part in parts[start + 1 :]])
                return kind
            crossed.append(at)
            at = at.outer
        raise column_not_found(self.sql, node.name)

    @staticmethod
    def _usable(kind: Type) -> Type:
        if kind.holds("real") and kind.name != "real":
            raise refused("real (32-bit) numbers inside other types")
        if kind.name == "map" and kind.of[0].of:
            raise refused("a map whose keys hold other values")
        return kind

    def _field(self, kind: Type, name: str) -> Type:
        if kind.name != "row":
            raise AthenaError(
                f"TYPE_MISMATCH: {position(self.sql, name)}: Expression is not of type ROW: {kind}"
            )
        if name not in [f.lower() for f in kind.fields]:
            raise column_not_found(self.sql, name)
        return kind.of[[f.lower() for f in kind.fields].index(name)]

    def _dot(self, node: exp.Dot, scope: Scope) -> Type:
        return self._field(self.kind(node.this, scope), node.expression.name.lower())

    def _bracket(self, node: exp.Bracket, scope: Scope) -> Type:
        kind, key = self.kind(node.this, scope), self.kind(node.expressions[0], scope)
        of = kind.of[0] if kind.name == "map" else types.BIGINT
        if kind.name == "row" or (kind.name == "map" and common(of, key) not in (of, None)):
            raise refused(f"{key} as the subscript of {kind}")
        if kind.name not in ("array", "map") or common(of, key) != of:
            raise self.mismatch(node, f"Cannot use {key} for subscript of {kind}")
        return kind.of[-1]

    def _array(self, node: exp.Array, scope: Scope) -> Type:
        return array(self._one_type(node, "ARRAY", node.expressions, scope))

    def _one_type(self, node: exp.Expr, what: str, items: Iterable[exp.Expr], scope: Scope) -> Type:
        found = UNKNOWN
        for item in items:
            kind = self.kind(item, scope)
            wider = common(found, kind)
            if wider is None:
                raise self.mismatch(
                    item,
                    f"All {what} operands must be the same type or coercible to a common type. "
                    f"Cannot find common type between {found} and {kind}",
                )
            found = wider
        return found

    def _comparable(
        self, node: exp.Expr, symbol: str, items: Sequence[exp.Expr], scope: Scope
    ) -> Type:
        kinds = [self.kind(item, scope) for item in items]
        both: Type | None = UNKNOWN
        for kind in kinds:
            both = common(both, kind) if both else None
        if both is None:
            text = f" {symbol} ".join(map(str, kinds))
            raise self.mismatch(items[0], f"Cannot apply operator: {text}")
        if both.name not in ORDERED:
            raise refused(f"a comparison of {both}")
        node.meta["operands"] = both
        return BOOLEAN

    def _in(self, node: exp.In, scope: Scope) -> Type:
        if [type(e) for e in node.expressions] == [exp.Values]:
            node.set("query", exp.Subquery(this=node.expressions[0]))
            node.set("expressions", [])
        query = node.args.get("query")
        if not query:
            if not node.expressions:
                raise AthenaError("SYNTAX_ERROR: line 1:1: mismatched input 'in'")
            return self._comparable(node, "IN", [node.this, *node.expressions], scope)
        columns = self.query(query, scope)
        kind = self.kind(node.this, scope)
        both = common(kind, columns[0][1])
        if len(columns) != 1 or both is None:
            raise self.mismatch(
                node, f"value and result of subquery must be of the same type: {kind}"
            )
        if both.name not in ORDERED or {kind, columns[0][1]} - {both, UNKNOWN}:
            raise refused(f"IN over a query that gives {columns[0][1]} for {kind}")
        node.meta["operands"] = both
        return BOOLEAN

    def _exists(self, node: exp.Exists, scope: Scope) -> Type:
        self.query(node.this, scope)
        return BOOLEAN

    def _subquery(self, node: exp.Subquery, scope: Scope) -> Type:
        columns = self.query(node, scope)
        if len(columns) != 1:
            raise refused("a query of several columns for a value")
        return columns[0][1]

    def _arithmetic(self, node: exp.Binary, scope: Scope) -> Type:
        symbol = SYMBOLS[type(node)]
        if isinstance(node.expression, exp.Interval) and symbol in "+-":
            return self._shifted(node, scope)
        left, right = self.kind(node.this, scope), self.kind(node.expression, scope)
        if symbol == "-" and left.name in TIMES and right.name in TIMES:
            if left.name != right.name:
                raise refused(f"the difference of {left} and {right}")
            return types.INTERVAL
        if UNKNOWN in (left, right):
            raise refused(f"arithmetic with a NULL that has no type: {node.sql('trino')[:60]}")
        if "real" in (left.name, right.name):
            raise refused("arithmetic with real (32-bit) numbers")
        found = types.arithmetic(symbol, left, right)
        if found is None:
            raise self.mismatch(node.this, f"Cannot apply operator: {left} {symbol} {right}")
        if found.name == "decimal" and symbol in "/%":
            raise refused("division of decimals (cast to double)")
        return found

    def _shifted(self, node: exp.Binary, scope: Scope) -> Type:
        kind, unit = self.kind(node.this, scope), interval_unit(node.expression)
        if kind.name not in TIMES:
            raise self.mismatch(node.this, f"Cannot apply operator: {kind} and an interval")
        seconds = {"second": 1, "minute": 60, "hour": 3600}.get(unit, 0)
        if kind.name == "date" and seconds * int(node.expression.name) % 86400:
            raise AthenaError(
                "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date"
            )
        return types.TIMESTAMP if kind.name == "timestamp" and unit not in DAY_UNITS[2:] else kind

    def _neg(self, node: exp.Neg, scope: Scope) -> Type:
        kind = self.kind(node.this, scope)
        if kind.name == "real":
            raise refused("arithmetic with real (32-bit) numbers")
        if kind.name not in (*INTEGERS, "decimal", "double"):
            raise self.mismatch(node, f"Cannot negate {kind}")
        if isinstance(node.this, exp.Literal) and node.this.name in ("2147483648", str(2**63)):
            return types.INTEGER if node.this.name == "2147483648" else types.BIGINT
        return kind

    def _dpipe(self, node: exp.DPipe, scope: Scope) -> Type:
        left, right = self.kind(node.this, scope), self.kind(node.expression, scope)
        both = common(left, right)
        arrays = "array" in (left.name, right.name)
        if (
            UNKNOWN in (left, right)
            or (arrays and (left.name != right.name or (left != right and _vague(left, right))))
            or "varbinary" in (left.name, right.name)
        ):
            raise refused(f"the concatenation of {left} and {right}")
        if both is None or both.name not in ("varchar", "array"):
            raise AthenaError(
                f"FUNCTION_NOT_FOUND: line 1:1: Unexpected parameters ({left}, {right}) for "
                "function concat"
            )
        return both

    def _like(self, node: exp.Like, scope: Scope) -> Type:
        for side in (node.this, node.expression):
            if self.kind(side, scope) not in (VARCHAR, UNKNOWN):
                raise self.mismatch(side, "LIKE is for varchar")
        if not isinstance(node.expression, exp.Literal) and isinstance(node.parent, exp.Escape):
            raise refused("ESCAPE for a pattern that is not a literal")
        return BOOLEAN

    def _escape(self, node: exp.Escape, scope: Scope) -> Type:
        mark = node.expression.name
        if not isinstance(node.this, exp.Like) or len(mark) != 1:
            raise refused("this ESCAPE")
        found = self.kind(node.this, scope)
        if re.search(f"{re.escape(mark)}(?![%_{re.escape(mark)}])", _unescaped(node.this, mark)):
            raise AthenaError(
                "INVALID_FUNCTION_ARGUMENT: Escape character must be followed by '%', '_' or the "
                "escape character itself"
            )
        return found

    def _case(self, node: exp.If | exp.Case, scope: Scope) -> Type:
        subject = node.this if isinstance(node, exp.Case) else None
        branches = node.args.get("ifs") or [node]
        for branch in branches:
            if subject is not None:
                self._comparable(branch, "=", [subject, branch.this], scope)
                if {kind_of(subject), kind_of(branch.this)} - {branch.meta["operands"]}:
                    raise refused("CASE over values of several types")
            else:
                self._condition(branch.this, scope)
        default = node.args.get("default") or (
            node.args.get("false") if isinstance(node, exp.If) else None
        )
        items = [*(b.args["true"] for b in branches), *([default] if default else [])]
        return self._one_type(node, node.key.upper(), items, scope)

    def _cast(self, node: exp.Cast, scope: Scope) -> Type:
        source, target = self.kind(node.this, scope), types.read(node.to)
        literal = node.this.name if isinstance(node.this, exp.Literal) else None
        if target.sizes and target.name == "timestamp":
            digits = len((literal or "").partition(".")[2])
            if (
                literal is None
                or not TIMESTAMP_TEXT.fullmatch(literal)
                or digits != target.sizes[0]
            ):
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

    def _attimezone(self, node: exp.AtTimeZone, scope: Scope) -> Type:
        zone = node.args["zone"]
        if not isinstance(zone, exp.Literal) or zone.name.upper() not in ("UTC", "+00:00"):
            raise refused("a time zone that is not UTC")
        if self.kind(node.this, scope).name not in TIMES[1:]:
            raise self.mismatch(node, f"Type of value must be a time or timestamp: {node.this}")
        return types.TIMESTAMPTZ

    # -- calls -------------------------------------------------------------------------------------

    def _extract(self, node: exp.Extract, scope: Scope) -> Type:
        name = node.this.name.upper()
        if name not in EXTRACTED:
            raise AthenaError(f"SYNTAX_ERROR: line 1:1: Invalid EXTRACT field {name}")
        if (
            name in ("HOUR", "MINUTE", "SECOND")
            and self.kind(node.expression, scope).name == "date"
        ):
            raise self.mismatch(node, f"Cannot extract {name} from date")
        return self._named_call(node, node.this.name.lower(), [node.expression], scope)

    def _substring(self, node: exp.Substring, scope: Scope) -> Type:
        args = [a for a in (node.this, node.args.get("start"), node.args.get("length")) if a]
        return self._named_call(node, "substr", args, scope)

    def _strposition(self, node: exp.StrPosition, scope: Scope) -> Type:
        return self._named_call(node, "strpos", [node.this, node.args["substr"]], scope)

    def _trim(self, node: exp.Trim, scope: Scope) -> Type:
        marks = node.args.get("expression")
        if marks and self.kind(marks, scope) != VARCHAR:
            raise self.mismatch(node, "trim is for varchar")
        return self._named_call(node, "trim", [node.this], scope)

    def _groupconcat(self, node: exp.GroupConcat, scope: Scope) -> Type:
        separator = node.args.get("separator") or exp.Literal.string("")
        if not isinstance(node.this, exp.Order) or not separator.is_string:
            raise AthenaError("SYNTAX_ERROR: line 1:1: mismatched input. Expecting: 'WITHIN'")
        return self._named_call(node, "listagg", [node.this, separator], scope)

    def _window(self, node: exp.Window, scope: Scope) -> Type:
        if node.args.get("alias") or node.args.get("first"):
            raise refused("a named window")
        for item in node.args.get("partition_by") or ():
            self.kind(item, scope)
        for one in node.args["order"].expressions if node.args.get("order") else ():
            _orderable(self.kind(one.this, scope))
        spec = node.args.get("spec")
        if spec:
            unit, ends = spec.text("kind").upper(), (spec.args.get("start"), spec.args.get("end"))
            if unit not in ("ROWS", "RANGE") or spec.args.get("exclude"):
                raise refused("this window frame")
            for end in ends:
                of_rows = isinstance(end, exp.Literal) and end.name.isdigit() and unit == "ROWS"
                if isinstance(end, exp.Expr) and not of_rows:
                    raise refused("a window frame whose ends are not whole numbers of rows")
        kind = self.kind(node.this, scope)
        call = node.this.meta.get("call")
        if isinstance(call, Call) and call.function.kind == "window":
            name = node.this.name.lower()
            if spec and name not in ("first_value", "last_value"):
                raise AthenaError(
                    f"INVALID_WINDOW_FRAME: {position(self.sql, name)}: Cannot specify window frame "
                    f"for {name} function"
                )
            if name in ("lag", "lead") and not node.args.get("order"):
                raise AthenaError(
                    f"MISSING_ORDER_BY: {position(self.sql, name)}: {name} function requires an "
                    "ORDER BY window clause"
                )
        return kind

    def _filter(self, node: exp.Filter, scope: Scope) -> Type:
        self._condition(node.expression.this, scope)
        return self.kind(node.this, scope)

    def _ignorenulls(self, node: exp.IgnoreNulls, scope: Scope) -> Type:
        return self.kind(node.this, scope)

    def _call(self, node: exp.Anonymous, scope: Scope) -> Type:
        args = [a for a in node.expressions if not isinstance(a, exp.Star)]
        if node.name.lower() in ("all", "any", "some") and isinstance(args[0], exp.Values):
            raise refused(f"the expression {node.sql('trino')[:60]}")
        return self._named_call(node, node.name.lower(), args, scope)

    def _named_call(self, node: exp.Expr, name: str, args: list[exp.Expr], scope: Scope) -> Type:
        at = position(self.sql, name)
        lacking = AthenaError(
            f"NOT_SUPPORTED: {at}: the function '{name}' exists in Athena, the sandbox's embedded "
            "engine does not carry it" + (" for these arguments" if name in FUNCTIONS else "")
        )
        if f"{name}/{len(args)}" in TRINO or (name in TRINO and name not in FUNCTIONS):
            raise lacking
        if len(args) < LEAST_ARGUMENTS.get(name, 0):
            raise Malformed(f"SYNTAX_ERROR: {at}: The '{name}' function must have more arguments")
        given = self._arguments(name, args, scope)  # what is wrong in there comes first
        if name not in FUNCTIONS:
            raise AthenaError(f"FUNCTION_NOT_FOUND: {at}: Function '{name}' not registered")
        for function in signatures(name, len(args)):
            bound = self._bound(function, args, given, scope)
            if bound is None:
                continue
            if function.kind == "refused":
                raise lacking
            if function.kind == "window" and not _over(node):
                raise AthenaError(
                    f"MISSING_OVER: {at}: Window function system.builtin.{name} requires an OVER "
                    "clause"
                )
            wanted = tuple(filled(t, k, bound) for t, k in zip(function.takes, given, strict=True))
            gives = filled(function.gives, function.gives, bound)
            if gives.name.startswith("="):
                number = int(gives.name[1:])
                gives = given[number]
                wanted = (*wanted[:number], gives, *wanted[number + 1 :])
            if any(_vague(t) and k != t for t, k in zip(wanted, given, strict=True)):
                raise refused(f"{name} of a NULL that has no type")
            if name == "row":
                gives = Type("row", tuple(given), ("",) * len(given))
            node.meta["call"] = Call(function, wanted)
            return gives
        words = ", ".join(map(str, given))
        if name in ("coalesce", "nullif"):
            raise self.mismatch(node, f"the arguments of {name} have no common type: {words}")
        raise AthenaError(
            f"FUNCTION_NOT_FOUND: {at}: Unexpected parameters ({words}) for function {name}"
        )

    def _arguments(self, name: str, args: Sequence[exp.Expr], scope: Scope) -> list[Type]:
        aggregate = any(one.kind == "aggregate" for one in FUNCTIONS.get(name, ()))
        self.aggregates += aggregate
        given = [UNKNOWN if isinstance(a, exp.Lambda) else self._argument(a, scope) for a in args]
        self.aggregates -= aggregate
        if name in NULL_IS_AMBIGUOUS and UNKNOWN in given:
            raise refused(f"{name} of a NULL that has no type")
        return given

    def _bound(
        self, function: Function, args: Sequence[exp.Expr], given: Sequence[Type], scope: Scope
    ) -> dict[str, Type] | None:
        """What the variables of a signature stand for; None where it does not fit."""
        bound: dict[str, Type] = {}
        try:
            for argument, takes, kind in zip(args, function.takes, given, strict=True):
                is_lambda = isinstance(argument, exp.Lambda)
                found = self._lambda(argument, takes, bound, scope) if is_lambda else kind
                fit(takes, found, bound)
        except Unfit:
            return None
        return bound

    def _argument(self, node: exp.Expr, scope: Scope) -> Type:
        """DISTINCT and ORDER BY stand inside the argument of an aggregate."""
        if isinstance(node, exp.Order):
            for one in node.expressions:
                _orderable(self.kind(one.this, scope))
            return self._argument(node.this, scope)
        if isinstance(node, exp.Distinct):
            if len(node.expressions) != 1:
                raise refused("DISTINCT over several arguments")
            return self.kind(node.expressions[0], scope)
        return self.kind(node, scope)

    def _lambda(self, node: exp.Expr, takes: Type, bound: Mapping[str, Type], scope: Scope) -> Type:
        if takes.name != "lambda":
            raise Unfit
        if len(node.expressions) != 1:
            raise AthenaError(
                "INVALID_PARAMETER_USAGE: line 1:1: Expected a lambda that takes 1 argument(s) but "
                f"got {len(node.expressions)}"
            )
        if node.expressions[0].name.lower().startswith(OWN):
            raise refused(f"the name {node.expressions[0].name}, which is the engine's own")
        item = filled(takes.of[0], UNKNOWN, dict(bound))
        self.lambdas.append({node.expressions[0].name: item})
        found = self.kind(node.this, scope)
        self.lambdas.pop()
        if any(
            isinstance(n.meta.get("call"), Call) and call_of(n).function.kind != "scalar"
            for n in node.walk()
        ):
            raise AthenaError(
                "EXPRESSION_NOT_SCALAR: line 1:1: Lambda expression cannot contain aggregations, "
                "window functions or grouping operations"
            )
        if found == UNKNOWN:
            raise refused("a lambda that gives NULL")
        return Type("lambda", (item, found))


def _vague(*kinds: Type) -> bool:
    """Is there a NULL without a type inside of a type?"""
    return any(kind.of and kind.holds("unknown") for kind in kinds)


def _orderable(kind: Type) -> None:
    if kind.name not in ORDERED:
        raise refused(f"ORDER BY over {kind}")


def _output_name(item: exp.Expr) -> str:
    """The name of a column of a result; '' where it has none."""
    item = item.unnest()
    if isinstance(item, (exp.Alias, exp.Column)):
        return str(item.alias_or_name)
    base = item
    while isinstance(base, (exp.Dot, exp.Paren)):
        base = base.this
    return str(item.expression.name) if item is not base and isinstance(base, exp.Column) else ""


def _is_column(item: exp.Expr, name: str) -> bool:
    """Is it, analysed, the column of that name and no field of it?"""
    return isinstance(item, exp.Column) and item.name == name and not item.args.get("fields")


def _cells(columns: Columns, visible: int) -> list[str]:
    """Names that tell columns apart. "$path" has one that DuckDB writes without quotes in a plan."""
    names = [n.lower() for n, _ in columns]
    names[visible:] = [n.replace("$", OWN) for n in names[visible:]]
    cells = list(names)
    for i, name in enumerate(names[:visible]):
        if not name or names.count(name) > 1:
            cells[i] = f"{name}?{i}"
            while cells[i] in names:
                cells[i] += "?"
    return cells


def _alias(name: str, cells: Sequence[str]) -> exp.TableAlias:
    quoted = [exp.to_identifier(c, quoted=True) for c in cells]
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True), columns=quoted)


def interval_unit(node: exp.Expr) -> str:
    """The unit of an interval such as `interval '1' day`."""
    unit = node.args.get("unit")
    name = str(unit.name if isinstance(unit, exp.Var) else "").lower()
    if name not in ("second", "minute", "hour", "day", "month", "year") or not re.fullmatch(
        r"-?\d+", node.name
    ):
        raise refused("this interval")
    return name


def _literal(node: exp.Literal) -> Type:
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


def castable(source: Type, target: Type) -> bool:
    """The casts whose results are Trino's (see `cast_sql`)."""
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
    """What an array, a map or a row holds has no guard, so that it may only become wider."""
    if source.of and (source.name != target.name or len(source.of) != len(target.of)):
        return False
    if source.name == "map" and source.of[0] not in (UNKNOWN, target.of[0]):
        return False  # two keys might become one
    if source.name == "row" and not types.keeps_fields(source, target):
        return False
    if source.of:
        return all(map(_castable_inside, source.of, target.of))
    return common(source, target) == target


def _unescaped(node: exp.Expr, mark: str) -> str:
    return str(node.expression.name).replace(mark * 2, "")


def _over(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, (exp.IgnoreNulls, exp.Filter)):
        parent = parent.parent
    return isinstance(parent, exp.Window)
