"""Athena SQL (engine v3, a Trino) as a tree. What Trino's grammar does not have is a SYNTAX_ERROR.

Parsing keeps every function under the name that the query uses. Only `duck/functions.py` says which
functions exist.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from sandbox.athena.errors import AthenaError, Malformed, refused

T = TokenType
SPECIAL = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "LISTAGG")
FOREIGN_TOKENS = {
    *(T.DCOLON, T.ILIKE, T.DIV, T.L_BRACE, T.QUALIFY, T.DSTAR, T.GLOB, T.RLIKE, T.DARROW),
    *(T.ISNULL, T.NOTNULL),
}
FOREIGN_SIGNS = {"==", "<=>", "!"}
# calls with a syntax of their own, which sqlglot does not read as Trino does
OWN_SYNTAX = {"JSON_OBJECT", "JSON_ARRAY", "JSON_EXISTS", "JSON_VALUE", "JSON_QUERY"}
SPACED_HEX = re.compile(
    r"""(?<!\w)([xX])'([0-9a-fA-F\s]*)'|'(?:[^']|'')*'|"[^"]*"|--[^\n]*|/\*.*?\*/""", re.S
)
ENDS = (T.ORDER_BY, T.OFFSET, T.LIMIT)  # of a query, in this order; no UNION comes after them
# one after the other
NEVER = {(T.SEMICOLON, T.FROM), (T.L_PAREN, T.FROM), (T.INTERVAL, T.NUMBER)}
NEVER |= {(before, T.COMMA) for before in (T.SELECT, T.DISTINCT, T.L_PAREN, T.COMMA)}
NEVER |= {(T.COMMA, after) for after in (T.FROM, T.R_PAREN, T.R_BRACKET, T.SEMICOLON)}
SETS = {T.UNION, T.EXCEPT, T.INTERSECT}
BEFORE_BRACKET = {T.VAR, T.IDENTIFIER, T.ARRAY, T.R_PAREN, T.R_BRACKET}
FOREIGN_STATEMENTS = {"Command", "Copy", "Attach", "Detach", "Pragma", "Set", "Use", "Describe"}
# What a node may have besides `this`, `expression` and `expressions`; all else is refused.
PARTS = {
    "Select": "with_ from_ joins where group having order limit offset distinct",
    "Union": "with_ distinct order limit offset",
    "Except": "with_ distinct order limit offset",
    "Intersect": "with_ distinct order limit offset",
    "Values": "with_ alias order limit offset",
    "Subquery": "with_ alias order limit offset",
    "With": "recursive",
    "CTE": "alias",
    "TableAlias": "columns",
    "Alias": "alias",
    "Table": "db catalog alias",
    "Column": "table db catalog",
    "Identifier": "quoted",
    "Literal": "is_string",
    "Unnest": "alias offset",
    "Join": "kind side on using",
    "Lateral": "alias view",
    "Group": "grouping_sets cube rollup",
    "Ordered": "desc nulls_first",
    "Cast": "to",
    "Like": "negate",
    "TryCast": "to safe",
    "DataType": "nested values kind",
    "ColumnDef": "kind",
    "Between": "low high",
    "In": "query",
    "Case": "ifs default",
    "If": "true false",
    "DPipe": "safe",
    "Div": "typed safe",
    "Array": "value_constructor",
    "Bracket": "offset safe",
    "Interval": "unit",
    "Window": "partition_by order spec over",
    "WindowSpec": "kind start start_side end end_side",
    "Substring": "start length",
    "StrPosition": "substr",
    "Trim": "position",
    "GroupConcat": "separator",
    "AtTimeZone": "zone",
}


NAME = re.compile(r"[A-Za-z_]\w*", re.A)
_RESERVED = """
ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE
    CURRENT_PATH CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE
    DELETE DESCRIBE DISTINCT DROP ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE FOR FROM FULL
    GROUP GROUPING HAVING IN INNER INSERT INTERSECT INTO IS JOIN LEFT LIKE LISTAGG LOCALTIME
    LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP
    SELECT SKIP TABLE THEN TRIM TRUE UESCAPE UNION UNNEST USING VALUES WHEN WHERE WITH
"""
RESERVED = frozenset(_RESERVED.split())
CLAUSES_NOT_CARRIED = {
    "sample": "TABLESAMPLE",
    "windows": "WINDOW",
    "match": "MATCH_RECOGNIZE",
    "direction": "FETCH FIRST",
    "method": "NATURAL",
    "joins": "JOIN inside of brackets",
    "version": "FOR VERSION AS OF",
    "on_overflow": "ON OVERFLOW",
    "all": "GROUP BY ALL",
    "is_literal": "JSON '…'",
}


def _decimal(text: exp.Expr, kind: exp.DataType) -> exp.Expr:
    """DECIMAL '1.50' has as many digits as it is written with."""
    whole, _, fraction = text.name.strip().lstrip("+-").partition(".")
    sizes = (max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction))
    kind.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(n)) for n in sizes])
    return exp.Cast(this=text, to=kind)


class TrinoSQL(Trino):
    INDEX_OFFSET = 0

    def tokenize(self, sql: str, dialect: Any = None) -> list[Token]:
        return super().tokenize(SPACED_HEX.sub(_hex_in_one, sql), dialect)

    class Parser(TrinoParser):
        FUNCTIONS: ClassVar[Any] = {}

        def _parse_types(self, *args: Any, **options: Any) -> Any:
            first = self._curr
            kind = super()._parse_types(*args, **options)
            if isinstance(kind, exp.DataType):
                kind.meta["written"] = first.text.lower()  # sqlglot knows other names, too
            return kind

        def _parse_id_var(self, *args: Any, **options: Any) -> Any:
            """No name of Trino's stands in single quotes."""
            is_text = self._curr is not None and self._curr.token_type == T.STRING
            return None if is_text else super()._parse_id_var(*args, **options)

        def _parse_cast(self, *args: Any, **options: Any) -> Any:
            cast = super()._parse_cast(*args, **options)
            cast.meta["is_call"] = True  # not a literal such as DATE '2026-01-01'
            return cast

        TYPE_LITERAL_PARSERS: ClassVar[Any] = {
            **TrinoParser.TYPE_LITERAL_PARSERS,
            exp.DType.DECIMAL: lambda _, text, kind: _decimal(text, kind),
        }

        def _parse_string_as_identifier(self) -> Any:
            return None

        FUNCTION_PARSERS: ClassVar[Any] = {
            k: v for k, v in TrinoParser.FUNCTION_PARSERS.items() if k in SPECIAL
        }


def _hex_in_one(match: re.Match[str]) -> str:
    """X'68 65' with its spaces behind it: what follows stays where it was."""
    if not match[1]:
        return match[0]
    digits = re.sub(r"\s", "", match[2])
    return f"{match[1]}'{digits}'" + re.sub(r"\S", "", match[2])


def position(sql: str, name: str) -> str:
    """`line n:m` of a name in a statement, as Athena counts."""
    match = re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", sql, re.I)
    before = sql[: match.start()] if match else ""
    return f"line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10)) if match else 1}"


def parse(sql: str) -> exp.Expr:
    """The tree of one statement, to change at will.

    A statement is parsed when it is submitted and when it runs, and a view by every query of it.
    """
    return _parsed(sql).copy()


@functools.lru_cache(maxsize=128)
def _parsed(sql: str) -> exp.Expr:
    dialect = TrinoSQL()
    try:
        tokens = dialect.tokenize(sql)
        check_tokens(sql, tokens)
        trees = [t for t in dialect.parser().parse(tokens, sql) if t is not None]
    except SqlglotError as error:
        details = (getattr(error, "errors", None) or [{}])[0]
        if not details:
            raise Malformed(f"SYNTAX_ERROR: line 1:1: {error}") from error
        text = details.get("highlight") or ""
        raise mismatched(
            details["line"], details["col"] - len(text) + 1, text, details["description"]
        ) from error
    if len(trees) != 1:
        raise Malformed("SYNTAX_ERROR: Only one sql statement is allowed")
    check_syntax(trees[0])
    joins = sum(not is_comma(join) for join in trees[0].find_all(exp.Join))
    if joins < sum(token.token_type == T.JOIN for token in tokens):
        raise Malformed("SYNTAX_ERROR: line 1:1: a JOIN without ON or USING")
    return trees[0]


def is_comma(join: exp.Join) -> bool:
    """Is it the comma between two relations of FROM?"""
    return not (join.kind or join.args.get("on") or join.args.get("using"))


def without_head(sql: str) -> str:
    """A statement without the comments before it and the semicolon after it."""
    text = re.sub(r"\A(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", "", sql, flags=re.S)
    return text.rstrip().rstrip(";").rstrip()


def with_parameters(sql: str, parameters: Sequence[str]) -> str:
    """A statement with its question marks replaced by the execution parameters.

    Each is an expression of its own, whatever stands around the question mark.
    """
    if "?" not in sql and not parameters:
        return sql
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
        sql = sql[: mark.start] + _parameter(value) + sql[mark.end + 1 :]
    return sql


def _parameter(value: str) -> str:
    """The text of a parameter, which must be one expression without columns."""
    if re.fullmatch(r"\s*(?:\d+|'(?:[^']|'')*')\s*", value):
        return value  # also where only a literal may stand, as in LIMIT
    tree = parse(f"SELECT {value}")
    alone = isinstance(tree, exp.Select) and len(tree.expressions) == 1
    if not alone or {k for k, v in tree.args.items() if v} != {"expressions"}:
        raise AthenaError(f"SYNTAX_ERROR: line 1:1: parameter is not an expression: {value}")
    only = tree.expressions[0]
    if isinstance(only, (exp.Alias, exp.Star)) or only.find(exp.Column, exp.Query):
        raise AthenaError(f"SYNTAX_ERROR: line 1:1: Constant expression expected: {value}")
    return f"({value}\n)" if "--" in value else f"({value})"


def check_tokens(sql: str, read: list[Token]) -> None:
    """Signs that DuckDB or sqlglot would understand and Trino does not."""
    open_calls = list[str]()
    ended = dict[int, list[TokenType]]()  # by depth: ORDER BY, OFFSET and LIMIT of a query
    begun = set[int]()  # depths that have had a FROM
    edge = Token(T.SEMICOLON, "")
    for earlier, before, token in zip(
        [edge, edge, *read], [edge, *read], [*read, edge], strict=False
    ):
        inside = open_calls[-1] if open_calls else ""
        if token.token_type == T.L_PAREN:
            if before.text.upper() in OWN_SYNTAX:
                raise refused(f"the function {before.text.lower()}")
            open_calls.append(before.text.upper())
        elif token.token_type == T.R_PAREN and open_calls:
            ended.pop(len(open_calls), None)
            begun.discard(len(open_calls))
            open_calls.pop()
        kind, last = token.token_type, (earlier.token_type, before.token_type)
        wrong = kind in FOREIGN_TOKENS or (last[1], kind) in NEVER
        wrong |= sql[token.start : token.end + 1] in FOREIGN_SIGNS
        if kind == T.STRING and last[1] in (T.FROM, T.JOIN) and last[0] != T.DISTINCT:
            wrong = inside not in SPECIAL
        if kind == T.FROM:
            begun.add(len(open_calls))
        if kind == T.COMMA and inside == "POSITION":
            raise AthenaError(
                f"FUNCTION_NOT_FOUND: {position(sql, 'position')}: Function 'position' not registered"
            )
        end = ended.setdefault(len(open_calls), [])
        value = (*BEFORE_BRACKET, T.STRING, T.NUMBER)
        wrong |= (
            (kind == T.FOR and inside == "SUBSTRING" and len(open_calls) not in begun)
            or (kind == T.L_BRACKET and last[1] not in BEFORE_BRACKET)
            or (kind == T.NULL and last[1] == T.NOT and last[0] in value)
            or (kind == T.COMMA and last == (T.LIMIT, T.NUMBER))
            or (kind in SETS and bool(end))
        )
        if kind in ENDS:
            wrong |= any(e not in ENDS[: ENDS.index(kind)] for e in end)
            end.append(kind)
        if kind in (T.HEX_STRING, T.BIT_STRING) and sql[token.start] not in "xX":
            raise refused(f"the number {sql[token.start : token.end + 1]}")
        if last[1] == T.NUMBER and kind == T.VAR and before.end + 1 == token.start:
            raise refused(f"the number {before.text}{token.text}")
        if wrong:
            raise mismatched(token.line, token.col - len(token.text) + 1, token.text)


def check_syntax(tree: exp.Expr) -> None:
    """Statements, joins and clauses that no Trino grammar has; only what is listed passes."""
    _check_statement(tree)
    for query in tree.find_all(exp.Query):
        for node in query.walk():
            allowed = PARTS.get(type(node).__name__, "").split()
            for name, value in node.args.items():
                if not value or name in ("this", "expression", "expressions", *allowed):
                    continue
                if name in CLAUSES_NOT_CARRIED:
                    raise refused(f"the clause {CLAUSES_NOT_CARRIED[name]}")
                raise mismatched(1, 1, name.rstrip("_"))
            if isinstance(node, exp.Join):
                _check_join(node)
            if isinstance(node, exp.Select) and not node.expressions:
                raise mismatched(1, 1, "select", "nothing is selected")
            if isinstance(node, exp.Identifier) and not (
                node.name
                if node.quoted
                else node.name.upper() not in RESERVED and NAME.fullmatch(node.name)
            ):
                raise mismatched(1, 1, node.name)
            if isinstance(node, exp.CTE) and node.args.get("materialized") is not None:
                raise mismatched(1, 1, "materialized")
            if isinstance(node, exp.Distinct) and node.args.get("on"):
                raise mismatched(1, 1, "on")
        break


def _check_statement(tree: exp.Expr) -> None:
    if type(tree).__name__ in FOREIGN_STATEMENTS:
        raise mismatched(1, 1, tree.sql().split(" ")[0].lower())
    if isinstance(tree, exp.Insert) and tree.args.get("overwrite"):
        raise mismatched(1, 8, "overwrite")
    if not isinstance(tree, exp.Create):
        return
    named = isinstance(tree.this, exp.Schema)
    if tree.kind == "VIEW" and (named or tree.args.get("exists")):
        raise mismatched(1, 1, "(" if named else "not")
    if tree.kind == "TABLE" and tree.expression and (named or tree.args.get("replace")):
        raise refused("CREATE TABLE AS with names for its columns, or in place of another")
    properties = tree.args.get("properties")
    if properties and properties.find(exp.TemporaryProperty):
        raise mismatched(1, 1, "temporary")


def _check_join(node: exp.Join) -> None:
    if node.kind.upper() not in ("", "CROSS", "INNER", "OUTER"):
        raise mismatched(1, 1, node.kind)
    for name in node.args.get("using") or ():
        if not isinstance(name, exp.Identifier):
            raise mismatched(1, 1, name.sql())
    if node.kind == "CROSS" and node.args.get("on"):
        raise mismatched(1, 1, "on")


def mismatched(line: int, column: int, text: str, why: str = "") -> Malformed:
    return Malformed(
        f"SYNTAX_ERROR: line {line}:{max(column, 1)}: mismatched input '{text}'"
        + (f" ({why})" if why else "")
    )
