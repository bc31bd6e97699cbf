"""The expressions that statements are made of, each with typed placeholders for its operands.

Collected from the statements that a run really made, so that what the project computes is what is
compared; and made of the embedded engine's own signatures, so that nothing is carried unseen.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from sqlglot import exp

from sandbox.athena.duck.analysis import analyse
from sandbox.athena.duck.expressions import ARITHMETIC, COMPARISONS
from sandbox.athena.duck.functions import FUNCTIONS, Function
from sandbox.athena.duck.scope import ORDERED, Call, kind_of
from sandbox.athena.duck.writer import to_duckdb
from sandbox.athena.errors import AthenaError
from sandbox.athena.results import named_columns
from sandbox.athena.syntax import TrinoSQL, parse
from sandbox.athena.types import UNKNOWN, Type, read
from tests.sandbox.athena.literals import null, values

Columns = Mapping[str, Type]
Known = Callable[[str, str], Columns | None]

# What is compared for its operands' types alone: no literal changes what these do.
PLAIN = (
    *(*COMPARISONS, *ARITHMETIC, exp.And, exp.Or, exp.Not, exp.Is, exp.Between, exp.In),
    *(exp.Case, exp.If, exp.Neg, exp.Array, exp.DPipe, exp.Bracket),
)
CALLS = (
    *(exp.Anonymous, exp.Cast, exp.Like, exp.Escape, exp.Extract, exp.Substring, exp.StrPosition),
    *(exp.Trim, exp.GroupConcat, exp.AtTimeZone, exp.Window, exp.Filter),
)
# They say when, or which rows of a GROUP BY: there is nothing to try.
LEFT_OUT = {"now", "current_timestamp", "current_date", "grouping"}
MOST_ITEMS = 2  # of a list: what holds for two holds for twenty


@dataclass(frozen=True)
class Shape:
    """An expression over the columns a0, a1 … of these types."""

    text: str
    kinds: tuple[Type, ...]
    style: str = "scalar"  # or aggregate, or window

    def __str__(self) -> str:
        typed = ", ".join(f"a{i} {kind}" for i, kind in enumerate(self.kinds))
        return f"{self.text}  [{typed}]" if typed else self.text


@dataclass(frozen=True)
class Run:
    """A statement that was run, and the database it was run in."""

    sql: str
    database: str


# ---- collecting ------------------------------------------------------------------------------


class Gone(LookupError):
    """A statement reads a table of which nobody knows the columns any more."""


def collect(
    runs: Iterable[Run], known: Known, skipped: list[str] | None = None
) -> dict[Shape, str]:
    """Every shape of the statements, with the statement it was first seen in.

    Statements come in the order of their runs: a table that one made is known to the next, even
    where it is gone by now. `skipped` takes the names of those that are gone all the same.
    """
    made: dict[tuple[str, str], Columns] = {}
    seen: dict[Shape, str] = {}
    for run in runs:
        tree = parse(run.sql)

        def tables(
            node: exp.Table, database: str = run.database
        ) -> tuple[tuple[str, str], Columns]:
            home = _home(node, database)
            columns = made.get(home) or known(*home)
            if columns is None:
                raise Gone(".".join(home))
            return home, columns

        query = tree.expression.unnest() if isinstance(tree, (exp.Create, exp.Insert)) else tree
        try:
            columns = analyse(query, tables, run.sql)
        except Gone as gone:
            if skipped is None:
                raise
            skipped.append(str(gone))
            continue
        if isinstance(tree, exp.Create):
            made[_home(tree.this, run.database)] = dict(named_columns(columns))
        for shape in shapes(query):
            seen.setdefault(shape, run.sql)
    return seen


def _home(node: exp.Table, database: str) -> tuple[str, str]:
    return (node.db or database).lower(), node.name.lower()


def shapes(tree: exp.Expr) -> Iterator[Shape]:
    """The shapes of an analysed query."""
    for node in tree.walk():
        if isinstance(node, exp.Select):
            yield from _keys(node)
        if "kind" not in node.meta or not isinstance(node, (*PLAIN, *CALLS)) or _is_part(node):
            continue
        if node.name.lower() in LEFT_OUT or node.args.get("query"):
            continue
        yield _shape(node, literals=isinstance(node, PLAIN))
        if isinstance(node, CALLS):
            general = _shape(node, literals=True)
            if is_carried(general):
                yield general


def _keys(tree: exp.Select) -> Iterator[Shape]:
    """How rows are ordered and which are one group, by the types of the keys."""
    order, group = tree.args.get("order"), tree.args.get("group")
    for key in order.expressions if order else ():
        kind = _key(key.this, tree)
        written = key.copy()
        written.set("this", exp.column("a0"))
        text = f"row_number() over (order by {written.sql(TrinoSQL)}, i)"
        yield Shape(text, (kind,), "window")
    keys = [_key(item, tree) for item in group.expressions] if group else []
    for kind in set(keys) - {UNKNOWN}:
        yield Shape("count(*) over (partition by a0)", (kind,), "window")


def _key(item: exp.Expr, tree: exp.Select) -> Type:
    if isinstance(item, exp.Literal) and not item.is_string:
        item = tree.expressions[int(item.name) - 1]
    return kind_of(item)


def _is_part(node: exp.Expr) -> bool:
    """Is it an aggregate that means something only with its FILTER or OVER?"""
    return isinstance(node.parent, (exp.Window, exp.Filter)) and node.arg_key == "this"


def _shape(node: exp.Expr, literals: bool) -> Shape:
    """A node with placeholders for its operands; `literals` are operands too, or stay as they are."""
    copy = _shortened(node.copy())
    kinds: list[Type] = []
    _replace(copy, literals, kinds)
    style = _style(node)
    order = copy.args.get("order") if isinstance(copy, exp.Window) else None
    if order:  # rows that are alike in their keys would come in any order
        order.append("expressions", exp.Ordered(this=exp.column("i")))
    text = copy.sql(TrinoSQL)
    if isinstance(copy, exp.AtTimeZone):  # sqlglot would write a call
        text = f"{copy.this.sql(TrinoSQL)} at time zone {copy.args['zone'].sql(TrinoSQL)}"
    is_list = isinstance(node, exp.Anonymous) and node.name.lower() == "array_agg"
    if is_list and not node.find(exp.Order) and kind_of(node).of[0].name in ORDERED:
        text = f"array_sort({text})"
    return Shape(text, tuple(kinds), style)


def _style(node: exp.Expr) -> str:
    if isinstance(node, exp.Window):
        return "window"
    call = node.meta.get("call")
    is_aggregate = isinstance(call, Call) and call.function.kind == "aggregate"
    return "aggregate" if is_aggregate or isinstance(node, exp.Filter) else "scalar"


def _shortened(node: exp.Expr) -> exp.Expr:
    """Without those of its items and branches whose types came before."""
    if isinstance(node, (exp.In, exp.Array)):
        node.set("expressions", node.expressions[:MOST_ITEMS])
    if isinstance(node, exp.Case):
        branches = {
            (kind_of(branch.this), kind_of(branch.args["true"])): branch
            for branch in reversed(node.args["ifs"])
        }
        node.set("ifs", list(branches.values())[::-1])
    return node


def _replace(node: exp.Expr, literals: bool, kinds: list[Type]) -> None:
    """Operands are what the analyser gave a type; around them stands syntax, which stays."""
    inside = isinstance(node, (exp.Window, exp.Filter, exp.Escape))
    for child in list(node.iter_expressions()):
        deep = isinstance(child, exp.Lambda) or (
            isinstance(node, exp.Anonymous) and node.name.lower() == "try"
        )
        if deep:  # what stands in it is evaluated in it
            for outer in [*child.find_all(exp.Column), *_names_from_outside(child)]:
                outer.replace(_placeholder(outer, kinds))
        elif "kind" not in child.meta or _is_row(child) or (inside and child.arg_key == "this"):
            _replace(child, literals, kinds)
        elif kind_of(child) == UNKNOWN:
            child.replace(exp.null())
        elif literals or not _is_literal(child):
            child.replace(_placeholder(child, kinds))


def _names_from_outside(node: exp.Expr) -> list[exp.Identifier]:
    """What it reads of the lambdas around it."""
    own = {name.name for inner in node.find_all(exp.Lambda) for name in inner.expressions}
    return [
        name
        for name in node.find_all(exp.Identifier)
        if "kind" in name.meta and name.name not in own
    ]


def _is_row(node: exp.Expr) -> bool:
    """Is it a row(…)? No column has its type: its fields have no names before a cast gives them."""
    return isinstance(node, exp.Anonymous) and node.name.lower() == "row"


def _placeholder(node: exp.Expr, kinds: list[Type]) -> exp.Column:
    kinds.append(kind_of(node))
    return exp.column(f"a{len(kinds) - 1}")


def _is_literal(node: exp.Expr) -> bool:
    if isinstance(node, (exp.Neg, exp.Paren, exp.Cast)):
        return _is_literal(node.this)
    if isinstance(node, exp.Array) or (isinstance(node, exp.Anonymous) and node.expressions):
        return all(map(_is_literal, node.expressions))  # chr(10) is one as well
    return isinstance(node, (exp.Literal, exp.Boolean, exp.Null, exp.HexString))


def is_carried(shape: Shape) -> bool:
    """Does the embedded engine take it, whatever the values will do?"""
    nothing = tuple(null(kind) for kind in shape.kinds)
    sql = statement(shape, [nothing])
    try:
        tree = parse(sql)
        analyse(tree, _no_tables, sql)
        to_duckdb(tree)
    except AthenaError:
        return False
    return True


# ---- what is carried ---------------------------------------------------------------------------

STANDS_FOR = {
    **{
        "T": "varchar",
        "K": "varchar",
        "V": "bigint",
        "S": "timestamp",
        "N": "decimal",
        "I": "integer",
        "D": "decimal",
    },
    **{"moment": "timestamp", "?": "varchar"},
}
# Arguments that must be literals.
UNITS = ("'second'", "'day'", "'week'", "'month'", "'year'")
PATTERNS = ("'a'", "'(?s)(.)(.*)$'", "'[0-9]+|(x+)'")
WRITTEN: dict[tuple[str, int], Sequence[str]] = {
    **{(name, 0): UNITS for name in ("date_trunc", "date_add", "date_diff")},
    ("date_format", 1): ("'%Y-%m-%d %H:%i:%s.%f'", "'%a %b %c %e %h %j %k %l %M %p %r %T %W %y'"),
    ("date_parse", 1): ("'%Y-%m-%d'", "'%d/%b/%Y:%H:%i:%s'"),
    **{(f"regexp_{name}", 1): PATTERNS for name in ("like", "extract", "replace")},
    ("regexp_extract", 2): ("1",),
    ("regexp_replace", 2): ("'[$0]'",),
    ("json_extract_scalar", 1): ("'$.a'", "'$'"),
    ("array_join", 1): ("','",),
    ("array_join", 2): ("'?'",),
    ("approx_percentile", 1): ("0.5",),
    ("from_unixtime", 1): ("'UTC'",),
    ("format_datetime", 1): (
        "'yyyy-MM-dd''T''HH:mm:ss.SSS'",
        "'G C x xx w ww e E EEEE Y YY YYYYYY y yy D DDD M MMM MMMM d dd a'",
        "'K KK h hh H k kk m s S SS SSSS SSSSSS '' ''it''''s'' {é}'",
        "'z zzzz Z ZZ ZZZ'",
        "'P'",
        "''",
    ),
}
# Their literals decide what these do, which no signature shows. By the types that each is tried with.
EXACT = ("tinyint", "integer", "bigint", "decimal(10,2)", "decimal(18,0)", "decimal(38,37)")
TIMES = ("date", "timestamp(3)", "timestamp(3) with time zone")
MORE: dict[str, Sequence[str]] = {
    "format('%d|%5d|%-5d|%05d|%,d|%+d|%(,d|% 08d|%x|%08X', a0, a0, a0, a0, a0, a0, a0, a0, a0, a0)": (
        "bigint",
        "tinyint",
    ),
    "format('%s|%.2f|%12.1f|%-12.0f|%,.3f|%+020.2f|%(f|%.20f', a0, a0, a0, a0, a0, a0, a0, a0)": (
        "double",
        "decimal(10,2)",
        "decimal(38,37)",
    ),
    "format('%s|%10s|%-10s|%b|%%|%n', a0, a0, a0, a0)": (*EXACT, *TIMES, "boolean", "varchar"),
    "format('%2$s %<s %1$5b', a0, a1)": ("varchar, bigint",),
    **{f"format('{one}', a0)": ("varchar", *EXACT, "double") for one in ("%d", "%.1f", "%.2s")},
    "format(a0, 1, 'x')": ("varchar",),
    "concat_ws(a0, a1, null, a2)": ("varchar, varchar, varchar",),
    "to_iso8601(a0)": TIMES,
    "from_unixtime(a0, a1)": ("double, varchar",),
    "format_datetime(a0, a1)": ("timestamp(3), varchar",),
    **{
        f"round(a0, {digits})": ("double", *EXACT)
        for digits in (-400, -20, -19, -2, -1, 1, 2, 5, 17, 23, 400)
    },
    "checksum(a0)": ("double", "boolean", "varchar", "varbinary", *EXACT[:-1], *TIMES),
}
# Which value they give of several is open; or they are compared in another place.
OPEN = {"arbitrary", "any_value", "max_by", "min_by", "array_agg", "listagg", "count", "row", "map"}


def carried() -> Iterator[Shape]:
    """A shape for every signature that the embedded engine carries."""
    for name, known in FUNCTIONS.items():
        for function in known:
            if name in OPEN | LEFT_OUT or function.kind == "refused":
                continue
            shapes = [
                _signature(name, function, n) for n in range(_choices(name, len(function.takes)))
            ]
            yield from (shape for shape in shapes if is_carried(shape))
    for text, all_kinds in MORE.items():
        for kinds in all_kinds:
            style = "aggregate" if text.startswith("checksum") else "scalar"
            yield Shape(text, tuple(map(_type, kinds.split(", "))), style)


def _choices(name: str, count: int) -> int:
    return max((len(WRITTEN.get((name, n), "1")) for n in range(count)), default=1)


def _signature(name: str, function: Function, choice: int) -> Shape:
    args, kinds = list[str](), list[Type]()
    for n, takes in enumerate(function.takes):
        if takes.name == "lambda":
            args.append("x -> x is not null")
        elif literals := WRITTEN.get((name, n)):
            args.append(literals[choice % len(literals)])
        else:
            args.append(f"a{len(kinds)}")
            kinds.append(_example(takes))
    text, style = f"{name}({', '.join(args)})", function.kind
    if style == "window":
        kinds = [Type("bigint")] * max(len(kinds), 1)  # few values: every frame is a statement
        text += " over (order by a0, i)" if args else " over (order by a0)"
    return Shape(text, tuple(kinds), style)


def _type(text: str) -> Type:
    return read(exp.DataType.build(text, dialect="trino"))


def _example(kind: Type) -> Type:
    """A type of a signature with something for its variables."""
    name = STANDS_FOR.get(kind.name, kind.name)
    return Type(name, tuple(map(_example, kind.of)), sizes=(10, 2) if name == "decimal" else ())


# ---- trying ----------------------------------------------------------------------------------

Row = tuple[str, ...]  # a literal for each placeholder


def rows(shape: Shape, most: int = 160) -> list[Row]:
    """Values for its placeholders: the first of each with one another, then every one in turn."""
    pools = [values(kind) for kind in shape.kinds]
    if shape.style != "scalar":
        return _in_turn(pools)
    count = max((len(pool) for pool in pools), default=1)
    while prod(min(len(pool), count) for pool in pools) > most:
        count -= 1
    tuples = list(itertools.product(*(pool[: max(count, 2)] for pool in pools)))
    if len(tuples) > 2 * most:  # many operands
        tuples = random.Random(shape.text).sample(tuples, most)
    return list(dict.fromkeys([*tuples, *_in_turn(pools)]))


def _in_turn(pools: Sequence[Sequence[str]]) -> list[Row]:
    longest = max((len(pool) for pool in pools), default=1)
    return [tuple(pool[n % len(pool)] for pool in pools) for n in range(longest)]


def groups(shape: Shape) -> list[list[Row]]:
    """Rows for an aggregate: each alone, some together, all that stay small, and none but NULL."""
    one_by_one = rows(shape)
    groups = [[row] for row in one_by_one[:40]]
    groups += [one_by_one[n : n + 3] for n in range(0, min(len(one_by_one), 24), 2)]
    groups += [one_by_one[:1] * 2, one_by_one[1:2] * 2, one_by_one[:7]]
    return [group for group in groups if group]


def statement(shape: Shape, picked: Sequence[Row], wrap: str = "i, {0}") -> str:
    """A query that evaluates a shape over rows; the first column is a row's number."""
    names = ["i", *(f"a{n}" for n in range(len(shape.kinds)))]
    typed = (-1, *map(null, shape.kinds))  # a row that is left out again tells the types
    cells = ", ".join(f"({', '.join(map(str, row))})" for row in [typed, *_numbered(picked)])
    source = f"select * from (values {cells}) as t({', '.join(names)}) where i >= 0"
    return f"select {wrap.format(shape.text)} from ({source}) as s"


def in_duckdb(shape: Shape) -> tuple[str, str, Type]:
    """The embedded engine's own SQL: to make a table of a shape's rows, and the shape over it; and
    the shape's type."""
    names = ["i", *(f"a{n}" for n in range(len(shape.kinds)))]
    made = parse(statement(shape, rows(shape), ", ".join(names)))
    kinds = dict(zip(names, (k for _, k in analyse(made, _no_tables, "")), strict=True))
    query = parse(f"select i, {shape.text} from rows_of_shape")
    columns = analyse(query, lambda node: (("x", "rows_of_shape"), kinds), "")
    named = ", ".join(names)
    table = f'create or replace temp table "x.rows_of_shape" as select * from ({to_duckdb(made)}) as t({named})'
    return table, to_duckdb(query), columns[1][1]


def _no_tables(node: exp.Table) -> tuple[tuple[str, str], Columns]:
    raise Gone(node.name)


def of_groups(shape: Shape, picked: Sequence[Sequence[Row]], none: bool = False) -> str:
    """A query that evaluates an aggregate over groups of rows; the first column is a group's number."""
    names = ["g", "i", *(f"a{n}" for n in range(len(shape.kinds)))]
    numbered = [(g, *row) for g, rows_ in enumerate(picked) for row in _numbered(rows_)]
    cells = ", ".join(f"({', '.join(map(str, row))})" for row in numbered)
    typed = f"(-1, -1{''.join(f', {null(kind)}' for kind in shape.kinds)})"
    source = f"(values {', '.join(filter(None, [typed, cells]))}) as t({', '.join(names)})"
    if none:
        return f"select 0, {shape.text} from {source} where g < -1"
    return f"select g, {shape.text} from {source} where g >= 0 group by g"


def _numbered(picked: Sequence[Row]) -> list[tuple[object, ...]]:
    return [(n, *row) for n, row in enumerate(picked)]
