"""Athena SQL (engine v3, a Trino) to DuckDB SQL. What is not known to mean the same is refused,
in Athena's words.

Parsing keeps every function under the name it was written with, so that `functions` alone says
which exist.
Types come from sqlglot's annotation of a qualified copy; where a type is needed and not known,
the query is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.trino import Trino
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.optimizer.annotate_types import TypeAnnotator, annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.parsers.trino import TrinoParser
from sqlglot.schema import MappingSchema
from sqlglot.tokenizer_core import Token, TokenType

from .engine import AthenaError
from .functions import FUNCTIONS, Function
from .patterns import re2_pattern
from .types import duck_type

Columns = dict[str, str]
TYPE = exp.DType
SPECIAL = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "LISTAGG")
FAMILIES = {
    **dict.fromkeys(exp.DataType.NUMERIC_TYPES, "number"),
    **dict.fromkeys(exp.DataType.TEXT_TYPES, "varchar"),
    **dict.fromkeys((TYPE.DATE, TYPE.TIMESTAMP, TYPE.TIMESTAMPTZ), "time"),
    TYPE.BOOLEAN: "boolean",
    TYPE.VARBINARY: "varbinary",
    TYPE.BINARY: "varbinary",
    TYPE.ARRAY: "array",
    TYPE.MAP: "map",
    TYPE.STRUCT: "row",
    TYPE.JSON: "json",
}
OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Is: "IS",
}
MYSQL = {
    "%Y": "%Y",
    "%y": "%y",
    "%m": "%m",
    "%c": "%-m",
    "%d": "%d",
    "%e": "%-d",
    "%H": "%H",
    "%k": "%-H",
    "%h": "%I",
    "%I": "%I",
    "%i": "%M",
    "%s": "%S",
    "%S": "%S",
    "%f": "%f",
    "%T": "%H:%M:%S",
    "%p": "%p",
    "%M": "%B",
    "%b": "%b",
    "%a": "%a",
    "%W": "%A",
    "%j": "%j",
    "%%": "%%",
}
JODA = {
    "yyyy": "%Y",
    "YYYY": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "SSS": "%g",
    "SSSSSS": "%f",
    "a": "%p",
    "Z": "%z",
    "EEE": "%a",
    "DDD": "%j",
}
UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
JSON_PATH = re.compile(r"""\$(\.[\w-]+|\[\d+\]|\["[^"]*"\]|\['[^']*'\])*""")


def annotate_function(self: TypeAnnotator, node: exp.Anonymous) -> exp.Anonymous:
    """The result type of a function, for sqlglot's annotator."""
    known, args = FUNCTIONS.get(node.name.lower(), []), node.expressions
    of = next((f.type for f in known if f.least <= len(args) <= f.most), "?")
    first = args[0].type if args else None
    if node.name.lower() in ("coalesce", "nullif", "greatest", "least"):
        first = next(
            (a.type for a in args if a.type and not a.is_type(TYPE.NULL, TYPE.UNKNOWN)), None
        )
    if isinstance(args[0] if args else None, (exp.Distinct, exp.Order)):
        first = (
            next((c.type for c in args[0].find_all(exp.Column, exp.Literal)), None)
            if of == "=0"
            else None
        )
    kind: exp.DataType | None = None
    if of in ("=0", "=sum", "=avg"):
        kind = first
        if kind and of != "=0" and kind.is_type(*exp.DataType.INTEGER_TYPES):
            kind = exp.DataType.build("bigint" if of == "=sum" else "double")
    elif of == "=array" and first and not first.is_type(TYPE.UNKNOWN):
        kind = exp.DataType(this=TYPE.ARRAY, expressions=[first.copy()], nested=True)
    elif of[0] not in "?=":
        kind = exp.DataType.build(of, dialect="trino")
    self._set_type(node, _special_type(node.name.lower(), [a.type for a in args]) or kind)
    return node


def _special_type(name: str, types: list[exp.DataType | None]) -> exp.DataType | None:  # noqa: PLR0911
    """Result types that no row of the table can say."""
    if name in FIXED:
        return exp.DataType.build(FIXED[name], dialect="trino")
    known = [t for t in types if t and not t.is_type(TYPE.UNKNOWN)]
    if len(known) < len(types) or not known:
        return None
    items = [t.expressions[-1] if t.expressions else None for t in known]
    if name in ("date_trunc", "date_add"):
        return known[-1]
    if name in ("element_at", "array_max", "array_min", "flatten") and isinstance(
        items[0], exp.DataType
    ):
        return items[0]
    if name == "map" and len(items) == 2 and items[0] and items[1]:
        return exp.DataType(
            this=TYPE.MAP, expressions=[items[0].copy(), items[1].copy()], nested=True
        )
    if name == "map_agg":
        return exp.DataType(this=TYPE.MAP, expressions=[k.copy() for k in known], nested=True)
    if name in ("sequence", "map_keys", "map_values"):
        item = (
            known[0] if name == "sequence" else known[0].expressions[0 if name == "map_keys" else 1]
        )
        return exp.DataType(this=TYPE.ARRAY, expressions=[item.copy()], nested=True)
    return None


FIXED = {
    "date_parse": "timestamp",
    "parse_datetime": "timestamp with time zone",
    "date_format": "varchar",
    "format_datetime": "varchar",
    "to_iso8601": "varchar",
}


def annotate_literal(self: TypeAnnotator, node: exp.Literal) -> exp.Literal:
    """1.5 is a DECIMAL, 1e0 a DOUBLE."""
    text = node.name
    kind = (
        TYPE.VARCHAR
        if node.is_string
        else TYPE.DOUBLE
        if "e" in text.lower()
        else TYPE.DECIMAL
        if "." in text
        else (TYPE.INT if abs(int(text)) < 2**31 else TYPE.BIGINT)
    )
    self._set_type(node, kind)
    return node


class TrinoSQL(Trino):
    INDEX_OFFSET = 0
    EXPRESSION_METADATA: Any = {  # noqa: RUF012
        **Trino.EXPRESSION_METADATA,
        exp.Anonymous: {"annotator": annotate_function},
        exp.Literal: {"annotator": annotate_literal},
        exp.DPipe: {"annotator": lambda self, node: self._set_type(node, node.this.type)},
        exp.CurrentTimestamp: {"returns": TYPE.TIMESTAMPTZ},
    }

    class Parser(TrinoParser):
        FUNCTIONS: ClassVar[Any] = {}
        FUNCTION_PARSERS: ClassVar[Any] = {
            k: v for k, v in TrinoParser.FUNCTION_PARSERS.items() if k in SPECIAL
        }


class DuckSQL(DuckDB):
    INDEX_OFFSET = 0


def position(sql: str, name: str) -> str:
    """`line n:m` of a name in a statement, as Athena counts."""
    found = re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", sql, re.I)
    before = sql[: found.start()] if found else ""
    return f"line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10)) if found else 1}"


def parse(sql: str) -> exp.Expr:
    """The tree of one statement; a syntax that Trino does not have is a SYNTAX_ERROR."""
    dialect = TrinoSQL()
    try:
        check_tokens(dialect.tokenize(sql))
        trees = [t for t in dialect.parse(sql) if t is not None]
    except SqlglotError as error:
        details = (getattr(error, "errors", None) or [{}])[0]
        if not details:
            raise AthenaError(f"SYNTAX_ERROR: line 1:1: {error}") from error
        text = details.get("highlight") or ""
        raise _mismatched(
            details["line"], details["col"] - len(text) + 1, text, details["description"]
        ) from error
    if len(trees) != 1:
        raise AthenaError("SYNTAX_ERROR: Only one sql statement is allowed")
    check_syntax(trees[0])
    return trees[0]


def with_parameters(sql: str, parameters: Sequence[str]) -> str:
    """A statement with its question marks replaced by the execution parameters, which are SQL
    literals."""
    try:
        marks = [t for t in TrinoSQL().tokenize(sql) if t.token_type == T.PLACEHOLDER]
    except SqlglotError:
        return sql  # parsing will say what is wrong
    if len(marks) != len(parameters):
        raise AthenaError(
            f"SYNTAX_ERROR: line 1:1: Incorrect number of parameters: expected {len(marks)} "
            f"but found {len(parameters)}"
        )
    for mark, value in reversed(list(zip(marks, parameters, strict=True))):
        sql = sql[: mark.start] + value + sql[mark.end + 1 :]
    return sql


def check_tokens(read: list[Token]) -> None:
    """Signs that DuckDB or sqlglot would understand and Trino does not."""
    before, open_calls = Token(T.SEMICOLON, ""), list[str]()
    for token in read:
        if token.token_type == T.L_PAREN:
            open_calls.append(before.text.upper())
        elif token.token_type == T.R_PAREN and open_calls:
            open_calls.pop()
        kind, wrong = token.token_type, token.token_type in FOREIGN_TOKENS
        if kind == T.FROM and before.token_type in (T.SEMICOLON, T.L_PAREN):
            wrong = True
        if kind == T.STRING and before.token_type in (T.FROM, T.JOIN):
            wrong = not open_calls or open_calls[-1] not in SPECIAL
        if kind == T.L_BRACKET and before.token_type not in BEFORE_BRACKET:
            wrong = True
        if wrong:
            raise _mismatched(token.line, token.col - len(token.text) + 1, token.text)
        before = token


def check_syntax(tree: exp.Expr) -> None:
    """Nodes, joins and clauses that no Trino grammar has; only what is listed passes."""
    if type(tree).__name__ in (
        "Command",
        "Copy",
        "Attach",
        "Detach",
        "Pragma",
        "Set",
        "Use",
        "Describe",
        "Summarize",
    ):
        raise _mismatched(1, 1, tree.sql().split(" ")[0].lower())
    for node in tree.walk():
        if type(node).__name__ not in NODES:
            raise _mismatched(1, 1, node.sql("trino")[:40])
        for name in REFUSED.get(type(node).__name__, ()):
            if node.args.get(name):
                raise _mismatched(1, 1, name)
        if isinstance(node, exp.Join) and node.kind.upper() not in ("", "CROSS", "INNER", "OUTER"):
            raise _mismatched(1, 1, node.kind)
        if isinstance(node, exp.Join) and node.method.upper() not in ("", "NATURAL"):
            raise _mismatched(1, 1, node.method)


T = TokenType
FOREIGN_TOKENS = {
    T.DCOLON,
    T.ILIKE,
    T.DIV,
    T.L_BRACE,
    T.QUALIFY,
    T.DSTAR,
    T.GLOB,
    T.RLIKE,
    T.DARROW,
}
BEFORE_BRACKET = {T.VAR, T.IDENTIFIER, T.ARRAY, T.R_PAREN, T.R_BRACKET}
REFUSED = {
    "Select": (
        "kind",
        "hint",
        "into",
        "qualify",
        "match",
        "sample",
        "pivots",
        "locks",
        "cluster",
        "sort",
        "operation_modifiers",
    ),
    "Distinct": ("on",),
    "Star": ("except_", "replace", "rename"),
    "Table": ("sample", "pivots", "hints", "version"),
    "Group": ("all", "totals"),
    "Union": ("by_name", "side", "kind"),
    "Order": ("siblings",),
    "Subquery": ("sample", "pivots"),
    "Limit": ("expressions",),
}
NODES = {
    "Select",
    "Column",
    "Identifier",
    "Literal",
    "Table",
    "TableAlias",
    "Alias",
    "Star",
    "From",
    "Where",
    "Group",
    "GroupingSets",
    "Cube",
    "Rollup",
    "Having",
    "Order",
    "Ordered",
    "Limit",
    "Offset",
    "Fetch",
    "Distinct",
    "Join",
    "CTE",
    "With",
    "Subquery",
    "Union",
    "Intersect",
    "Except",
    "Paren",
    "Tuple",
    "And",
    "Or",
    "Not",
    "EQ",
    "NEQ",
    "GT",
    "GTE",
    "LT",
    "LTE",
    "NullSafeEQ",
    "NullSafeNEQ",
    "Is",
    "Null",
    "Boolean",
    "Between",
    "In",
    "Like",
    "Escape",
    "Exists",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Mod",
    "Neg",
    "DPipe",
    "Case",
    "If",
    "Cast",
    "TryCast",
    "DataType",
    "DataTypeParam",
    "ColumnDef",
    "Anonymous",
    "Lambda",
    "Dot",
    "Bracket",
    "Array",
    "Unnest",
    "Values",
    "Window",
    "WindowSpec",
    "Filter",
    "WithinGroup",
    "IgnoreNulls",
    "RespectNulls",
    "Interval",
    "Var",
    "Extract",
    "Substring",
    "StrPosition",
    "Trim",
    "GroupConcat",
    "CurrentDate",
    "CurrentTimestamp",
    "AtTimeZone",
    "HexString",
    "Any",
    "All",
    "Lateral",
    "Placeholder",
    "Parameter",
    "Create",
    "Insert",
    "Schema",
    "Properties",
    "Property",
    "FileFormatProperty",
    "PartitionedByProperty",
    "LocationProperty",
    "UnicodeString",
    "IntervalSpan",
}


def _mismatched(line: int, column: int, text: str, why: str = "") -> AthenaError:
    return AthenaError(
        f"SYNTAX_ERROR: line {line}:{max(column, 1)}: mismatched input '{text}'"
        + (f" ({why})" if why else "")
    )


def annotate(tree: exp.Expr, schema: Mapping[str, object], database: str, sql: str) -> None:
    """Give the nodes of a query their types, and refuse what Trino's analyser would refuse."""
    nodes = list(tree.walk())
    for number, node in enumerate(nodes):
        node.meta["node"] = number
    shape = MappingSchema(dict(schema), dialect=TrinoSQL)
    try:
        typed = qualify(
            tree.copy(),
            schema=shape,
            dialect=TrinoSQL,
            db=database,
            expand_alias_refs=False,
            quote_identifiers=False,
            validate_qualify_columns=True,
        )
        typed = annotate_types(typed, schema=shape, dialect=TrinoSQL)
    except OptimizeError as error:
        _refuse_alias_reference(tree, str(error), sql)
        return
    except Exception:  # noqa: BLE001  a statement that sqlglot cannot analyse is left to DuckDB's binder
        return
    for node in typed.walk():
        origin = node.meta.get("node")
        if origin is not None and node.type and type(node) is type(nodes[origin]):
            nodes[origin].type = node.type.copy()
    check_types(tree, sql)


def _refuse_alias_reference(tree: exp.Expr, message: str, sql: str) -> None:
    """DuckDB would let WHERE, GROUP BY or another column use an alias of the same SELECT;
    Trino has no such name."""
    found = re.search(r"Column '(?:\"?\w+\"?\.)?\"?([^'\"]+)\"?' could not be resolved", message)
    if not found:
        return
    name = found[1].lower()
    for select in tree.find_all(exp.Select):
        if name in (s.alias.lower() for s in select.selects if s.alias):
            raise column_not_found(sql, name)


def column_not_found(sql: str, name: str) -> AthenaError:
    return AthenaError(
        f"COLUMN_NOT_FOUND: {position(sql, name)}: Column '{name}' cannot be resolved or "
        "requester is not authorized to "
        "access requested resources"
    )


def family(node: exp.Expr) -> str:
    return FAMILIES.get(node.type.this, "") if node.type else ""


def check_types(tree: exp.Expr, sql: str) -> None:
    """Comparisons and concatenations of unlike types, which DuckDB would cast without asking."""
    for node in tree.walk():
        pairs: list[tuple[exp.Expr, exp.Expr, str]] = []
        if type(node) in OPERATORS:
            pairs = [(node.this, node.expression, OPERATORS[type(node)])]
        elif isinstance(node, exp.Between):
            pairs = [
                (node.this, node.args["low"], "BETWEEN"),
                (node.this, node.args["high"], "BETWEEN"),
            ]
        elif isinstance(node, exp.In):
            pairs = [(node.this, item, "=") for item in node.expressions]
        elif isinstance(node, exp.DPipe):
            pairs = [(node.this, node.expression, "||")]
            for side in (node.this, node.expression):
                if family(side) in ("number", "time", "boolean"):
                    raise _type_mismatch(
                        sql,
                        node,
                        f"Unexpected parameters ({spelled(node.this)}, "
                        f"{spelled(node.expression)}) for function concat",
                    )
        alike = _operands_of_one_type(node)
        kinds = {family(n): n for n in alike if family(n)}
        if len(kinds) > 1:
            words = ", ".join(spelled(n) for n in kinds.values())
            raise _type_mismatch(
                sql,
                alike[-1],
                f"All {node.key.upper()} operands must be the same type or coercible to a "
                f"common type: {words}",
            )
        for left, right, operator in pairs:
            if family(left) and family(right) and family(left) != family(right):
                raise _type_mismatch(
                    sql, left, f"Cannot apply operator: {spelled(left)} {operator} {spelled(right)}"
                )


def _operands_of_one_type(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Anonymous) and node.name.lower() in (
        "coalesce",
        "nullif",
        "greatest",
        "least",
    ):
        return list(node.expressions)
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        return [n for n in (node.args.get("true"), node.args.get("false")) if n]
    if isinstance(node, exp.Case):
        return [
            *(branch.args["true"] for branch in node.args["ifs"]),
            *([node.args["default"]] if node.args.get("default") else []),
        ]
    return []


def _type_mismatch(sql: str, node: exp.Expr, text: str) -> AthenaError:
    named = node.find(exp.Identifier)
    return AthenaError(
        f"TYPE_MISMATCH: {position(sql, named.name) if named else 'line 1:1'}: {text}"
    )


def spelled(node: exp.Expr) -> str:
    return node.type.sql("trino").lower() if node.type else "unknown"


class ToDuck(DuckDBGenerator):
    """Writes a checked tree as DuckDB SQL."""

    statement = ""
    # casts that cannot fail: DuckDB pushes a filter that may fail no further than it must
    planning = False

    def refuse(self, what: str) -> AthenaError:
        return AthenaError(
            f"NOT_SUPPORTED: line 1:1: the sandbox's embedded engine refuses {what}: it could "
            "not be sure to answer as Athena does"
        )

    def anonymous_sql(self, node: exp.Anonymous) -> str:  # noqa: PLR0911
        name, args = node.name.lower(), node.expressions
        special = getattr(self, f"_f_{name}", None)
        if special:
            return str(special(node, args))
        known = FUNCTIONS.get(name)
        if known is None:
            raise AthenaError(
                f"FUNCTION_NOT_FOUND: {position(self.statement, node.name)}: Function '{name}' "
                "not registered"
            )
        function = next((f for f in known if f.least <= len(args) <= f.most), None)
        if function is None or (function.window and not _over(node)):
            types = ", ".join(spelled(a) for a in args)
            raise AthenaError(
                f"FUNCTION_NOT_FOUND: {position(self.statement, node.name)}: Unexpected "
                f"parameters ({types}) for function {name}"
            )
        if function.aggregate or function.window:
            return self._aggregate(name, function, args)
        written = [self.sql(a) for a in args]
        if name.startswith("regexp_"):
            written = self._regexp(name, args, written)
        if name.startswith("json_") and len(args) == 2:
            written[1] = self._json_path(args[1])
        spread = {
            "*": ", ".join(written),
            "||": " || ".join(written),
            "any_null": " or ".join(f"{w} is null" for w in written),
        }
        if (
            name == "length"
            and isinstance(args[0], exp.Anonymous)
            and args[0].name.lower() == "to_utf8"
        ):
            return f"strlen({self.sql(args[0].expressions[0])})"
        if name == "length" and family(args[0]) == "varbinary":
            return f"octet_length({written[0]})"
        if (
            name in ("ceil", "ceiling", "floor")
            and args[0].type
            and args[0].is_type(*exp.DataType.INTEGER_TYPES)
        ):
            return written[0]
        if name == "reverse" and family(args[0]) == "array":
            return f"list_reverse({written[0]})"
        if name == "cardinality" and family(args[0]) != "map":
            return f"len({written[0]})"
        if (
            name in ("date_diff", "from_iso8601_date")
            and name == "date_diff"
            and args[0].name.lower() not in UNITS
        ):
            raise AthenaError(
                f"INVALID_FUNCTION_ARGUMENT: '{args[0].name}' is not a valid DATE field"
            )
        return (
            function.template.format(*written, **spread)
            if "{" in function.template
            else function.template
        )

    def _aggregate(self, name: str, function: Function, args: list[exp.Expr]) -> str:
        written = ", ".join(self.sql(a) for a in args)
        if name in ("avg",) and args[0].type and args[0].is_type(TYPE.DECIMAL):
            raise self.refuse("avg of a decimal (cast it to double)")
        if name == "count" and not args:
            written = "*"
        if name == "approx_distinct":
            written = f"distinct {written}"
        return f"{function.template}({written})"

    def _regexp(self, name: str, args: list[exp.Expr], written: list[str]) -> list[str]:
        if not isinstance(args[1], exp.Literal):
            raise self.refuse("a regular expression that is not a literal")
        written[1] = _quoted(re2_pattern(args[1].name))
        if name == "regexp_replace" and len(args) == 3:
            if not isinstance(args[2], exp.Literal):
                raise self.refuse("a replacement that is not a literal")
            text = args[2].name.replace("\\\\", "\0").replace("\\$", "\1")
            text = re.sub(r"\$(\d)", r"\\\1", text.replace("\\", ""))
            written[2] = _quoted(text.replace("\0", "\\\\").replace("\1", "$"))
        return written

    def _json_path(self, path: exp.Expr) -> str:
        if not isinstance(path, exp.Literal) or not JSON_PATH.fullmatch(path.name):
            raise self.refuse("this JSON path")
        return _quoted(
            re.sub(
                r"""\.([\w-]+)|\["([^"]*)"\]|\['([^']*)'\]""",
                lambda m: f'."{m[1] or m[2] or m[3]}"',
                path.name,
            )
        )

    # functions whose translation depends on types or on the text of an argument

    def _unit(self, node: exp.Expr) -> str:
        if not isinstance(node, exp.Literal) or node.name.lower() not in UNITS:
            raise AthenaError(
                f"INVALID_FUNCTION_ARGUMENT: line 1:1: '{node.name}' is not a valid field"
            )
        return node.name.lower()

    def _f_date_trunc(self, node: exp.Anonymous, args: list[exp.Expr]) -> str:
        text = f"date_trunc('{self._unit(args[0])}', {self.sql(args[1])})"
        return f"cast({text} as date)" if args[1].is_type(TYPE.DATE) else text

    def _f_date_add(self, node: exp.Anonymous, args: list[exp.Expr]) -> str:
        text = f"({self.sql(args[2])} + to_{self._unit(args[0])}s({self.sql(args[1])}))"
        return f"cast({text} as date)" if args[2].is_type(TYPE.DATE) else text

    def _f_date_parse(self, node: exp.Anonymous, args: list[exp.Expr]) -> str:
        return f"strptime({self.sql(args[0])}, {self._format(args[1], r'%.', MYSQL)})"

    def _f_date_format(self, node: exp.Anonymous, args: list[exp.Expr]) -> str:
        return f"strftime({self.sql(args[0])}, {self._format(args[1], r'%.', MYSQL)})"

    def _f_parse_datetime(self, node: exp.Anonymous, args: list[exp.Expr]) -> str:
        return (
            f"cast(strptime({self.sql(args[0])}, {self._format(args[1], JODA_TOKEN, JODA)}) as "
            "timestamptz)"
        )

    def _f_format_datetime(self, node: exp.Anonymous, args: list[exp.Expr]) -> str:
        return f"strftime({self.sql(args[0])}, {self._format(args[1], JODA_TOKEN, JODA)})"

    def _format(self, node: exp.Expr, token: str, known: dict[str, str]) -> str:
        if not isinstance(node, exp.Literal):
            raise self.refuse("a date format that is not a literal")

        def one(match: re.Match[str]) -> str:
            text = match[0]
            if text.startswith("'"):
                return text[1:-1].replace("%", "%%") or "'"
            if text not in known:
                raise self.refuse(f"the date format {text!r}")
            return known[text]

        return _quoted(re.sub(token, one, node.name))

    def _f_to_iso8601(self, node: exp.Anonymous, args: list[exp.Expr]) -> str:
        kind, text = args[0].type, self.sql(args[0])
        if not kind or family(args[0]) != "time":
            raise self.refuse("to_iso8601 of an unknown type")
        if kind.this == TYPE.DATE:
            return f"strftime({text}, '%Y-%m-%d')"
        return (
            f"strftime({text}, "
            f"'%Y-%m-%dT%H:%M:%S.%g{'Z' if kind.this == TYPE.TIMESTAMPTZ else ''}')"
        )

    def _f_element_at(self, node: exp.Anonymous, args: list[exp.Expr]) -> str:
        return f"({self.sql(args[0])})[{self.sql(args[1])}]"

    def _f_sequence(self, node: exp.Anonymous, args: list[exp.Expr]) -> str:
        start, stop, *step = (self.sql(a) for a in args)
        if args[0].is_type(TYPE.DATE):
            return (
                f"cast(generate_series({start}, {stop}, {step[0] if step else 'to_days(1)'}) "
                "as date[])"
            )
        return (
            f"generate_series({start}, {stop}, "
            f"{step[0] if step else f'case when {start} <= {stop} then 1 else -1 end'})"
        )

    def bracket_sql(self, node: exp.Bracket) -> str:
        kind, key = family(node.this), self.sql(node.expressions[0])
        if kind not in ("array", "map"):
            raise self.refuse("a subscript of an unknown type (use element_at)")
        return (
            f"{'t_subscript' if kind == 'array' else 't_map_subscript'}({self.sql(node.this)}, "
            f"{key})"
        )

    # operators and types

    def div_sql(self, node: exp.Div) -> str:
        left, right = self.sql(node.this), self.sql(node.expression)
        kinds = {side.type.this for side in (node.this, node.expression) if side.type}
        if kinds & {TYPE.DOUBLE, TYPE.FLOAT}:
            return f"t_fdiv({left}, {right})"
        if TYPE.DECIMAL in kinds:
            raise self.refuse(
                "division of decimals (cast to double: 1e0 is a double, 1.0 a decimal)"
            )
        return f"({left} / {right})"

    def _shifted(self, node: exp.Binary, operator: str) -> str:
        left, right = node.this, node.expression
        text = f"{self.sql(left)} {operator} {self.sql(right)}"
        if isinstance(right, exp.Interval) and left.is_type(TYPE.DATE):
            return f"cast({text} as date)"
        if operator == "-" and left.is_type(TYPE.DATE) and right.is_type(TYPE.DATE):
            return f"to_days({text})"
        return text

    def add_sql(self, node: exp.Add) -> str:
        return self._shifted(node, "+")

    def sub_sql(self, node: exp.Sub) -> str:
        return self._shifted(node, "-")

    def cast_sql(self, node: exp.Cast, safe_prefix: str | None = None) -> str:
        attempt = isinstance(node, exp.TryCast) or self.planning
        text, to, source = self.sql(node.this), node.to, node.this
        kind, of = to.this, family(node.this)
        target = duck_type(to)
        guard = "int" if kind in exp.DataType.INTEGER_TYPES else GUARDS.get(kind)
        if of == "varchar" and guard and not self.planning:
            text = f"t_{'try_' if attempt else ''}{guard}({text})"
        elif kind in exp.DataType.INTEGER_TYPES and source.is_type(TYPE.DOUBLE, TYPE.FLOAT):
            text = f"floor({text} + 0.5)"
        if kind in exp.DataType.TEXT_TYPES:
            text = self._as_text(source, text)
            if to.expressions:
                return f"left(cast({text} as varchar), {to.expressions[0].name})"
        elif kind == TYPE.JSON and of != "json":
            return f"to_json({text})"
        return f"{'try_' if attempt else ''}cast({text} as {target})"

    def trycast_sql(self, expression: exp.TryCast) -> str:
        return self.cast_sql(expression)

    def _as_text(self, source: exp.Expr, text: str) -> str:
        of = family(source)
        if source.is_type(TYPE.DOUBLE, TYPE.FLOAT):
            raise self.refuse("a double as text (cast it to decimal first)")
        if source.is_type(TYPE.TIMESTAMP):
            return f"t_timestamp_text({text})"
        if source.is_type(TYPE.TIMESTAMPTZ):
            return f"(t_timestamp_text({text}) || ' UTC')"
        if of == "json":
            return f"json_extract_string({text}, '$')"
        if of in ("array", "map", "row", "varbinary"):
            raise AthenaError(f"TYPE_MISMATCH: line 1:1: Cannot cast {spelled(source)} to varchar")
        return text

    def interval_sql(self, node: exp.Interval) -> str:
        unit = (node.unit.name if node.unit else "day").lower().rstrip("s")
        if unit not in UNITS or not isinstance(node.this, exp.Literal):
            raise self.refuse("this interval")
        return f"to_{unit}s({int(node.this.name)})"

    def attimezone_sql(self, node: exp.AtTimeZone) -> str:
        return f"t_at_utc({self.sql(node.this)}, {self.sql(node.args['zone'])})"

    def extract_sql(self, node: exp.Extract) -> str:
        return self.sql(exp.Anonymous(this=node.this.name.lower(), expressions=[node.expression]))

    def substring_sql(self, node: exp.Substring) -> str:
        args = [a for a in (node.this, node.args.get("start"), node.args.get("length")) if a]
        return f"t_substr({', '.join(self.sql(a) for a in args)})"

    def strposition_sql(self, node: exp.StrPosition) -> str:
        return f"strpos({self.sql(node.this)}, {self.sql(node.args['substr'])})"

    def trim_sql(self, node: exp.Trim) -> str:
        function = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(
            node.text("position").upper(), "trim"
        )
        return (
            f"{function}({self.sql(node.this)}, "
            f"{self.sql(node, 'expression') or chr(39) + ' ' + chr(39)})"
        )

    def groupconcat_sql(self, node: exp.GroupConcat) -> str:
        inner, order = node.this, ""
        if isinstance(inner, exp.Order):
            inner, order = inner.this, self.sql(exp.Order(expressions=inner.expressions))
        return f"string_agg({self.sql(inner)}, {self.sql(node, 'separator') or chr(39) * 2}{order})"

    def currenttimestamp_sql(self, node: exp.CurrentTimestamp) -> str:
        return "date_trunc('millisecond', now())"

    def unnest_sql(self, node: exp.Unnest) -> str:
        alias, offset, arrays = node.args.get("alias"), node.args.get("offset"), node.expressions
        names = [self.sql(c) for c in alias.columns] if alias else []
        first, kind = self.sql(arrays[0]), family(arrays[0])
        if len(arrays) > 1:
            picks = [f"unnest({self.sql(a)})" for a in arrays]
        elif kind == "map" or (len(names) == 2 and not kind and not offset):
            picks = [f"unnest(map_keys({first}))", f"unnest(map_values({first}))"]
        else:
            picks = [f"unnest({first})"]
        longest = (
            f"greatest({', '.join(f'len({self.sql(a)})' for a in arrays)})"
            if kind != "map"
            else f"cardinality({first})"
        )
        if offset:
            picks.append(f"unnest(range(1, {longest} + 1))")
            if isinstance(offset, exp.Expr):
                names.append(self.sql(offset))
        rows = f"select {', '.join(picks)}"
        item = (
            arrays[0].type.expressions[0]
            if kind == "array" and arrays[0].type and arrays[0].type.expressions
            else None
        )
        if len(arrays) == 1 and isinstance(item, exp.DataType) and item.this == TYPE.STRUCT:
            rows = (
                f"select unnest(e){', n' if offset else ''} from (select {', '.join(picks)}) "
                f"as s({'e, n' if offset else 'e'})"
            )
        name = self.sql(alias, "this") if alias and alias.this else "_u"
        return f"lateral ({rows}) as {name}" + (f"({', '.join(names)})" if names else "")

    TRANSFORMS: ClassVar[Any] = {
        kind: write
        for kind, write in DuckDBGenerator.TRANSFORMS.items()
        if kind
        not in (
            exp.Div,
            exp.Add,
            exp.Sub,
            exp.Cast,
            exp.TryCast,
            exp.Interval,
            exp.AtTimeZone,
            exp.Extract,
            exp.Substring,
            exp.StrPosition,
            exp.Trim,
            exp.GroupConcat,
            exp.CurrentTimestamp,
            exp.Unnest,
            exp.Bracket,
            exp.Anonymous,
        )
    }


GUARDS = {TYPE.DATE: "date", TYPE.TIMESTAMP: "time", TYPE.TIMESTAMPTZ: "time"}
JODA_TOKEN = r"'[^']*'|([A-Za-z])\1*|%"


def _over(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, (exp.IgnoreNulls, exp.RespectNulls, exp.Filter)):
        parent = parent.parent
    return isinstance(parent, exp.Window)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def to_duckdb(tree: exp.Expr, sql: str, planning: bool = False) -> str:
    """A checked tree as DuckDB SQL; `sql` is the statement it came from, for positions in messages.

    With `planning`, a text for the optimiser only: like the other, but for casts that give NULL
    where they would fail.
    """
    writer = ToDuck(dialect=DuckSQL, identify=True)
    writer.statement, writer.planning = sql, planning
    return writer.generate(tree)
