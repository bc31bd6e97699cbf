"""Every difference between the SQL of Athena and that of Trino, in statements for an engine.

- CREATE TABLE AS: properties of Athena's own (table_type, is_external) go; a compression is a matter
  of the session, a delimiter has another name, and JSON means the openx SerDe. Where no location is
  given, the table goes below the query's result location; without a format it is Parquet.
- 1.5 is a double, as it was in all Trinos once; a decimal is written decimal '1.5'
- parameters of an execution are literals in the order of the question marks
- what Trino runs and Athena does not (sessions, catalogs, grants, procedures, DELETE …) is refused
- an error has Trino's name; to COLUMN_NOT_FOUND Athena adds that it may not be allowed, either

Hive's own statements and SHOW and DESCRIBE never come here: see ddl. Names need
nothing: Trino too reads "AwsDataCatalog" without regard to case. CloudTrailInputFormat: see view.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from sandbox.athena.definitions import table_options
from sandbox.athena.engine import Statement
from sandbox.athena.errors import AthenaError, Malformed
from sandbox.athena.syntax import TrinoSQL, mismatched, parse, with_parameters

CODEC = "awsdatacatalog.compression_codec"
FORMATS = {"json": "OPENX_JSON"}  # the SerDe that Athena writes JSON with
RUN = ("select", "with", "values", "table", "(", "insert", "create", "explain", "show")
ERRORS = {"COLUMN_NOT_FOUND": " or requester is not authorized to access requested resources"}
KINDS = {
    "CREATE TABLE": ("DDL", "CREATE_TABLE_AS_SELECT"),
    "CREATE VIEW": ("DDL", "CREATE_VIEW"),
    "INSERT": ("DML", "INSERT"),
    "explain": ("UTILITY", "EXPLAIN"),
    "show": ("UTILITY", "SHOW"),
}


def translated(statement: Statement) -> tuple[str, dict[str, str]]:
    """A statement as Trino reads it, and the session properties it needs."""
    sql = with_parameters(statement.sql.strip().rstrip(";"), statement.parameters)
    try:
        sql = _with_doubles(sql)
        tokens = TrinoSQL().tokenize(sql)
    except SqlglotError:
        return sql, {}  # Trino will say what is wrong
    words = [token.text.lower() for token in tokens[:4]]
    if words and words[0] not in RUN:
        raise mismatched(tokens[0].line, 1, tokens[0].text)
    if words[:1] != ["create"] or "view" in words:
        return sql, {}
    return _create_table_as(sql, tokens, f"{statement.output_location}tables/{uuid.uuid4()}/")


def _with_doubles(sql: str) -> str:
    tokens = TrinoSQL().tokenize(sql)
    for before, token in reversed(list(zip([*tokens[:1], *tokens], tokens, strict=False))):
        follows_point = before.token_type == TokenType.DOT and before.end + 1 == token.start
        if token.token_type == TokenType.NUMBER and (
            re.fullmatch(r"\d+\.\d*", token.text) or (follows_point and token.text.isdigit())
        ):
            sql = f"{sql[: token.end + 1]}e0{sql[token.end + 1 :]}"
    return sql


def _create_table_as(sql: str, tokens: Sequence[Token], home: str) -> tuple[str, dict[str, str]]:
    depth, outer = 0, dict[TokenType, Token]()  # the first of its kind that is in no bracket
    for token in tokens:
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 0:
            outer.setdefault(token.token_type, token)
    body = outer.get(TokenType.ALIAS)
    if body is None or tokens[1].token_type != TokenType.TABLE:
        raise mismatched(tokens[1].line, 1, tokens[1].text)
    head, rest = sql[: body.start], sql[body.start :]
    tree = parse(f"{head} as select 1 as x")
    options = table_options(tree)  # type: ignore[arg-type]
    wanted = {
        "external_location": f"'{options.location or home}'",
        "format": f"'{FORMATS.get(options.format, options.format.upper())}'",
    }
    if options.partitioned_by:
        wanted["partitioned_by"] = f"array{options.partitioned_by}"
    if options.format == "textfile":
        wanted["textfile_field_separator"] = f"'{options.delimiter}'"
    codec = re.search(r"\b(?:write|parquet|orc)_compression\s*=\s*'(\w+)'", head, re.I)
    start = min(
        token.start for kind, token in outer.items() if kind in (TokenType.WITH, TokenType.ALIAS)
    )
    listed = ", ".join(f"{name} = {value}" for name, value in wanted.items())
    return f"{sql[:start]}with ({listed}) {rest}", {CODEC: codec[1].upper()} if codec else {}


def failure(error: dict[str, Any]) -> AthenaError:
    """Return a Trino error in Athena's words."""
    name, kind = error["errorName"], error.get("failureInfo", {}).get("type", "")
    reason = Malformed if kind.endswith(".ParsingException") else AthenaError
    return reason(f"{name}: {error.get('message')}{ERRORS.get(name, '')}")
