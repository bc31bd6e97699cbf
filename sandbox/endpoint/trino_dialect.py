"""Every difference between the SQL of Athena and that of Trino, in statements that reach an engine.

- CREATE TABLE AS has Athena's properties: `PROPERTIES` says what becomes of each. Where no location
  is given, the table goes below the query's result location; without a format it is Parquet.
- parameters of an execution are literals in the order of the question marks
- what Trino runs and Athena does not (sessions, catalogs, grants, procedures, DELETE …) is refused
- an error has Trino's name; Athena adds to COLUMN_NOT_FOUND that it may not be allowed, either

Hive's own statements and SHOW, DESCRIBE, MSCK, UNLOAD, PREPARE never come here: see ddl. Names need
nothing: Trino too reads "AwsDataCatalog" without regard to case. CloudTrailInputFormat: trino_view.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from .dialect import TrinoSQL, with_parameters
from .engine import AthenaError, Statement

CODEC = "awsdatacatalog.compression_codec"  # of the session: Trino has no such table property
SAME, DROPPED = "", "-"
PROPERTIES = {
    "external_location": SAME,
    "partitioned_by": SAME,
    "bucketed_by": SAME,
    "bucket_count": SAME,
    "format": SAME,
    "field_delimiter": "textfile_field_separator",
    "write_compression": CODEC,
    "parquet_compression": CODEC,
    "orc_compression": CODEC,
    "compression_level": DROPPED,
    "is_external": DROPPED,
    "table_type": DROPPED,  # anything but 'HIVE' is refused
}
FORMATS = {"json": "OPENX_JSON"}  # the SerDe that Athena writes JSON with
OPEN = (TokenType.L_PAREN, TokenType.L_BRACKET)
CLOSE = (TokenType.R_PAREN, TokenType.R_BRACKET)
RUN = ("select", "with", "values", "table", "(", "insert", "create", "explain", "show", "execute")
ERRORS = {"COLUMN_NOT_FOUND": " or requester is not authorized to access requested resources"}
OF_KIND = {
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
        tokens = TrinoSQL().tokenize(sql)
    except SqlglotError:
        return sql, {}  # Trino will say what is wrong
    words = [token.text.lower() for token in tokens[:4]]
    if not words or words[0] not in RUN:
        raise AthenaError(f"SYNTAX_ERROR: line 1:1: mismatched input '{tokens[0].text}'")
    if words[0] != "create" or "view" in words:
        return sql, {}
    return _create_table_as(sql, tokens, statement.output_location)


def _create_table_as(sql: str, tokens: Sequence[Token], results: str) -> tuple[str, dict[str, str]]:
    depth, start, end = 0, -1, -1
    for number, token in enumerate(tokens):
        depth += (token.token_type in OPEN) - (token.token_type in CLOSE)
        if depth == 0 and token.token_type == TokenType.ALIAS:
            break
        if depth == 0 and token.token_type == TokenType.WITH and start < 0:
            start = number
        elif depth == 0 and start >= 0:
            end = number
    else:
        raise AthenaError(f"SYNTAX_ERROR: line 1:1: mismatched input '{sql[:40]}'")
    given = _properties(sql, tokens[start + 2 : end]) if start >= 0 else {}
    head = sql[: tokens[start].start] if start >= 0 else sql[: token.start]
    kept, session = _kept(given)
    kept.setdefault("external_location", f"'{results}tables/{uuid.uuid4()}/'")
    kept.setdefault("format", "'PARQUET'")
    listed = ", ".join(f"{name} = {value}" for name, value in kept.items())
    return f"{head}WITH ({listed}) {sql[token.start :]}", session


def _kept(given: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    kept, session = dict[str, str](), dict[str, str]()
    for name, value in given.items():
        if name not in PROPERTIES:
            raise AthenaError(
                "INVALID_TABLE_PROPERTY: line 1:1: Catalog 'awsdatacatalog' table property "
                f"'{name}' does not exist"
            )
        bare = value.strip("'").lower()
        if name == "table_type" and bare != "hive":
            raise AthenaError(f"NOT_SUPPORTED: table_type {bare} is not supported by the sandbox")
        if PROPERTIES[name] == CODEC:
            session[CODEC] = bare.upper()
        elif name == "format":
            kept[name] = f"'{FORMATS.get(bare, bare.upper())}'"
        elif PROPERTIES[name] != DROPPED:
            kept[PROPERTIES[name] or name] = value
    return kept, session


def _properties(sql: str, tokens: Sequence[Token]) -> dict[str, str]:
    """`name = value, …` as text, cut at the commas that are in no bracket."""
    found, depth, first = dict[str, str](), 0, 0
    for number, token in enumerate([*tokens, Token(TokenType.COMMA, ",")]):
        depth += (token.token_type in OPEN) - (token.token_type in CLOSE)
        if depth == 0 and token.token_type == TokenType.COMMA and number > first + 2:
            name, value = tokens[first], tokens[first + 2 : number]
            found[name.text.lower()] = sql[value[0].start : value[-1].end + 1]
            first = number + 1
    return found


def reason(error: dict[str, object]) -> str:
    """A Trino error as StateChangeReason."""
    name, message = str(error["errorName"]), str(error.get("message", ""))
    return f"{name}: {re.sub(r'[.]$', '', message)}{ERRORS.get(name, '')}"
