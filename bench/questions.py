"""What each saved query scans of a day of a million lines, beside the raw access log of that day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from datetime import date, timedelta

from pyathena import connect

from lacuna.cli import saved_queries
from sandbox.demo.reading import lake_bucket
from sandbox.process import access

BOUND = 0.02  # of the raw bytes, for a question to one of the marts that are made for analysts
# What fills the parameters that have no default: a bucket with much traffic, and its callers
GIVEN = {
    "bucket": "meridian-data-lake",
    "principal": "etl-spark",
    "address": "10.20.",
    "key": "governance/bucket_inventory/inventory.csv",
}
WIDE = "fct_object_requests"  # every request with every column: no mart that is made for a question
MB = 1e6

_TABLE = re.compile(r"lacuna\.(\w+)")

Scans = Mapping[str, int]


def ask_all(environment: Mapping[str, str], day: date) -> dict[str, int]:
    """Ask every saved query about one day; return the bytes that each scanned, by its name."""
    results = f"s3://{lake_bucket(environment)}/athena-results/"
    with closing(connect(s3_staging_dir=results, poll_interval=0.2, **access(environment))) as one:
        cursor = one.cursor()
        scanned = {}
        for query in saved_queries.every():
            needed = {one.name for one in query.parameters if one.default is None}
            given = {name: value for name, value in GIVEN.items() if name in needed}
            values = saved_queries.values(query, given, day + timedelta(days=1))
            literals = [saved_queries.literal(*one) for one in values]
            cursor.execute(query.sql, parameters=literals, paramstyle="qmark")
            scanned[query.name] = cursor.data_scanned_in_bytes or 0
        return scanned


def question_rows(size: int, ours: Scans, trino: Scans | None) -> list[str]:
    """Return the section's table: the queries of each table, those that scan most first."""
    tables = {query.name: _TABLE.findall(query.sql)[0] for query in saved_queries.every()}
    order = sorted(ours, key=lambda name: (tables[name] == WIDE, -ours[name], name))
    return [
        "\n### A question about that day\n",
        f"Each saved query, with the default of each parameter, or {', '.join(GIVEN.values())}. "
        f"Share of the {size / MB:,.0f} MB of access log; Athena charges for 10 MB at least.\n",
        "| query | of | MB scanned | share | bound | MB on a real Trino | share |",
        "|---|---|---|---|---|---|---|",
        *(_row(name, tables[name], size, ours, trino) for name in order),
        _worst(size, ours, trino, tables),
    ]


def _row(name: str, table: str, size: int, ours: Scans, trino: Scans | None) -> str:
    bound = "" if table == WIDE else f"{BOUND:.0%}"
    theirs = _cells(trino[name], size) if trino else " | "
    return f"| {name} | {table} | {_cells(ours[name], size)} | {bound} | {theirs} |"


def _worst(size: int, ours: Scans, trino: Scans | None, tables: Mapping[str, str]) -> str:
    def most(scans: Scans) -> str:
        return _cells(max(scans[name] for name in scans if tables[name] != WIDE), size)

    theirs = most(trino) if trino else " | "
    return f"| **the most, without {WIDE}** | | {most(ours)} | {BOUND:.0%} | {theirs} |"


def _cells(scanned: int, size: int) -> str:
    return f"{scanned / MB:,.1f} | {scanned / size:.2%}"
