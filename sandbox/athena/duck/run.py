"""One statement on one connection: what is known of the tables it names, and what it reads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from sandbox.athena import serde
from sandbox.athena.catalog import OWN, Catalog, DataFile, GlueTable
from sandbox.athena.duck.database import Database
from sandbox.athena.engine import Statement
from sandbox.athena.errors import Cancelled
from sandbox.athena.types import BIGINT, TIMESTAMP, VARCHAR, Type

HIDDEN = {"$path": VARCHAR, "$file_size": BIGINT, "$file_modified_time": TIMESTAMP}
PSEUDO = [name.replace("$", OWN) for name in HIDDEN]
OVER_THE_LIMIT = "Bytes scanned limit was exceeded"


@dataclass
class Scan:
    """One table of a query: what it could read, and what it will."""

    name: str
    table: GlueTable
    reader: serde.Reader
    files: list[DataFile]
    columns: list[tuple[str, str]]  # data columns and their DuckDB types
    keys: list[tuple[str, str]]
    stream: serde.Stream | None = None
    read: list[DataFile] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """One statement on one connection, and the tables that it has named so far."""

    database: Database
    statement: Statement
    connection: duckdb.DuckDBPyConnection
    folder: Path
    scans: dict[str, Scan] = field(default_factory=dict)  # by the name of their view
    columns: dict[tuple[str, str], dict[str, Type]] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)  # the statement that makes each anew
    lenient: dict[str, str] = field(default_factory=dict)  # a query, and the text it is planned by
    given: set[str] = field(default_factory=set)  # names the query gave to others: see `analyse`

    @property
    def catalog(self) -> Catalog:
        return self.statement.catalog


def execute(run: Run, query: str) -> duckdb.DuckDBPyConnection:
    """Run what the statement asked for, and count what it reads."""
    run.connection.execute(
        "set enable_profiling='no_output'; set profiling_coverage='ALL'; "
        "set tracked_metrics=['io.*']"
    )
    return run.connection.execute(query)


def scanned(run: Run) -> int:
    """Bytes read by a query that has run. Over the workgroup's limit the query is cancelled."""
    count = _bytes_read(run)
    limit = run.statement.bytes_cutoff
    if limit and count > limit:
        raise Cancelled(OVER_THE_LIMIT, count)
    return count


def check_limit(run: Run) -> None:
    """Do not even start if the text objects alone are over the workgroup's limit."""
    text = sum(f.size for s in run.scans.values() if s.stream for f in s.stream.files)
    limit = run.statement.bytes_cutoff
    if limit and text > limit:
        raise Cancelled(OVER_THE_LIMIT, limit)


def _bytes_read(run: Run) -> int:
    """Text objects count whole; of Parquet counts what DuckDB read while the query ran.

    DuckDB counts its spill files too, so the count is never more than the objects hold.
    """
    text = {f.url: f.size for s in run.scans.values() if s.stream for f in s.stream.seen}
    parquet = {f.url: f.size for s in run.scans.values() for f in s.read}
    io = json.loads(run.connection.get_profiling_information(format="json"))["io"]
    return sum(text.values()) + min(int(io["total_bytes_read"]), sum(parquet.values()))
