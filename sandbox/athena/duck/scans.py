"""Which objects a query reads, and how: chosen by the filters that reach each table.

The query is planned over empty relations first. DuckDB's optimiser shows in its plan which filters
reach which table; the path, size, time and partition of an object decide if it can match.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pyarrow as pa

from sandbox.athena import results, serde
from sandbox.athena.catalog import OWN, DataFile, hive_columns, partition_value
from sandbox.athena.duck import pruning
from sandbox.athena.duck.database import Shape
from sandbox.athena.duck.json_keys import json_reader
from sandbox.athena.duck.run import PSEUDO, Run, Scan, check_limit

LOCAL = f"{OWN}local"  # the name of an object's local copy
NUMBER = f"{OWN}no"


def plan(run: Run, query: str) -> None:
    """Choose the objects that each table reads; then let the tables be real."""
    if run.scans:
        filters = _filters(run, query)
        for view in run.views.values():
            run.connection.execute(view)
        for scan in run.scans.values():
            _make_real(run, scan, filters.get(scan.name))
    check_limit(run)


def _filters(run: Run, query: str) -> dict[str, list[list[str]]]:
    """The filters that reach each table, by its name: a list for each time it is read."""
    for strict, lenient in run.lenient.items():
        query = query.replace(strict, lenient)
    filters: dict[str, list[list[str]]] = {}
    for node in json.loads(run.database.plan(run.connection, query)):
        pruning.collect(node, [], filters, pruning.words(*run.given))
    return filters


def _make_real(run: Run, scan: Scan, uses: list[list[str]] | None) -> None:
    """Put a relation over objects in the place of a table's empty one."""
    files = _chosen(run, scan, uses)
    run.connection.execute(f"drop table {scan.name}")
    if scan.reader.raw == serde.PARQUET:
        _parquet(run, scan, files)
        return
    if not scan.reader.columns:
        scan.files = files  # a file that the query leaves out may well be broken
        scan.reader = json_reader(run, scan, hive_columns(scan.table)[0])
    _text(run, scan, files)


def _chosen(run: Run, scan: Scan, uses: list[list[str]] | None) -> list[DataFile]:
    """The files that can hold a row that passes the filters of some use of the table."""
    if uses is None:
        return []
    if not scan.files or not all(uses):
        return scan.files
    data: dict[str, Any] = {
        f"{OWN}p{i}": [partition_value(f.partition[i]) for f in scan.files]
        for i in range(len(scan.keys))
    }
    facts = [(f.url, f.size, f.modified, i) for i, f in enumerate(scan.files)]
    data |= dict(zip([*PSEUDO, NUMBER], zip(*facts, strict=True), strict=True))
    run.connection.register("raw_files", pa.table(data))
    keys = ", ".join(["*", *_typed_keys(scan)])
    run.connection.execute(f"create or replace temp view files as select {keys} from raw_files")
    kept: set[int] = set()
    data_names = pruning.words(*(n for n, _ in scan.columns))
    for conditions in uses:
        # a column's name may be a word that means something else to DuckDB, as in (user = 'x')
        usable = [c for c in conditions if not pruning.words(c) & data_names and _binds(run, c)]
        where = " and ".join(f"({c}) is not false" for c in usable) or "true"
        rows = run.connection.execute(f"select {NUMBER} from files where {where}").fetchall()
        kept |= {row[0] for row in rows}
    run.connection.unregister("raw_files")
    return [f for i, f in enumerate(scan.files) if i in kept]


def _binds(run: Run, condition: str) -> bool:
    """Can a filter be judged by a file's path and partition alone?"""
    try:
        run.connection.execute(f"select 1 from files where {condition} limit 0")
    except duckdb.Error:
        return False
    return True


def _typed_keys(scan: Scan) -> list[str]:
    """Partition values as the columns of their table."""
    return [f"cast({OWN}p{i} as {t}) as {serde.named(n)}" for i, (n, t) in enumerate(scan.keys)]


def _text(run: Run, scan: Scan, files: list[DataFile]) -> None:
    """A relation over the lines or documents of objects."""
    scan.stream = serde.Stream(files, scan.reader, len(scan.keys))
    run.connection.register(f"{scan.name}_raw", scan.stream)
    cells = [f"{cell} as {serde.named(n)}" for n, cell in scan.reader.columns]
    picks = ", ".join([*cells, *_typed_keys(scan), *PSEUDO])
    source = scan.reader.source.replace("{raw}", f"{scan.name}_raw")
    run.connection.execute(f"create temp view {scan.name} as select {picks} from {source}")


def _parquet(run: Run, scan: Scan, files: list[DataFile]) -> None:
    """A relation over local copies; one branch for each set of columns found in the files."""
    scan.read = files
    groups: dict[Shape, list[DataFile]] = {}
    for file in files:
        groups.setdefault(run.database.shape(file), []).append(file)
    keys = [f"{OWN}p{i}" for i in range(len(scan.keys))]
    facts: dict[str, list[Any]] = {c: [] for c in (LOCAL, *keys, *PSEUDO)}
    picked = [*_typed_keys(scan), *PSEUDO]
    branches = []
    for number, (shape, members) in enumerate(groups.items()):
        inside = {n.lower(): (n, t) for n, t in shape}
        cells = [_cell(n, t, inside.get(n), members[0]) for n, t in scan.columns]
        links = _links(run, f"{scan.name}-{number}", members)
        for link, file in zip(links, members, strict=True):
            values = [partition_value(value) for value in file.partition]
            row = [link, *values, file.url, file.size, file.modified]
            for column, value in zip(facts, row, strict=True):
                facts[column].append(value)
        branches.append(
            f"select {', '.join(cells + picked)} from read_parquet({links!r}, filename='{LOCAL}') r "
            f"join {scan.name}_files k using ({LOCAL})"
        )
    if not branches:
        nothing = [f"cast(null as {t}) as {serde.named(n)}" for n, t in scan.columns]
        branches = [f"select {', '.join(nothing + picked)} from {scan.name}_files"]
    arrays = {c: pa.array(v, serde.KNOWN.get(c, pa.string())) for c, v in facts.items()}
    run.connection.register(f"{scan.name}_files", pa.table(arrays))
    run.connection.execute(f"create temp view {scan.name} as {' union all '.join(branches)}")


def _links(run: Run, name: str, files: list[DataFile]) -> list[str]:
    """A link to each local copy: two objects may have the same content."""
    folder = run.folder / "links"
    folder.mkdir(exist_ok=True)
    links = [folder / f"{name}-{number}.parquet" for number in range(len(files))]
    for link, file in zip(links, files, strict=True):
        link.symlink_to(run.database.local_copy(file))
    return list(map(str, links))


def _cell(name: str, kind: str, inside: tuple[str, str] | None, file: DataFile) -> str:
    """A column of a table out of a Parquet file, where it has a name and a type of its own."""
    if inside is None:
        return f"cast(null as {kind}) as {serde.named(name)}"
    source = serde.named(inside[0])
    if not results.compatible(inside[1], kind):
        why = (
            f"HIVE_BAD_DATA: Field {name}'s type {inside[1].upper()} in parquet file "
            f"{file.url} is incompatible with type {kind} "
            "defined in table schema"
        )
        source = f"t_fail({serde.quoted(why)})"  # only a query that reads the column fails
    if kind == "timestamp":
        source = f"cast({source} as timestamp_ms)"
    return f"cast({source} as {kind}) as {serde.named(name)}"
