"""What runs cost, and which steps and models cost most: `make costs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from lacuna.cli import answers, tables, terminal
from lacuna.cli.advice import NothingKnown
from lacuna.cli.answers import Format
from lacuna.lake import athena
from lacuna.lake.athena import Answer, Column
from lacuna.lake.lake import Lake
from lacuna.settings import Settings
from lacuna.steps.suites import MARTS
from lacuna.text import visible

Row = Mapping[str, str | None]

MART = "fct_run_costs"
LAST_DAYS = 7
NUMBERS = ("statements", "bytes_scanned", "usd", "seconds", "rows")

# Unknown is the worst, then what costs most
ORDER = "order by usd desc nulls first, bytes_scanned desc, statements desc, step, model"

OF_A_DAY = f"""
select
    day, step, model, kind, workgroup, statements, bytes_scanned, usd, seconds, "rows",
    error_operation, error_code, missing_permission
from lacuna.{MART}
where day = date '{{day}}'
{ORDER}
"""  # noqa: S608  our own names and a date

# A step is unknown as a whole if a part of it is
OF_LAST_DAYS = f"""
select
    day, step, null as model, null as kind, workgroup, sum(statements) as statements,
    sum(bytes_scanned) as bytes_scanned, if(count(usd) = count(*), sum(usd)) as usd,
    sum(seconds) as seconds, sum("rows") as "rows", max(error_operation) as error_operation,
    max(error_code) as error_code, max(missing_permission) as missing_permission
from lacuna.{MART}
where day >= date '{{since}}'
group by day, step, workgroup
{ORDER}
"""  # noqa: S608  our own names and a date


def read(lake: Lake, day: date | None) -> list[Row]:
    """Return what the run of a day cost by step and model, or the last days by step.

    Raises NothingKnown if no run has counted it.
    """
    rows: list[Row] = []
    since = datetime.now(UTC).date() - timedelta(days=LAST_DAYS)
    if lake.table_exists(MARTS, MART):
        query = OF_A_DAY.format(day=day) if day else OF_LAST_DAYS.format(since=since)
        rows = list(athena.rows(lake, query))
    if not rows:
        about = f"what {day} cost" if day else f"what runs have cost since {since}"
        raise NothingKnown(f"nothing is known of {about}: a run counts it when it ends")
    return rows


def show(rows: Sequence[Row], settings: Settings, form: Format) -> None:
    """Print the rows; as a table with their total. Standard error says what is unknown."""
    if form is Format.TABLE:
        print(*table(rows), sep="\n")
    else:
        columns = [Column(name, "double" if name in NUMBERS else "varchar") for name in rows[0]]
        answers.show(Answer(columns, (list(row.values()) for row in rows)), form)
    print(*unknown(rows, settings), sep="\n", file=sys.stderr)


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of an aligned table. A column that says nothing is left out."""
    total: Row = {"day": "total"} | {name: _sum(rows, name) for name in NUMBERS}
    names = [
        name
        for name in ("day", "step", "model", "kind", "workgroup", *NUMBERS)
        if name in NUMBERS or any(row[name] for row in rows)
    ]
    cells = ([_cell(row, name) for name in names] for row in [*rows, total])
    numbers = [place for place, name in enumerate(names) if name in NUMBERS]
    yield from tables.table(names, cells, numbers=numbers, width=terminal.width())


def _cell(row: Row, name: str) -> str:
    text = row.get(name)
    if name not in NUMBERS:
        return visible(text or "")
    if text is None:
        return "" if name == "rows" else "unknown"
    if name == "usd":
        return f"{float(text):,.5f}"
    return f"{float(text):,.1f}" if name == "seconds" else f"{int(float(text)):,}"


def _sum(rows: Sequence[Row], name: str) -> str:
    return str(sum(float(row[name] or 0) for row in rows))


def unknown(rows: Sequence[Row], settings: Settings) -> Iterator[str]:
    """Yield a line for each thing that the rows do not show."""
    for row in rows:
        if row["step"] == "unknown":
            permission = row["missing_permission"]
            needed = f"; allow {permission}" if permission else ""
            yield (
                f"unknown: what the workgroup {visible(row['workgroup'] or '')} cost "
                f"({row['error_operation']}: {row['error_code']}{needed}). The total leaves it out."
            )
    if any(row["step"] != "unknown" and row["usd"] is None for row in rows):
        yield "unknown: dollars of a Region without a price in dbt_project/seeds/prices.csv."
    if not settings.analyst_workgroups:
        yield "unknown: analysts' queries, because LACUNA_ANALYST_WORKGROUPS names no workgroup."
