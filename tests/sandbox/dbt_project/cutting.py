"""The staging view's SQL, rendered without dbt, over lines that a test gives."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2

from tests.sandbox.dbt_project.conftest import PROJECT

VIEW = PROJECT / "models/staging/s3/stg_s3__access_logs.sql"


def staging_sql(lines: Iterable[str], *, by_pattern_only: bool = False) -> str:
    """The view over `lines`; `by_pattern_only` lets no line be cut by position."""
    macros = _macros()
    if by_pattern_only:
        macros += "{% macro is_plain_line() %}false{% endmacro %}"
    environment = jinja2.Environment()
    values = ", ".join(f"({number}, {literal(line)})" for number, line in enumerate(lines))
    rows = (
        "(select line, cast(number as varchar) as path, '2026-11-20' as delivered_on "
        f"from (values {values}) as lines (number, line))"
    )
    view = VIEW.read_text().replace('"$path"', "path")
    return environment.from_string(macros + view).render(source=lambda *_: rows)


def rendered(macro: str) -> str:
    """What a macro without arguments writes into a query."""
    return jinja2.Environment().from_string(_macros() + "{{ " + macro + "() }}").render().strip()


def _macros() -> str:
    paths = sorted(Path(PROJECT / "macros").glob("access_log*.sql"))
    return "".join(path.read_text() for path in paths)


def literal(text: str) -> str:
    """A string in Trino's SQL."""
    return "'" + text.replace("'", "''") + "'"


def by_number(rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The view's rows by the number of their line."""
    return {int(row["log_object"]): row for row in rows}
