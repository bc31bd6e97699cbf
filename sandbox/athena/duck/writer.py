"""An analysed query as DuckDB SQL."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator

from sandbox.athena import types
from sandbox.athena.duck.expressions import ARITHMETIC, COMPARISONS
from sandbox.athena.duck.scope import call_of, kind_of
from sandbox.athena.duck.special import SPECIAL
from sandbox.athena.duck.units import interval_unit, unit_of
from sandbox.athena.errors import refused
from sandbox.athena.serde import quoted
from sandbox.athena.types import INTEGERS, TIMES, UNKNOWN, VARCHAR, Type, common

GUARDS = {**dict.fromkeys(INTEGERS, "int"), "date": "date", "timestamp": "time"}
GUARDS |= {"double": "double", "decimal": "decimal", "boolean": "boolean"}
OURS = (
    *(exp.Cast, exp.TryCast, exp.Interval, exp.AtTimeZone, exp.Extract, exp.Substring),
    *(exp.StrPosition, exp.Trim, exp.GroupConcat, exp.CurrentTimestamp, exp.Unnest, exp.Bracket),
    *(exp.Anonymous, exp.Window, exp.Filter, exp.IgnoreNulls, exp.If, exp.Case, exp.Array),
    *(exp.In, exp.Between, exp.Values, exp.DPipe, exp.Escape, exp.Like, exp.Literal, exp.Neg),
    *COMPARISONS,
    *ARITHMETIC,
)


class DuckSQL(DuckDB):
    INDEX_OFFSET = 0


class ToDuck(DuckDBGenerator):
    """Writes an analysed tree as DuckDB SQL."""

    # casts that cannot fail: DuckDB pushes a filter that may fail no further than it must
    planning = False
    over = ""  # FILTER and OVER of the aggregate that is written next
    TRANSFORMS: ClassVar[Any] = {
        kind: write for kind, write in DuckDBGenerator.TRANSFORMS.items() if kind not in OURS
    }

    def as_kind(self, node: exp.Expr, kind: Type) -> str:
        """An expression brought to a type, as Trino does it implicitly."""
        text, given = self.sql(node), kind_of(node)
        if given.duck == kind.duck or kind in (UNKNOWN, given):
            return text
        if not types.keeps_fields(given, kind):
            raise refused(f"a {given} where a {kind} is wanted")
        return f"cast({text} as {kind.duck})" if kind.duck != "unknown" else text

    # -- operators ---------------------------------------------------------------------------------

    def binary(self, node: exp.Binary, op: str) -> str:
        operands = node.meta.get("operands")
        if not isinstance(operands, Type):
            return str(super().binary(node, op))
        return f"{self.as_kind(node.this, operands)} {op} {self.as_kind(node.expression, operands)}"

    def eq_sql(self, node: exp.EQ) -> str:
        return self.binary(node, "=")

    def neq_sql(self, node: exp.NEQ) -> str:
        return self.binary(node, "<>")

    def nullsafeeq_sql(self, node: exp.NullSafeEQ) -> str:
        return self.binary(node, "is not distinct from")

    def nullsafeneq_sql(self, node: exp.NullSafeNEQ) -> str:
        return self.binary(node, "is distinct from")

    def between_sql(self, node: exp.Between) -> str:
        kind = node.meta["operands"]
        low, high = (self.as_kind(node.args[end], kind) for end in ("low", "high"))
        return f"{self.as_kind(node.this, kind)} between {low} and {high}"

    def in_sql(self, node: exp.In) -> str:
        query, kind = node.args.get("query"), node.meta["operands"]
        items = self.sql(query) if query else ""
        if not query:
            items = f"({', '.join(self.as_kind(item, kind) for item in node.expressions)})"
        return f"{self.as_kind(node.this, kind)} in {items}"

    def _arithmetic(self, node: exp.Binary, symbol: str) -> str:
        kind, left = kind_of(node), kind_of(node.this)
        if isinstance(node.expression, exp.Interval):
            text = f"{self.sql(node.this)} {symbol} {self.sql(node.expression)}"
            return f"cast({text} as {kind.duck})"
        if kind.name.startswith("interval"):
            text = f"{self.sql(node.this)} - {self.sql(node.expression)}"
            return f"to_days(cast({text} as integer))" if left.name == "date" else f"({text})"
        if kind.name == "decimal":  # DuckDB's decimals grow as Trino's, but for the last digit
            text = f"{self.as_exact(node.this)} {symbol} {self.as_exact(node.expression)}"
            return f"cast({text} as {kind.duck})"
        text = f"{self.as_kind(node.this, kind)} {symbol} {self.as_kind(node.expression, kind)}"
        if kind.name == "double" and symbol in "/%":
            function = "t_divided" if symbol == "/" else "t_remainder"
            sides = (self.as_kind(side, kind) for side in (node.this, node.expression))
            return f"{function}({', '.join(sides)})"
        return f"t_finite({text})" if kind.name == "double" else text

    def as_exact(self, node: exp.Expr) -> str:
        kind = kind_of(node)
        exact = common(kind, types.decimal(1, 0)) if kind.name in INTEGERS else kind
        return self.as_kind(node, exact or kind)

    def add_sql(self, node: exp.Add) -> str:
        return self._arithmetic(node, "+")

    def sub_sql(self, node: exp.Sub) -> str:
        return self._arithmetic(node, "-")

    def mul_sql(self, node: exp.Mul) -> str:
        return self._arithmetic(node, "*")

    def mod_sql(self, node: exp.Mod) -> str:
        return self._arithmetic(node, "%")

    def div_sql(self, node: exp.Div) -> str:
        return f"({self._arithmetic(node, '/')})"

    def neg_sql(self, node: exp.Neg) -> str:
        if isinstance(node.this, exp.Literal):  # -9223372036854775808 is no negated bigint
            return f"cast(-{node.this.name} as {kind_of(node).duck})"
        zero = f"cast(0 as {kind_of(node).duck}) - " if kind_of(node).name in INTEGERS else "-"
        return f"({zero}({self.sql(node.this)}))"

    def dpipe_sql(self, node: exp.DPipe) -> str:
        kind = kind_of(node)
        return f"{self.as_kind(node.this, kind)} || {self.as_kind(node.expression, kind)}"

    def literal_sql(self, node: exp.Literal) -> str:
        kind = kind_of(node)
        if kind.name in ("decimal", "double", "bigint"):
            return f"cast({node.name} as {kind.duck})"
        return str(super().literal_sql(node))

    def like_sql(self, node: exp.Like) -> str:
        mark = "not like" if node.args.get("negate") else "like"
        return f"{self.sql(node.this)} {mark} {self.sql(node.expression)}"

    def escape_sql(self, node: exp.Escape) -> str:
        return f"{self.sql(node.this)} escape {quoted(node.expression.name)}"

    def if_sql(self, node: exp.If) -> str:
        return self.case_sql(exp.Case(ifs=[node.copy()], default=node.args.get("false")), node)

    def case_sql(self, node: exp.Case, of: exp.Expr | None = None) -> str:
        kind = kind_of(of or node)
        parts = ["case", self.sql(node.this)] if node.this else ["case"]
        for branch in node.args["ifs"]:
            parts += ["when", self.sql(branch.this)]
            parts += ["then", self.as_kind(branch.args["true"], kind)]
        if node.args.get("default"):
            parts += ["else", self.as_kind(node.args["default"], kind)]
        return f"{' '.join(parts)} end"

    def array_sql(self, node: exp.Array) -> str:
        item = kind_of(node).of[0]
        return f"[{', '.join(self.as_kind(e, item) for e in node.expressions)}]"

    def bracket_sql(self, node: exp.Bracket) -> str:
        kind, key = kind_of(node.this), node.expressions[0]
        if kind.name == "map":
            return f"t_map_subscript({self.sql(node.this)}, {self.as_kind(key, kind.of[0])})"
        return f"t_subscript({self.sql(node.this)}, {self.as_kind(key, types.BIGINT)})"

    # -- casts -------------------------------------------------------------------------------------

    def cast_sql(self, node: exp.Cast, safe_prefix: str | None = None) -> str:
        source, target = kind_of(node.this), types.read(node.to)
        safe = "try_" if isinstance(node, exp.TryCast) or self.planning else ""
        text = self.sql(node.this)
        if source == VARCHAR and target.name in GUARDS and not self.planning:
            is_literal = not (safe or node.meta.get("is_call"))
            safe = "try_" if is_literal else safe
            guarded = f"t_guard_{GUARDS[target.name]}({text}, '{safe}', '{target}')"
            if is_literal:
                why = f"INVALID_LITERAL: line 1:1: {text} is not a valid {target.name.upper()} literal"
                failing = f"cast(t_fail({quoted(why)}) as {target.duck})"
                return f"coalesce(try_cast({guarded} as {target.duck}), {failing})"
            text = guarded
        elif target.name in INTEGERS and source.name == "double":
            text = f"round({text})"
        elif target == VARCHAR:
            text = _as_text(source, text)
            if node.to.expressions:
                return f"left({text}, {node.to.expressions[0].name})"
        return f"{safe}cast({text} as {target.duck})"

    def trycast_sql(self, expression: exp.TryCast) -> str:
        return self.cast_sql(expression)

    def interval_sql(self, node: exp.Interval) -> str:
        return f"to_{interval_unit(node)}s({int(node.this.name)})"

    def attimezone_sql(self, node: exp.AtTimeZone) -> str:
        return f"cast({self.sql(node.this)} as timestamptz)"

    def currenttimestamp_sql(self, node: exp.CurrentTimestamp) -> str:
        return "t_now()"

    # -- calls -------------------------------------------------------------------------------------

    def anonymous_sql(self, node: exp.Anonymous) -> str:
        name, args = node.name.lower(), node.expressions
        special = SPECIAL.get(name)
        return special(self, args) if special else self.call(node, args)

    def call(self, node: exp.Expr, args: list[exp.Expr]) -> str:
        call, over = call_of(node), self.over
        self.over = ""
        template = call.function.template.lstrip("!")
        if over and "{over}" not in template:
            raise refused(f"FILTER or OVER here: {node.sql('trino')[:60]}")
        pairs = zip(args, call.takes, strict=False)
        written = [self.argument(a, k) for a, k in pairs if not isinstance(a, exp.Star)]
        unit = ""
        if node.name.lower() in ("date_trunc", "date_add", "date_diff"):
            unit = unit_of(args[0], call.takes[-1])
            written[0] = quoted(unit)
            if unit == "millisecond" and call.takes[-1].sizes:
                raise refused("milliseconds of a timestamp that has none")
            if node.name.lower() == "date_diff" and unit in ("month", "quarter", "year"):
                raise refused("date_diff in months or years")
        return template.format(
            *written,
            **{"*": ", ".join(written), "||": " || ".join(written), "over": over, "unit": unit},
            any_null=" or ".join(f"{w} is null" for w in written),
            gives=kind_of(node).duck if "{gives}" in template else "",
        )

    def argument(self, node: exp.Expr, kind: Type) -> str:
        if isinstance(node, exp.Distinct):
            return f"distinct {self.as_kind(node.expressions[0], kind)}"
        if isinstance(node, exp.Order):
            return f"{self.argument(node.this, kind)}{self.sql(exp.Order(expressions=node.expressions))}"
        return self.sql(node) if isinstance(node, exp.Lambda) else self.as_kind(node, kind)

    def filter_sql(self, node: exp.Filter) -> str:
        self.over = f" filter ({self.sql(node.expression).strip()})" + self.over
        return self.sql(node.this)

    def ignorenulls_sql(self, node: exp.IgnoreNulls) -> str:
        raise refused("IGNORE NULLS")

    def window_sql(self, node: exp.Window) -> str:
        if isinstance(node.this, exp.Filter):
            raise refused("FILTER before OVER")
        inner, node = node.this, node.copy()
        node.set("this", exp.var("_"))
        self.over, before = "", self.over
        self.over = before + str(super().window_sql(node)).removeprefix("_")
        return self.sql(inner)

    def extract_sql(self, node: exp.Extract) -> str:
        return self.call(node, [node.expression])

    def substring_sql(self, node: exp.Substring) -> str:
        args = [node.this, node.args.get("start"), node.args.get("length")]
        return self.call(node, [a for a in args if a])

    def strposition_sql(self, node: exp.StrPosition) -> str:
        return self.call(node, [node.this, node.args["substr"]])

    def groupconcat_sql(self, node: exp.GroupConcat) -> str:
        inner, order = node.this, ""
        if isinstance(inner, exp.Order):
            inner, order = inner.this, self.sql(exp.Order(expressions=inner.expressions))
        separator = self.sql(node, "separator") or "''"
        over, self.over = self.over, ""
        return f"string_agg({self.sql(inner)}, {separator}{order}){over}"

    def trim_sql(self, node: exp.Trim) -> str:
        kinds = {"LEADING": "ltrim", "TRAILING": "rtrim"}
        function = kinds.get(node.text("position").upper(), "trim")
        return f"{function}({self.sql(node.this)}, {self.sql(node, 'expression') or 't_blanks()'})"

    # -- relations ---------------------------------------------------------------------------------

    def column_sql(self, node: exp.Column) -> str:
        text = str(super().column_sql(node))
        for part in node.args.get("fields") or ():
            text = f"struct_extract({text}, {quoted(part.name)})"
        return text

    def alias_sql(self, node: exp.Alias) -> str:
        return self.sql(node.this)  # names are the analyser's: a name here could hide a column

    def values_sql(self, node: exp.Values, values_as_table: bool = True) -> str:
        kinds, rows = node.meta["row"], []
        for row in node.expressions:
            items = row.expressions if isinstance(row, exp.Tuple) else [row]
            cells = (self.as_kind(e, k) for e, k in zip(items, kinds, strict=True))
            rows.append(f"({', '.join(cells)})")
        text, alias = f"values {', '.join(rows)}", node.args.get("alias")
        if not alias:
            return text
        return f"({text}) as {self.sql(alias)}"

    def unnest_sql(self, node: exp.Unnest) -> str:
        offset, arrays = node.args.get("offset"), node.expressions
        first, kind = self.sql(arrays[0]), kind_of(arrays[0])
        if kind.name == "map":
            picks = [f"unnest(map_keys({first}))", f"unnest(map_values({first}))"]
            longest = f"cast(cardinality({first}) as bigint)"
        else:
            picks = [f"unnest({self.sql(a)})" for a in arrays]
            longest = f"greatest({', '.join(f'len({self.sql(a)})' for a in arrays)})"
        if offset:
            picks.append(f"unnest(range(1, {longest} + 1))")
        rows = f"select {', '.join(picks)}"
        if kind.of[0].name == "row" and kind.name == "array":
            rows = (
                f"select unnest(e){', n' if offset else ''} from (select {', '.join(picks)}) "
                f"as s({'e, n' if offset else 'e'})"
            )
        return f"lateral ({rows}) as {self.sql(node, 'alias')}"


def _as_text(source: Type, text: str) -> str:
    """Numbers, dates and times as Trino writes them."""
    if source.name == "timestamp":
        return f"t_timestamp_text({text})"
    if source.name == "decimal" and source.sizes[0] == source.sizes[1]:  # 0.5, not .5
        text = f"cast({text} as decimal({min(source.sizes[0] + 1, 38)}, {source.sizes[1]}))"
    if source.name == TIMES[2]:
        return f"(t_timestamp_text({text}) || ' UTC')"
    return f"cast({text} as varchar)" if source != VARCHAR else text


def to_duckdb(tree: exp.Expr, planning: bool = False) -> str:
    """An analysed query as DuckDB SQL. With `planning`, a text for the optimiser only: like the
    other, but for casts that give NULL where they would fail."""
    writer = ToDuck(dialect=DuckSQL, identify=True)
    writer.planning = planning
    # a copy takes longer than the writing
    return str(writer.generate(tree, copy=False))
