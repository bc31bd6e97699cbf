"""How the keys of a table's JSON are spelled, found out before its rows are read.

Hive reads `userIdentity` and `useridentity` as one column; DuckDB reads the spelling that it is
asked for. So the keys of every object are looked up first, a round for each level of nesting.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb

from sandbox.athena import serde
from sandbox.athena.catalog import OWN, DataFile
from sandbox.athena.duck.run import Run, Scan
from sandbox.athena.errors import AthenaError


def json_reader(run: Run, scan: Scan, columns: Sequence[tuple[str, str]]) -> serde.Reader:
    """A reader for JSON rows, once it is known how their keys are spelled."""
    properties = (scan.table["StorageDescriptor"].get("SerdeInfo") or {}).get("Parameters") or {}
    kind, spelled = serde.record_kind(columns, properties), serde.Spelled()
    fresh = serde.guessed_paths(kind)
    while True:
        fresh = fresh or [p for p in serde.key_paths(kind, spelled) if p not in spelled]
        if not fresh:
            return serde.json_reader(scan.reader, columns, properties, spelled)
        for path in fresh:
            spelled[path] = set()
        for path, key in _keys_at(run, scan, fresh):
            spelled[path].add(key)
        fresh = []


def _keys_at(run: Run, scan: Scan, paths: list[str]) -> set[tuple[str, str]]:
    """Every key of the objects at these paths of a table's JSON. Each content is read once."""
    known = run.database.keys
    fresh = [f for f in scan.files if any((f.etag, p) not in known for p in paths)]
    if fresh:
        by_url: dict[tuple[str, str], set[str]] = {(f.url, p): set() for f in fresh for p in paths}
        for url, *row in _rows_of_keys(run, scan, fresh, paths):
            for path, keys in zip(paths, row, strict=True):
                by_url[url, path].update(keys or ())
        for file in fresh:
            known |= {(file.etag, p): frozenset(by_url[file.url, p]) for p in paths}
    return {(p, k) for f in scan.files for p in paths for k in known[f.etag, p]}


def _rows_of_keys(
    run: Run, scan: Scan, files: list[DataFile], paths: list[str]
) -> list[tuple[str, *tuple[list[str], ...]]]:
    """The distinct lists of keys in each file: its URL, and the keys at each path."""
    run.connection.register("raw_keys", serde.Stream(files, scan.reader, len(scan.keys)))
    keys = [f"json_keys(_raw, {serde.quoted(p)})" for p in paths]
    keys = [f"flatten({k})" if "[*]" in p else k for k, p in zip(keys, paths, strict=True)]
    try:  # events of one shape have the same lists of keys: few rows are distinct
        rows = run.connection.execute(
            f"select distinct {OWN}path, {', '.join(keys)} from raw_keys where {serde.NOT_BLANK}"
        ).fetchall()
    except duckdb.InvalidInputException as error:
        bad = next((f.url for f in files if not _is_json(f)), None)
        raise AthenaError(
            f"HIVE_BAD_DATA: Error parsing JSON in {bad}: {str(error).splitlines()[0]}"
        ) from error
    run.connection.unregister("raw_keys")
    return [tuple(row) for row in rows]


def _is_json(file: DataFile) -> bool:
    try:
        for line in serde.content(file).splitlines():
            if line.strip():
                json.loads(line)
    except ValueError:
        return False
    return True
