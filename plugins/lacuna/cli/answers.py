"""The answer to a query of `make ask`: its rows as text, and the days in it that were not run.

Whatever a cell holds, a stranger may have written it. No format lets it act on its reader.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import chain, pairwise

from lacuna.cli import tables, terminal
from lacuna.lake.athena import Answer, Column
from lacuna.lake.lake import Lake
from lacuna.tables.evidence import CATALOGUED_DAYS
from lacuna.text import visible

# A query that only reads, after blanks, comments and parentheses. EXPLAIN ANALYZE runs its query.
_BLANK = r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)"
_READS = re.compile(
    rf"{_BLANK}*(?:explain\b{_BLANK}*(?:analyze\b{_BLANK}*)?(?:verbose\b{_BLANK}*)?"
    rf"(?:\((?:type|format)\b[^)]*\){_BLANK}*)?)?(?:select|with|values|show|describe|desc)\b",
    re.I | re.S,
)
_LISTS = re.compile(rf"{_BLANK}*(?:show|describe|desc|explain)\b", re.I | re.S)
_SINCE = re.compile(r">=?\s*(?:date\s*|timestamp\s*)?'\d{4}-", re.I)
_DAY = re.compile(r"'(\d{4}-\d\d-\d\d)(?:[ T][\d:.]*)?'")
ONE_DAY = timedelta(days=1)

_BINARY = "tinyint|smallint|integer|int|bigint|real|float|double"
_NUMBERS = re.compile(rf"(?:{_BINARY}|decimal)\b", re.I)
# Types whose values JSON has too; a decimal may have more digits than its readers keep
_IN_JSON = re.compile(rf"{_BINARY}|boolean", re.I)
_JSON_VALUE = re.compile(r"-?\d+(?:[.]\d+)?(?:E-?\d+)?|true|false")
_FLOATING = frozenset({"real", "float", "double"})
# Types of which a part of a value would be another value
_WHOLE = re.compile(r"(?:boolean|date|time|timestamp|interval)\b", re.I)
# The columns of what DESCRIBE and SHOW TBLPROPERTIES answer in one column
_LISTED = {3: ("col_name", "data_type", "comment"), 2: ("name", "value")}
# What begins a formula in a spreadsheet. Of the last four Japanese ones know the wide form, too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Format(StrEnum):
    """How rows are printed: a table for a person, the others for programs."""

    TABLE = "table"
    TABS = "tabs"
    CSV = "csv"
    JSON = "json"


def only_reads(sql: str) -> bool:
    """Return whether a query begins like one that changes nothing."""
    return _READS.match(sql) is not None


def is_listing(sql: str) -> bool:
    """Return whether a query asks for lines of text: SHOW, DESCRIBE or EXPLAIN."""
    return _LISTS.match(sql) is not None


def in_columns(answer: Answer) -> Answer:
    """Return what SHOW, DESCRIBE or EXPLAIN answers with each line a row, and cells for its tabs."""
    lines = [line for row in answer.rows for line in "\t".join(map(str, row)).split("\n")]
    rows = [[cell.strip() for cell in line.split("\t")] for line in lines]
    size = max(map(len, rows), default=1)
    columns = list(answer.columns)
    if len(columns) < size:
        names = _LISTED.get(size, [""] * size)
        columns = [Column(name, "varchar") for name in names]
    return replace(
        answer, columns=columns, rows=iter([[*row, *[""] * (size - len(row))] for row in rows])
    )


def show(answer: Answer, form: Format | None) -> int:
    """Print the rows and return their number; without a format a table on a terminal, else tabs.

    Rows are printed as they are read. A table holds as many in memory as decide its widths.
    """
    form = form or (Format.TABLE if sys.stdout.isatty() else Format.TABS)
    number = 0

    def counted() -> Iterator[Sequence[str | None]]:
        nonlocal number
        for row in answer.rows:
            number += 1
            yield row

    is_cut = False
    for line in _PRINTERS[form](answer.columns, counted()):
        print(line)
        is_cut = is_cut or tables.CUT in line
    if is_cut and form is Format.TABLE and terminal.width():
        sys.stdout.flush()
        print(f"{tables.CUT} stands for what has no room: FORMAT=csv has it whole", file=sys.stderr)
    return number


def _table(columns: Sequence[Column], rows: Iterator[Sequence[str | None]]) -> Iterator[str]:
    if (first := next(rows, None)) is None:
        return
    types = [column.type for column in columns]
    yield from tables.table(
        [visible(column.name) for column in columns],
        ([*map(_short, types, row)] for row in chain([first], rows)),
        numbers=[place for place, column in enumerate(columns) if _NUMBERS.match(column.type)],
        whole=[place for place, column in enumerate(columns) if _WHOLE.match(column.type)],
        width=terminal.width(),
    )


def _tabs(columns: Sequence[Column], rows: Iterator[Sequence[str | None]]) -> Iterator[str]:
    for place, row in enumerate(rows):
        if place == 0:
            yield "\t".join(visible(column.name) for column in columns)
        yield "\t".join(map(_shown, row))


def _csv(columns: Sequence[Column], rows: Iterator[Sequence[str | None]]) -> Iterator[str]:
    """Yield lines in which NULL is nothing, text has quotation marks, and no text is a formula."""
    are_numbers = [_NUMBERS.match(column.type) is not None for column in columns]
    for place, row in enumerate(rows):
        if place == 0:
            yield ",".join(_csv_cell(column.name, is_number=False) for column in columns)
        cells = zip(row, are_numbers, strict=True)
        yield ",".join(_csv_cell(cell, is_number=is_number) for cell, is_number in cells)


def _csv_cell(cell: str | None, *, is_number: bool) -> str:
    if cell is None:
        return ""
    if is_number:
        return cell
    inert = f"'{cell}" if cell.startswith(_FORMULA) else cell
    return '"' + visible(inert).replace('"', '""') + '"'


def _json(columns: Sequence[Column], rows: Iterator[Sequence[str | None]]) -> Iterator[str]:
    """Yield an array, one row a line. JSON escapes what could act on a terminal.

    Whole numbers, floating ones and truth are values of JSON, everything else is text.
    """
    names = [column.name for column in columns]
    for place, name in enumerate(names):  # an object has a name once
        if number := names[:place].count(name):
            names[place] = f"{name} ({number + 1})"
    types = [column.type for column in columns]
    line = "["
    for row in rows:
        yield line if line == "[" else f"{line},"
        values = map(_value, types, row)
        line = json.dumps(dict(zip(names, values, strict=True)))
    if line == "[":
        yield "[]"
    else:
        yield from (line, "]")


def _value(of: str, cell: str | None) -> str | int | float | bool | None:
    if cell is None or not (_IN_JSON.fullmatch(of) and _JSON_VALUE.fullmatch(cell)):
        return cell
    value: int | float | bool = json.loads(cell)
    return value


def _shown(cell: str | None) -> str:
    return "NULL" if cell is None else visible(cell).strip(" ")


def _short(of: str, cell: str | None) -> str:
    """Return a cell for a person: a moment without empty milliseconds, a number without exponent."""
    text = _shown(cell)
    if of.startswith("timestamp"):
        return text.removesuffix(".000")
    return format(Decimal(text), "f") if of in _FLOATING and "E" in text else text


_PRINTERS = {Format.TABLE: _table, Format.TABS: _tabs, Format.CSV: _csv, Format.JSON: _json}


def days_not_run(lake: Lake, sql: str) -> list[date]:
    """Return the days that a query names, or that lie between them, and that no run cataloged.

    If it names the first of its days only, all days are meant that are over.
    """
    named = sorted(set(_days_named(sql)))
    if not named:
        return []
    if _SINCE.search(sql) and "<" not in sql:
        named.append(max(named[-1], datetime.now(UTC).date() - ONE_DAY))
    run = set(lake.days(CATALOGUED_DAYS))
    window = (named[-1] - named[0]).days + 1
    return [day for n in range(window) if (day := named[0] + n * ONE_DAY) not in run]


def _days_named(sql: str) -> Iterator[date]:
    for text in _DAY.findall(sql):
        try:
            yield date.fromisoformat(text)
        except ValueError:  # no day, and Athena will say so
            continue


def skipped_before(lake: Lake, day: date) -> list[date]:
    """Return the days between `day` and the last day before it that was cataloged."""
    earlier = [run for run in lake.days(CATALOGUED_DAYS) if run < day]
    if not earlier:
        return []
    return [day - n * ONE_DAY for n in range((day - earlier[-1]).days - 1, 0, -1)]


def spans(days: Sequence[date]) -> str:
    """Return sorted days in words, those that follow each other as a span."""
    breaks = [n for n, (one, two) in enumerate(pairwise(days), 1) if two - one > ONE_DAY]
    runs = [days[a:b] for a, b in pairwise([0, *breaks, len(days)])]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
