"""What each saved query scans of a day of a million lines, beside the raw access log of that day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from datetime import date, timedelta

from bench.day_run import MB
from lacuna.cli import saved_queries
from lacuna.cli.saved_queries import SavedQuery
from sandbox.demo.comparison import Row
from sandbox.demo.reading import connection

BOUND = 0.02  # of the raw bytes, for a question to one of the marts that are made for analysts
BUCKET = "meridian-data-lake"  # with much traffic
# What fills the parameters that have no default: a request to it that both logs have
SAMPLE = f"""
select principal, remote_ip as address, access_key_id, object_key
from lacuna.fct_object_requests
where event_date = date '{{day}}' and bucket_name = '{BUCKET}' and witness = 'both'
    and action = 'read_object' and access_key_id is not null and remote_ip is not null
order by request_id
limit 1
"""
WIDE = "fct_object_requests"  # every request with every column: no mart that is made for a question

_TABLE = re.compile(r"lacuna\.(\w+)")

Scans = Mapping[str, int]


def ask_all(environment: Mapping[str, str], day: date) -> dict[str, int]:
    """Ask every saved query about one day; return the bytes that each scanned, by its name."""
    with closing(connection(environment)) as one:
        cursor = one.cursor()
        sample = cursor.execute(SAMPLE.format(day=day)).fetchone()
        if sample is None:
            raise LookupError(f"the lake has no request of {day} to {BUCKET} to ask for")
        scanned = {}
        for query in saved_queries.every():
            values = saved_queries.values(query, _given(query, sample), day + timedelta(days=1))
            literals = [saved_queries.literal(*one) for one in values]
            cursor.execute(query.sql, parameters=literals, paramstyle="qmark")
            scanned[query.name] = int(cursor.data_scanned_in_bytes)
        return scanned


def _given(query: SavedQuery, sample: Row) -> dict[str, str]:
    key = "access_key_id" if query.name == "access_key_activity" else "object_key"
    known = {"bucket": BUCKET, "key": sample[key], **sample}
    needed = {one.name for one in query.parameters if one.default is None}
    return {name: value for name, value in known.items() if name in needed}


def question_rows(size: int, ours: Scans, trino: Scans | None) -> list[str]:
    """Return the section's table: the queries of each table, those that scan most first."""
    tables = {query.name: _TABLE.findall(query.sql)[0] for query in saved_queries.every()}
    order = sorted(ours, key=lambda name: (tables[name] == WIDE, -ours[name], name))
    return [
        "\n### A question about that day\n",
        f"Each saved query, with the defaults of its parameters, or what one request to {BUCKET} has. "
        f"Share of the {size / MB:,.0f} MB of access log; Athena charges for 10 MB at least. This lake has "
        "one day: views that compare days read up to 28 more.\n",
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
