"""PREPARE, EXECUTE … USING and DEALLOCATE PREPARE: statements that a workgroup keeps by name.

They are moto's own prepared statements, so that GetPreparedStatement shows them too.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType as T

from sandbox.athena.engine import Result, Statement
from sandbox.athena.errors import AthenaError
from sandbox.athena.syntax import TrinoSQL, without_head

NAME = r'([A-Za-z_]\w*|"[^"]+")'
PREPARE = re.compile(rf"PREPARE\s+{NAME}\s+FROM\s+(.+)", re.I | re.S)
EXECUTE = re.compile(rf"EXECUTE\s+{NAME}(?:\s+USING\s+(.+))?", re.I | re.S)
DEALLOCATE = re.compile(rf"DEALLOCATE\s+PREPARE\s+{NAME}", re.I | re.S)
OPENING, CLOSING = (T.L_PAREN, T.L_BRACKET), (T.R_PAREN, T.R_BRACKET)


def run(statement: Statement, backend: Any, workgroup: str) -> Statement | Result:
    """The statement to run in place of an EXECUTE; the result of PREPARE and DEALLOCATE."""
    sql = without_head(statement.sql)
    kept = backend.prepared_statements
    if found := PREPARE.fullmatch(sql):
        backend.create_prepared_statement(_name(found[1]), workgroup, found[2], "")
        return Result("DDL", "PREPARE")
    if found := DEALLOCATE.fullmatch(sql):
        _kept(kept, found[1], workgroup)
        del kept[_name(found[1])]
        return Result("DDL", "DEALLOCATE")
    if found := EXECUTE.fullmatch(sql):
        text = _kept(kept, found[1], workgroup).query_statement
        given = split(found[2]) if found[2] else statement.parameters
        return replace(statement, sql=text, parameters=tuple(given))
    return statement


def command(sql: str) -> bool:
    """Is it one of those that `run` is about?"""
    return any(one.fullmatch(sql) for one in (PREPARE, EXECUTE, DEALLOCATE))


def split(text: str) -> list[str]:
    """The expressions of a list, as they are written."""
    try:
        tokens = TrinoSQL().tokenize(text)
    except SqlglotError as error:
        raise AthenaError(f"SYNTAX_ERROR: line 1:1: {error}") from error
    depth, start, parts = 0, 0, list[str]()
    for token in tokens:
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        if token.token_type == T.COMMA and depth == 0:
            parts.append(text[start : token.start].strip())
            start = token.end + 1
    return [*parts, text[start:].strip()]


def _kept(kept: dict[str, Any], name: str, workgroup: str) -> Any:
    found = kept.get(_name(name))
    if found is None or found.workgroup != workgroup:
        raise AthenaError(f"PreparedStatement {_name(name)} was not found in workGroup {workgroup}")
    return found


def _name(written: str) -> str:
    return written[1:-1] if written.startswith('"') else written.lower()
