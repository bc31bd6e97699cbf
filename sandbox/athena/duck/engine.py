"""The embedded engine: one statement on DuckDB, over the objects in moto's S3.

Every Glue table a query names becomes a view over a relation of raw rows. The query is planned
twice: first over empty
relations, where DuckDB's own optimiser tells which filters reach which table; these choose the
objects that are read.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from sandbox.athena import results, serde
from sandbox.athena.catalog import (
    CATALOG,
    NULL_PARTITION,
    OWN,
    DataFile,
    GlueTable,
    hive_columns,
    partition_url,
    refuse_projection,
)
from sandbox.athena.definitions import copy_format, new_table, table_options
from sandbox.athena.duck import errors, pruning
from sandbox.athena.duck.analysis import analyse
from sandbox.athena.duck.functions import MACROS
from sandbox.athena.duck.scope import Columns
from sandbox.athena.duck.writer import to_duckdb
from sandbox.athena.engine import Result, Rows, Statement
from sandbox.athena.errors import AthenaError, Cancelled, refused
from sandbox.athena.syntax import mismatched, parse, position, with_parameters, without_head
from sandbox.athena.types import BIGINT, DOUBLE, TIMES, TIMESTAMP, VARCHAR, Type, common, glue_type

HIDDEN = {"$path": VARCHAR, "$file_size": BIGINT, "$file_modified_time": TIMESTAMP}
PSEUDO = [name.replace("$", OWN) for name in HIDDEN]
MAX_PARTITIONS = 100
EMPTY_AWARE = "statistics_propagation,empty_result_pullup"  # optimizers that know empty tables
LINKS = "links"


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


class DuckEngine:
    """Runs statements on one in-memory DuckDB; every statement has a connection of its own."""

    def __init__(self, folder: str, threads: int = 2) -> None:
        self.folder = Path(folder)
        self.objects = self.folder / "objects"
        self.objects.mkdir(parents=True, exist_ok=True)
        settings = {"threads": threads, "temp_directory": str(self.folder / "spill")}
        self._database = duckdb.connect(config=settings)
        self._database.execute(
            "set global timezone='UTC'; set global integer_division=true; set global "
            "preserve_insertion_order=false;"
            "set global partitioned_write_flush_threshold=20000; set global memory_limit='2GB'"
        )
        self._database.create_function("t_unquote", _unquote, ["VARCHAR"], "VARCHAR")
        self._database.execute(MACROS)
        self._planning = threading.Lock()
        self._writing = threading.Lock()
        self.keys: dict[tuple[str, str], frozenset[str]] = {}
        self.shapes: dict[str, tuple[tuple[str, str], ...]] = {}

    def run(self, statement: Statement) -> Result:
        connection = self._database.cursor()
        statement.cancellation.on_request(lambda: _interrupt(connection))
        folder = Path(tempfile.mkdtemp(prefix="q-", dir=self.folder))
        try:
            return _Run(self, statement, connection, folder).run()
        except duckdb.InterruptException:
            raise Cancelled from None
        except duckdb.Error as error:
            raise AthenaError(errors.reason(error, statement.sql)) from error
        finally:
            connection.close()
            shutil.rmtree(folder, ignore_errors=True)

    def check(self, statement: Statement) -> None:
        _parsed(statement)

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
        """One statement's turn to write: two that each hold a large day exceed the memory."""
        while not self._writing.acquire(timeout=0.2):
            if statement.cancellation.requested:
                raise Cancelled
        try:
            yield
        finally:
            self._writing.release()

    def close(self) -> None:
        self._database.close()

    def local_copy(self, file: DataFile) -> Path:
        """The object as a file, for DuckDB's Parquet reader; fetched once for each content."""
        path = self.objects / f"{file.etag}.parquet"
        if not path.exists():
            part = path.with_suffix(f".{uuid.uuid4().hex}")
            part.write_bytes(file.read())
            part.rename(path)
        return path

    def shape(self, file: DataFile) -> tuple[tuple[str, str], ...]:
        """Name and type of the columns in a Parquet object."""
        if file.etag not in self.shapes:
            try:
                schema = pq.read_schema(self.local_copy(file))
            except (pa.ArrowException, OSError) as error:
                raise AthenaError(
                    f"HIVE_BAD_DATA: Not valid Parquet file: {file.url}: {error}"
                ) from error
            self.shapes[file.etag] = tuple((f.name, str(f.type)) for f in schema)
        return self.shapes[file.etag]


def _interrupt(connection: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.ConnectionException):  # it has just ended by itself
        connection.interrupt()


def _parsed(statement: Statement) -> exp.Expr:
    """A statement with its parameters in place: a query, an INSERT, or one that makes a view or a
    table of a query."""
    sql = without_head(statement.sql)
    if re.match(r"(EXPLAIN|SHOW\s+(FUNCTIONS|STATS))\b", sql, re.I):
        raise refused("EXPLAIN, SHOW FUNCTIONS and SHOW STATS")
    tree = parse(with_parameters(statement.sql.strip().rstrip(";").strip(), statement.parameters))
    if isinstance(tree, exp.Create):
        known = tree.kind == "VIEW" or (tree.kind == "TABLE" and tree.expression)
    else:
        known = isinstance(tree, (exp.Insert, exp.Query, exp.Values))
    if not known:
        raise mismatched(1, 1, sql.split(None, 1)[0])
    return tree


def _unquote(text: str) -> str:
    """URL decoding as Java's: what is no UTF-8 becomes U+FFFD."""
    return unquote_plus(text, errors=serde.AS_JAVA)


class _Run:
    """One statement on one connection."""

    def __init__(
        self,
        engine: DuckEngine,
        statement: Statement,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
    ) -> None:
        self.engine, self.statement, self.con, self.catalog = (
            engine,
            statement,
            connection,
            statement.catalog,
        )
        self.folder = folder
        self.scans: dict[str, Scan] = {}
        self.schema: dict[str, dict[str, dict[str, Type]]] = {}
        self.lenient: dict[str, str] = {}  # a query's text and the one it is planned by
        self.views: dict[str, str] = {}
        self.given: set[str] = set()  # names that the query gave to something else: see `analyse`

    def run(self) -> Result:
        tree = _parsed(self.statement)
        if isinstance(tree, exp.Create):
            return self.create_view(tree) if tree.kind == "VIEW" else self.create_table_as(tree)
        return self.insert(tree) if isinstance(tree, exp.Insert) else self.select(tree)

    # -- tables of a query -------------------------------------------------------------------------

    def bind(self, tree: exp.Expr, sql: str, database: str) -> tuple[str, Columns]:
        """Make a view of every table the query names; the query as DuckDB SQL, and its columns."""
        columns = analyse(
            tree, lambda table: self.bind_table(table, database, sql), sql, self.given
        )
        query = to_duckdb(tree)
        self.lenient[query] = to_duckdb(tree, planning=True)
        return query, columns

    def bind_table(
        self, node: exp.Table, database: str, sql: str
    ) -> tuple[tuple[str, str], dict[str, Type]]:
        """Database and name of a table, and its columns, once a view of that name is there."""
        db, name = self.home(node, database, sql)
        if name not in self.schema.setdefault(db, {}):
            self.schema[db][name] = self.make_view(db, name, sql)
        return (db, name), self.schema[db][name]

    def home(self, node: exp.Table, database: str, sql: str) -> tuple[str, str]:
        """Database and name of a table; there is one catalog."""
        if node.catalog.lower() not in ("", CATALOG):
            at = position(sql, node.catalog)
            raise AthenaError(f"CATALOG_NOT_FOUND: {at}: Catalog '{node.catalog}' does not exist")
        return (node.db or database).lower(), node.name.lower()

    def make_view(self, db: str, name: str, sql: str) -> dict[str, Type]:
        """A view `db.name` for DuckDB; its columns."""
        if db == "information_schema":
            return self.information_schema(name)
        base, of, what = name.partition("$")
        table = self.catalog.table(db, base if what == "partitions" else name)
        if table is None or (of and not table.get("PartitionKeys")):
            known = db in self.catalog.databases()
            raise AthenaError(
                f"TABLE_NOT_FOUND: {position(sql, name)}: Table '{CATALOG}.{db}.{name}' does not exist"
                if known
                else f"SCHEMA_NOT_FOUND: {position(sql, db)}: Schema '{db}' does not exist"
            )
        if of:
            return self.partitions(table, f"{db}.{name}")
        columns, keys = hive_columns(table)
        if any(n.startswith((OWN, "$")) for n, _ in columns + keys):
            raise refused(f"a table that has columns whose names begin with $ or {OWN}")
        view = f"{db}.{name}"
        if table.get("TableType") == "VIRTUAL_VIEW":
            definition = json.loads(base64.b64decode(table["ViewOriginalText"].split()[3]))
            text = definition["originalSql"]
            body, found = self.bind(parse(text), text, definition.get("schema") or db)
            names = ", ".join(serde.named(n) for n, _ in columns)
            head = f"create or replace temp view {serde.named(view)}({names}) as"
            self.views[view] = f"{head} {body}"
            self.con.execute(f"{head} {self.lenient[body]}")
            self.given |= {
                n for (n, _), (m, _) in zip(columns, found, strict=True) if n != m.lower()
            }
            return {n: kind for (n, _), (_, kind) in zip(columns, found, strict=True)}
        if any(re.search(r"<.*varchar\(", t, re.I) for _, t in columns):
            raise refused("a varchar of limited length inside of another type")
        kinds = {n: glue_type(t) for n, t in columns + keys}
        types = [(n, kinds[n].duck) for n, _ in columns]
        key_types = [(n, kinds[n].duck) for n, _ in keys]
        scan = Scan(
            f"raw_{len(self.scans)}",
            table,
            serde.reader_for(table, [t for _, t in types]),
            self.catalog.files(table),
            types,
            key_types,
        )
        self.scans[view] = scan
        self._create_view(view, scan)
        return kinds | HIDDEN

    def _create_view(self, view: str, scan: Scan) -> None:
        """The view a query reads, over an empty table of the same columns until the query is
        planned."""
        columns = [f"{serde.named(n)} {t}" for n, t in scan.columns + scan.keys]
        columns += [f"{c} {k.duck}" for c, k in zip(PSEUDO, HIDDEN.values(), strict=True)]
        self.con.execute(f"create temp table {scan.name} ({', '.join(columns)})")
        hive = dict(hive_columns(scan.table)[0])
        picks = [_seen(n, t, hive.get(n, "")) for n, t in scan.columns + scan.keys] + PSEUDO
        self.con.execute(
            f"create temp view {serde.named(view)} as select {', '.join(picks)} from {scan.name}"
        )

    def json_reader(self, scan: Scan, columns: Sequence[tuple[str, str]]) -> serde.Reader:
        """A reader for JSON rows, once it is known how their keys are spelled: a round of
        looking for each level."""
        properties = (scan.table["StorageDescriptor"].get("SerdeInfo") or {}).get(
            "Parameters"
        ) or {}
        kind, spelled = serde.record_kind(columns, properties), serde.Spelled()
        fresh = serde.guessed_paths(kind)
        while True:
            fresh = fresh or [p for p in serde.key_paths(kind, spelled) if p not in spelled]
            if not fresh:
                return serde.json_reader(scan.reader, columns, properties, spelled)
            for path in fresh:
                spelled[path] = set()
            for path, key in self._keys_at(scan, fresh):
                spelled[path].add(key)
            fresh = []

    def _keys_at(self, scan: Scan, paths: list[str]) -> set[tuple[str, str]]:
        """Every key of the objects at these paths of a table's JSON. Looked for once in each
        content."""
        known = self.engine.keys
        fresh = [f for f in scan.files if any((f.etag, p) not in known for p in paths)]
        if fresh:
            self.con.register("raw_keys", serde.Stream(fresh, scan.reader, len(scan.keys)))
            keys = [f"json_keys(_raw, {serde.quoted(p)})" for p in paths]
            keys = [f"flatten({k})" if "[*]" in p else k for k, p in zip(keys, paths, strict=True)]
            try:  # events of one shape have the same lists of keys: few rows are distinct
                found = self.con.execute(
                    f"select distinct {OWN}path, {', '.join(keys)} from raw_keys where {serde.NOT_BLANK}"
                ).fetchall()
            except duckdb.InvalidInputException as error:
                bad = next((f.url for f in fresh if not self._is_json(f)), None)
                raise AthenaError(
                    f"HIVE_BAD_DATA: Error parsing JSON in {bad}: {str(error).splitlines()[0]}"
                ) from error
            by_url: dict[tuple[str, str], set[str]] = {
                (f.url, p): set() for f in fresh for p in paths
            }
            for url, *row in found:
                for path, keys_there in zip(paths, row, strict=True):
                    by_url[url, path].update(keys_there or ())
            for file in fresh:
                known |= {(file.etag, p): frozenset(by_url[file.url, p]) for p in paths}
            self.con.unregister("raw_keys")
        return {(p, k) for f in scan.files for p in paths for k in known[f.etag, p]}

    @staticmethod
    def _is_json(file: DataFile) -> bool:
        try:
            for line in serde.content(file).splitlines():
                if line.strip():
                    json.loads(line)
        except ValueError:
            return False
        return True

    def information_schema(self, name: str) -> dict[str, Type]:
        databases = self.catalog.databases()
        tables = [t for d in databases for t in self.catalog.tables(d)]
        kinds: dict[str, Type]
        rows: list[tuple[Any, ...]]
        if name == "schemata":
            kinds = dict.fromkeys(("catalog_name", "schema_name"), VARCHAR)
            rows = [(CATALOG, d) for d in databases]
        elif name == "tables":
            kinds = dict.fromkeys(
                ("table_catalog", "table_schema", "table_name", "table_type"), VARCHAR
            )
            named = {"VIRTUAL_VIEW": "VIEW"}
            rows = [
                (CATALOG, t["DatabaseName"], t["Name"], named.get(t["TableType"], "BASE TABLE"))
                for t in tables
            ]
        elif name == "columns":
            first = ("table_catalog", "table_schema", "table_name", "column_name")
            rest = ("column_default", "is_nullable", "data_type", "comment", "extra_info")
            kinds = dict.fromkeys((*first, "ordinal_position", *rest), VARCHAR)
            kinds["ordinal_position"] = BIGINT
            rows = [
                (
                    CATALOG,
                    t["DatabaseName"],
                    t["Name"],
                    n,
                    i,
                    None,
                    "YES",
                    str(glue_type(k)),
                    None,
                    x,
                )
                for t in tables
                for columns, keys in [hive_columns(t)]
                for i, (n, k) in enumerate(columns + keys, 1)
                for x in ["partition key" if i > len(columns) else None]
            ]
        elif name in ("views", "roles", "applicable_roles", "enabled_roles", "table_privileges"):
            raise refused(f"information_schema.{name}")
        else:
            raise AthenaError(
                f"TABLE_NOT_FOUND: line 1:1: Table '{CATALOG}.information_schema.{name}' does not exist"
            )
        return self._listed(f"information_schema.{name}", kinds, rows)

    def partitions(self, table: GlueTable, view: str) -> dict[str, Type]:
        """A row for every partition, a column for every key."""
        refuse_projection(table)
        kinds = {n: glue_type(t) for n, t in hive_columns(table)[1]}
        rows = [tuple(map(_key, p["Values"])) for p in self.catalog.partitions(table)]
        return self._listed(view, kinds, rows)

    def _listed(
        self, view: str, kinds: dict[str, Type], rows: list[tuple[Any, ...]]
    ) -> dict[str, Type]:
        """A view over rows of the catalogue."""
        cells = [
            [None if row[i] is None else str(row[i]) for row in rows] for i in range(len(kinds))
        ]
        data = {n: pa.array(c, pa.string()) for n, c in zip(kinds, cells, strict=True)}
        self.con.register(f"{view} of the catalogue", pa.table(data))
        picks = ", ".join(f"cast({serde.named(n)} as {k.duck})" for n, k in kinds.items())
        names = ", ".join(map(serde.named, kinds))
        source = serde.named(f"{view} of the catalogue")
        self.con.execute(
            f"create temp view {serde.named(view)}({names}) as select {picks} from {source}"
        )
        return kinds

    def plan(self, query: str) -> None:
        """Choose the objects each table reads, by the filters that reach it; then let the
        tables be real."""
        if not self.scans:
            return
        filters: dict[str, list[list[str]]] = {}
        planned = query
        for strict, lenient in self.lenient.items():
            planned = planned.replace(strict, lenient)
        for node in json.loads(self.engine.plan(self.con, planned)):
            pruning.collect(node, [], filters, pruning.words(*self.given))
        for view in self.views.values():
            self.con.execute(view)
        for scan in self.scans.values():
            chosen = self._chosen(scan, filters.get(scan.name))
            self.con.execute(f"drop table {scan.name}")
            if scan.reader.raw != serde.PARQUET and not scan.reader.columns:
                scan.files = chosen  # a file that the query leaves out may well be broken
                scan.reader = self.json_reader(scan, hive_columns(scan.table)[0])
            picks = [*_typed(scan.keys), *PSEUDO]
            if scan.reader.raw == serde.PARQUET:
                self._parquet(scan, chosen, picks)
            else:
                self._text(scan, chosen, picks)

    def _text(self, scan: Scan, files: list[DataFile], picks: list[str]) -> None:
        """A relation over the lines or documents of objects."""
        scan.stream = serde.Stream(files, scan.reader, len(scan.keys))
        self.con.register(f"{scan.name}_raw", scan.stream)
        cells = [f"{cell} as {serde.named(n)}" for n, cell in scan.reader.columns]
        source = scan.reader.source.replace("{raw}", f"{scan.name}_raw")
        self.con.execute(
            f"create temp view {scan.name} as select {', '.join(cells + picks)} from {source}"
        )

    def _chosen(self, scan: Scan, uses: list[list[str]] | None) -> list[DataFile]:
        if uses is None:
            return []
        if not scan.files or not all(uses):
            return scan.files
        data: dict[str, Any] = {
            f"{OWN}p{i}": [_key(f.partition[i]) for f in scan.files] for i in range(len(scan.keys))
        }
        facts = [(f.url, f.size, f.modified, i) for i, f in enumerate(scan.files)]
        data |= dict(zip([*PSEUDO, f"{OWN}no"], zip(*facts, strict=True), strict=True))
        self.con.register("raw_files", pa.table(data))
        keys = ", ".join(["*", *_typed(scan.keys)])
        self.con.execute(f"create or replace temp view files as select {keys} from raw_files")
        kept: set[int] = set()
        data_names = pruning.words(*(n for n, _ in scan.columns))
        for conditions in uses:
            # a column's name may be a word that means something else to DuckDB, as in (user = 'x')
            usable = [c for c in conditions if not pruning.words(c) & data_names and self._binds(c)]
            where = " and ".join(f"({c}) is not false" for c in usable) or "true"
            kept |= {
                row[0]
                for row in self.con.execute(f"select {OWN}no from files where {where}").fetchall()
            }
        self.con.unregister("raw_files")
        return [f for i, f in enumerate(scan.files) if i in kept]

    def _binds(self, condition: str) -> bool:
        """Can a filter be judged by a file's path and partition alone?"""
        try:
            self.con.execute(f"select 1 from files where {condition} limit 0")
        except duckdb.Error:
            return False
        return True

    def _parquet(self, scan: Scan, files: list[DataFile], picked: list[str]) -> None:
        """A relation over local copies; one branch for each set of columns found in the files."""
        scan.read = files
        groups: dict[tuple[tuple[str, str], ...], list[DataFile]] = {}
        for file in files:
            groups.setdefault(self.engine.shape(file), []).append(file)
        names = [serde.named(n) for n, _ in scan.columns]
        keys = [f"{OWN}p{i}" for i in range(len(scan.keys))]
        branches = []
        known: dict[str, list[Any]] = {c: [] for c in (f"{OWN}local", *keys, *PSEUDO)}
        for number, (shape, members) in enumerate(groups.items()):
            have = {n.lower(): (n, t) for n, t in shape}
            picks = [self._cell(n, t, have.get(n), members[0]) for n, t in scan.columns]
            links = []
            for index, file in enumerate(
                members
            ):  # two objects may have the same content: one link each
                link = self.folder / LINKS / f"{scan.name}-{number}-{index}.parquet"
                link.parent.mkdir(exist_ok=True)
                link.symlink_to(self.engine.local_copy(file))
                links.append(str(link))
                for column, value in zip(
                    known,
                    [str(link), *map(_key, file.partition), file.url, file.size, file.modified],
                    strict=True,
                ):
                    known[column].append(value)
            branches.append(
                f"select {', '.join(picks + picked)} from read_parquet({links!r}, "
                f"filename='{OWN}local') r "
                f"join {scan.name}_files k using ({OWN}local)"
            )
        if not branches:
            nothing = [
                f"cast(null as {t}) as {n}" for n, (_, t) in zip(names, scan.columns, strict=True)
            ]
            branches = [f"select {', '.join(nothing + picked)} from {scan.name}_files"]
        self.con.register(
            f"{scan.name}_files",
            pa.table({c: pa.array(v, serde.KNOWN.get(c, pa.string())) for c, v in known.items()}),
        )
        self.con.execute(f"create temp view {scan.name} as {' union all '.join(branches)}")

    @staticmethod
    def _cell(name: str, kind: str, found: tuple[str, str] | None, file: DataFile) -> str:
        if found is None:
            return f"cast(null as {kind}) as {serde.named(name)}"
        source = serde.named(found[0])
        if not results.compatible(found[1], kind):
            why = (
                f"HIVE_BAD_DATA: Field {name}'s type {found[1].upper()} in parquet file "
                f"{file.url} is incompatible with type {kind} "
                "defined in table schema"
            )
            source = f"t_fail({serde.quoted(why)})"  # only a query that reads the column fails
        if kind == "timestamp":
            source = f"cast({source} as timestamp_ms)"
        return f"cast({source} as {kind}) as {serde.named(name)}"

    def scanned(self) -> int:
        """Bytes read: text objects whole; of Parquet what DuckDB counted while the query ran.

        DuckDB counts its spill files too, so no more than the objects hold is ever said.
        """
        text = {f.url: f.size for s in self.scans.values() if s.stream for f in s.stream.seen}
        parquet = {f.url: f.size for s in self.scans.values() for f in s.read}
        io = json.loads(self.con.get_profiling_information(format="json"))["io"]
        return sum(text.values()) + min(int(io["total_bytes_read"]), sum(parquet.values()))

    def execute(self, query: str) -> duckdb.DuckDBPyConnection:
        """Run what the statement asked for, and count what it reads."""
        self.con.execute(
            "set enable_profiling='no_output'; set profiling_coverage='ALL'; "
            "set tracked_metrics=['io.*']"
        )
        return self.con.execute(query)

    def finish(self) -> int:
        """Bytes read by a query that has run; over the workgroup's limit it is cancelled."""
        scanned = self.scanned()
        if self.statement.bytes_cutoff and scanned > self.statement.bytes_cutoff:
            raise Cancelled("Bytes scanned limit was exceeded", scanned)
        return scanned

    def plan_within_limit(self, query: str) -> None:
        """Plan, and do not even start where the text objects alone are over the limit."""
        self.plan(query)
        text = sum(f.size for s in self.scans.values() if s.stream for f in s.stream.files)
        if self.statement.bytes_cutoff and text > self.statement.bytes_cutoff:
            raise Cancelled("Bytes scanned limit was exceeded", self.statement.bytes_cutoff)

    def select(self, tree: exp.Expr) -> Result:
        query, columns = self.bind(tree, self.statement.sql, self.statement.database)
        self.plan_within_limit(query)
        found = self.execute(query)
        kinds = [kind for _, kind in columns]
        rows = Rows()
        while some := found.fetchmany(Rows.PAGE):
            rows.extend(list(map(results.cell, row, kinds)) for row in some)
        named = tuple(
            results.column(name or f"_col{i}", kind) for i, (name, kind) in enumerate(columns)
        )
        return Result("DML", "SELECT", named, rows, 0, self.finish())

    def target(self, table: exp.Table) -> tuple[str, str]:
        db, name = self.home(table, self.statement.database, self.statement.sql)
        if db not in self.catalog.databases():
            raise AthenaError(f"NOT_FOUND: Schema {db} not found")
        return db, name

    def create_view(self, tree: exp.Create) -> Result:
        db, name = self.target(tree.this)
        body = re.match(
            r".*?\sview\s+.+?\s+as\s+(.*)", self.statement.sql.strip().rstrip(";"), re.I | re.S
        )
        _, found = self.bind(tree.expression, self.statement.sql, self.statement.database)
        columns = results.named_columns(found)
        old = self.catalog.table(db, name)
        if old and old.get("TableType") != "VIRTUAL_VIEW":
            raise AthenaError(
                f"TABLE_ALREADY_EXISTS: line 1:1: '{db}.{name}' is a table, not a view"
            )
        if old and not tree.args.get("replace"):
            raise AthenaError(
                f"TABLE_ALREADY_EXISTS: line 1:1: View already exists: 'awsdatacatalog.{db}.{name}'"
            )
        definition = {
            "originalSql": body[1] if body else "",
            "catalog": "awsdatacatalog",
            "schema": self.statement.database,
            "columns": [{"name": n, "type": str(t)} for n, t in columns],
        }
        text = base64.b64encode(json.dumps(definition).encode()).decode()
        view = {
            "Name": name,
            "TableType": "VIRTUAL_VIEW",
            "PartitionKeys": [],
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
            "ViewOriginalText": f"/* Presto View: {text} */",
            "ViewExpandedText": "/* Presto View */",
            "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": _view_type(t)} for n, t in columns],
                "Location": "",
                "SerdeInfo": {},
            },
        }
        (self.catalog.glue.update_table if old else self.catalog.glue.create_table)(db, name, view)
        return Result("DDL", "CREATE_VIEW")

    def create_table_as(self, tree: exp.Create) -> Result:
        db, name = self.target(tree.this)
        if self.catalog.table(db, name):
            if tree.args.get("exists"):
                return Result("DDL", "CREATE_TABLE_AS_SELECT")
            raise AthenaError(
                "TABLE_ALREADY_EXISTS: line 1:1: Destination table "
                f"'awsdatacatalog.{db}.{name}' already exists"
            )
        options = table_options(tree)
        query, found = self.bind(tree.expression, self.statement.sql, self.statement.database)
        columns = results.named_columns(found)
        location = options.location or f"{self.statement.output_location}tables/{uuid.uuid4()}"
        location = location.rstrip("/") + "/"
        if next(self.catalog.objects(location), None):
            raise AthenaError(
                f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{db}.{name}' already "
                f"exists: {location}"
            )
        if (
            options.partitioned_by
            and [n for n, _ in columns][-len(options.partitioned_by) :] != options.partitioned_by
        ):
            raise AthenaError(
                "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the "
                "table and in the same order as the "
                f"table properties: {options.partitioned_by}"
            )
        if len(columns) == len(options.partitioned_by):
            raise AthenaError("INVALID_TABLE_PROPERTY: Table contains only partition columns")
        hive = [(n, _stored(n, t)) for n, t in columns]
        table = new_table(
            db, name, hive, len(options.partitioned_by), location, options.format, options.delimiter
        )
        if options.comment:
            table["Parameters"]["comment"] = options.comment
        picks = ", ".join(
            f"cast({serde.named(n)} as {glue_type(h).duck}) as {serde.named(n)}" for n, h in hive
        )
        shaped = (
            f"select {picks} from ({query}) as q({', '.join(serde.named(n) for n, _ in columns)})"
        )
        shaped += "" if options.has_data else " where false"
        count, partitions = self.write(shaped, table)
        self.catalog.glue.create_table(
            db, name, {k: v for k, v in table.items() if k != "DatabaseName"}
        )
        for values in partitions:
            self.catalog.add_partition(table, values)
        return Result("DDL", "CREATE_TABLE_AS_SELECT", update_count=count, scanned=self.finish())

    def insert(self, tree: exp.Insert) -> Result:
        into = tree.this
        node = into.this if isinstance(into, exp.Schema) else into
        db, name = self.home(node, self.statement.database, self.statement.sql)
        table = self.catalog.table(db, name)
        if table is None:
            raise AthenaError(
                f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{db}.{name}' does not exist"
            )
        if table.get("TableType") == "VIRTUAL_VIEW":
            raise AthenaError("NOT_SUPPORTED: line 1:1: Inserting into views is not supported")
        columns, keys = hive_columns(table)
        names = [n for n, _ in columns + keys]
        given = (
            [c.name.lower() for c in into.expressions] if isinstance(into, exp.Schema) else names
        )
        query, described = self.bind(
            tree.expression.unnest(), self.statement.sql, self.statement.database
        )
        for column in given:
            if column not in names:
                raise AthenaError(
                    "COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist in target "
                    f"table: {column}"
                )
            if given.count(column) > 1:
                raise AthenaError(
                    "DUPLICATE_COLUMN_NAME: line 1:1: Insert column name is specified more than "
                    f"once: {column}"
                )
        types = dict(columns + keys)
        wanted, got = [glue_type(types[c]) for c in given], [kind for _, kind in described]
        pairs = [(a, b) for a, b in zip(wanted, got, strict=False) if common(a, b) != a]
        if len(wanted) == len(got) and all(_is_cast(a, b) for a, b in pairs):
            for a, b in pairs:
                if a.name not in TIMES and not (a.is_whole and b.is_whole):
                    raise refused(f"to insert {b} into a column of {a}")
        else:
            raise AthenaError(
                "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: "
                f"[{', '.join(map(str, wanted))}], Query: [{', '.join(map(str, got))}]"
            )
        picks = ", ".join(
            f"cast({_fitting(n, t) if n in given else 'null'} as {glue_type(t).duck}) as "
            f"{serde.named(n)}"
            for n, t in columns + keys
        )
        shaped = f"select {picks} from ({query}) as q({', '.join(map(serde.named, given))})"
        count, partitions = self.write(shaped, table)
        for values in partitions:
            self.catalog.add_partition(table, values)
        return Result("DML", "INSERT", update_count=count, scanned=self.finish())

    def write(self, query: str, table: GlueTable) -> tuple[int, list[tuple[str, ...]]]:
        """Write rows as files under a table's location; how many, and the partitions they
        went to."""
        keys, out = [k["Name"] for k in table.get("PartitionKeys") or []], self.folder / "out"
        out.mkdir(parents=True)
        how, ending = copy_format(table)
        if keys:
            # as texts: DuckDB would take a column called session_user for its function
            named = ", ".join(map(serde.quoted, keys))
            to = (
                f"'{out}' ({how}, partition_by ({named}), filename_pattern 'part-{{uuid}}', "
                f"file_extension '{ending}')"
            )
        else:
            to = f"'{out}/part-{uuid.uuid4()}.{ending}' ({how})"
        self.plan_within_limit(query)
        with self.engine.writing(self.statement):
            count = int(self.execute(f"copy ({query}) to {to}").fetchall()[0][0])
        self.finish()
        files = [f for f in sorted(out.rglob("*")) if f.is_file()] if count else []
        values = {
            f: tuple(_partition_value(p) for p in f.relative_to(out).parts[:-1]) for f in files
        }
        if len(set(values.values())) > MAX_PARTITIONS:
            raise AthenaError(
                f"HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of {MAX_PARTITIONS} open "
                "writers for partitions/buckets. You may "
                "need to manually clean the data at location "
                f"'{table['StorageDescriptor']['Location']}' before retrying. Athena "
                "will not delete data in your account."
            )
        for file, partition in values.items():
            home = (
                partition_url(table, partition)
                if keys
                else table["StorageDescriptor"]["Location"].rstrip("/") + "/"
            )
            key = self.catalog.put(home + file.name, file.read_bytes())
            if ending == "parquet":
                file.rename(self.engine.objects / (key.etag.strip('"') + ".parquet"))
        return count, sorted(set(values.values())) if keys else []


def _seen(name: str, kind: str, hive: str) -> str:
    """A column as queries see it: a double that is no number fails the query that reads it, and a
    varchar(3) has the first three letters of what the objects hold."""
    column = serde.named(name)
    if limit := _limit(hive):
        return f"left({column}, {limit}) as {column}"
    return f"t_finite({column}) as {column}" if kind == DOUBLE.duck else column


def _is_cast(wanted: Type, given: Type) -> bool:
    """Does Athena cast what is inserted?"""
    if wanted.name in TIMES or wanted.is_number:
        return given.name in TIMES if wanted.name in TIMES else given.is_number
    same = wanted.name == given.name and len(wanted.of) == len(given.of) > 0
    return same and all(a == b or _is_cast(a, b) for a, b in zip(wanted.of, given.of, strict=True))


def _limit(hive: str) -> str:
    """The length of a varchar(3) as Glue writes it; empty where it has none."""
    found = re.fullmatch(r"varchar\((\d+)\)", hive.strip(), re.I)
    return found[1] if found else ""


def _fitting(name: str, hive: str) -> str:
    """A column as it is inserted: only spaces may be cut off."""
    limit, column = _limit(hive), serde.named(name)
    return f"t_fitting({column}, {limit})" if limit else column


def _stored(column: str, kind: Type) -> str:
    """A type as Glue keeps it for a column of a table."""
    if kind.name == "timestamp" and kind.sizes:
        raise AthenaError(
            f"NOT_SUPPORTED: Incorrect timestamp precision for {kind}; the configured precision is "
            f"MILLISECONDS; column name: {column}"
        )
    if kind.name == "row" and not all(kind.fields):
        raise AthenaError(
            "NOT_SUPPORTED: Anonymous row type is not supported in Hive. Please give each field a "
            f"name: {kind}"
        )
    for inner in kind.of:
        _stored(column, inner)
    return kind.hive


def _view_type(kind: Type) -> str:
    """A type as Glue writes it for a view, which may hold what no Hive table can."""
    if kind.name == "timestamp with time zone":
        return "timestamp"
    return "string" if kind.name in ("unknown", "interval day to second") else kind.hive


def _typed(keys: Sequence[tuple[str, str]]) -> list[str]:
    """Partition values as the columns of their table."""
    return [f"cast({OWN}p{i} as {t}) as {serde.named(n)}" for i, (n, t) in enumerate(keys)]


def _partition_value(folder: str) -> str:
    """What stands behind `name=` in the path of a written file; no text is NULL, as in Hive."""
    value = unquote(folder.partition("=")[2])
    if not re.fullmatch(r"[ -~]*", value):
        shown = value.encode().hex(" ").upper()
        raise AthenaError(
            "HIVE_INVALID_PARTITION_VALUE: Hive partition keys can only contain printable ASCII "
            f"characters (0x20 - 0x7E). Invalid value: {shown}"
        )
    return value or NULL_PARTITION


def _key(value: str) -> str | None:
    return None if value == NULL_PARTITION else value
