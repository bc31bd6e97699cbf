"""One in-memory DuckDB, and what is kept from one statement to the next: local copies of Parquet
objects, the shapes of these, and the keys of JSON objects."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote_plus

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.athena import serde
from sandbox.athena.catalog import DataFile
from sandbox.athena.duck import java
from sandbox.athena.duck.functions import MACROS
from sandbox.athena.engine import Statement
from sandbox.athena.errors import AthenaError, Cancelled

EMPTY_AWARE = "statistics_propagation,empty_result_pullup"  # optimizers that know empty tables
SETTINGS = """
set global timezone='UTC'; set global integer_division=true;
set global preserve_insertion_order=false; set global partitioned_write_flush_threshold=20000;
set global memory_limit='2GB'
"""
Shape = tuple[tuple[str, str], ...]  # name and Arrow type of each column


class Database:
    """DuckDB with the macros of the functions; every statement has a connection of its own."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.objects = folder / "objects"
        self.objects.mkdir(parents=True, exist_ok=True)
        settings = {"threads": threads, "temp_directory": str(folder / "spill")}
        self._duckdb = duckdb.connect(config=settings)
        self._duckdb.execute(SETTINGS)
        self._duckdb.create_function("t_unquote", _unquote, ["VARCHAR"], "VARCHAR")
        for name, (function, takes, gives) in java.FUNCTIONS.items():
            self._duckdb.create_function(name, function, takes, gives)
        self._duckdb.execute(MACROS)
        self._planning = threading.Lock()
        self._writing = threading.Lock()
        self.keys: dict[tuple[str, str], frozenset[str]] = {}  # by ETag and JSON path
        self._shapes: dict[str, Shape] = {}  # by ETag

    def connect(self) -> duckdb.DuckDBPyConnection:
        return self._duckdb.cursor()

    def plan(self, connection: duckdb.DuckDBPyConnection, query: str) -> str:
        """DuckDB's plan of a query over tables that are still empty, as JSON."""
        # The setting is the whole database's: another statement that sets it back in between
        # would let DuckDB plan the empty tables away, and their rows would be missing.
        with self._planning:
            connection.execute(f"set global disabled_optimizers='{EMPTY_AWARE}'")
            try:
                rows = connection.execute(f"explain (format json) {query}").fetchall()
            finally:
                connection.execute("set global disabled_optimizers=''")
        return str(rows[0][1])

    @contextmanager
    def writing(self, statement: Statement) -> Iterator[None]:
        """Wait for this statement's turn to write: two large days at once exceed the memory."""
        while not self._writing.acquire(timeout=0.2):
            if statement.cancellation.requested:
                raise Cancelled
        try:
            yield
        finally:
            self._writing.release()

    def local_copy(self, file: DataFile) -> Path:
        """The object as a file, for DuckDB's Parquet reader; fetched once for each content."""
        path = self.objects / f"{file.etag}.parquet"
        if not path.exists():
            part = path.with_suffix(f".{uuid.uuid4().hex}")
            part.write_bytes(file.read())
            part.rename(path)
        return path

    def shape(self, file: DataFile) -> Shape:
        """Name and type of the columns in a Parquet object."""
        if file.etag not in self._shapes:
            try:
                schema = pq.read_schema(self.local_copy(file))
            except (pa.ArrowException, OSError) as error:
                raise AthenaError(
                    f"HIVE_BAD_DATA: Not valid Parquet file: {file.url}: {error}"
                ) from error
            self._shapes[file.etag] = tuple((f.name, str(f.type)) for f in schema)
        return self._shapes[file.etag]

    def close(self) -> None:
        self._duckdb.close()


def _unquote(text: str) -> str:
    """URL decoding as Java's: what is no UTF-8 becomes U+FFFD."""
    return unquote_plus(text, errors=serde.AS_JAVA)
