"""The answer to a query of `make ask`: its rows as text, and the days in it that were not run."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lacuna.lake.lake import Lake
from lacuna.tables.evidence import CATALOGUED_DAYS
from lacuna.text import visible

Row = Mapping[str, str | None]

# A query that only reads, after blanks, comments and parentheses
_READS = re.compile(
    r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|with|values|show|describe|desc|explain)\b",
    re.I | re.S,
)
_SINCE = re.compile(r">=?\s*(?:date\s*|timestamp\s*)?'\d{4}-", re.I)
_DAY = re.compile(r"'(\d{4}-\d\d-\d\d)(?:[ T][\d:.]*)?'")
ONE_DAY = timedelta(days=1)


class Format(StrEnum):
    """How rows are printed: a table for a person, the others for programs."""

    TABLE = "table"
    TABS = "tabs"
    CSV = "csv"
    JSON = "json"


def only_reads(sql: str) -> bool:
    """Return whether a query begins like one that changes nothing."""
    return _READS.match(sql) is not None


def show(rows: Sequence[Row], form: Format | None) -> None:
    """Print the rows; without a format as a table on a terminal, else separated by tabs.

    What a stranger wrote is shown by codes where it could move a cursor. JSON escapes it itself.
    """
    form = form or (Format.TABLE if sys.stdout.isatty() else Format.TABS)
    if form is Format.JSON:
        print(json.dumps(rows, indent=1))
        return
    lines = [[_cell(cell, form) for cell in row.values()] for row in rows]
    lines = [line[0].split("\t") if len(line) == 1 else line for line in lines]  # DESCRIBE, SHOW
    lines = [[visible(cell).strip(" ") for cell in line] for line in lines]
    names = [list(row) for row in rows[:1]]
    if form is Format.CSV:
        csv.writer(sys.stdout, lineterminator="\n").writerows([*names, *lines])
    elif form is Format.TABLE and rows:
        _print_table(names[0], lines)
    else:
        print(*("\t".join(line) for line in [*names, *lines]), sep="\n", end="\n" if rows else "")


def _cell(cell: str | None, form: Format) -> str:
    if cell is None:
        return "" if form is Format.CSV else "NULL"
    return cell


def _print_table(names: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(Text(name), overflow="fold")  # a value that is cut off is a wrong value
    if sum(len(name) + 2 for name in names) <= console.width:
        for line in lines:
            table.add_row(*map(Text, line))
        console.print(table)
        return
    for line in lines:  # the names alone do not fit: a row is a list
        record = Table.grid("", "", padding=(0, 2))
        record.columns[0].no_wrap, record.columns[1].overflow = True, "fold"
        for name, cell in zip(names, line, strict=True):
            record.add_row(Text(name), Text(cell))
        console.print(record, "", sep="")


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
