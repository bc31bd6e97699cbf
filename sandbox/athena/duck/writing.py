"""Rows of a query as files under a table's location."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from urllib.parse import unquote

from sandbox.athena import serde
from sandbox.athena.catalog import NULL_PARTITION, GlueTable, partition_url
from sandbox.athena.definitions import copy_format
from sandbox.athena.duck import scans
from sandbox.athena.duck.run import Run, execute, scanned
from sandbox.athena.errors import AthenaError

MAX_PARTITIONS = 100
Partition = tuple[str, ...]


def write(run: Run, query: str, table: GlueTable) -> tuple[int, list[Partition]]:
    """Write rows as files under a table's location. Return how many rows, and the partitions that
    they went to."""
    keys = [k["Name"] for k in table.get("PartitionKeys") or []]
    folder = run.folder / "out"
    folder.mkdir(parents=True)
    options, ending = copy_format(table)
    if keys:
        # as texts: DuckDB would take a column called session_user for its function
        listed = ", ".join(map(serde.quoted, keys))
        to = (
            f"'{folder}' ({options}, partition_by ({listed}), filename_pattern 'part-{{uuid}}', "
            f"file_extension '{ending}')"
        )
    else:
        to = f"'{folder}/part-{uuid.uuid4()}.{ending}' ({options})"
    scans.plan(run, query)
    with run.database.writing(run.statement):
        count = int(execute(run, f"copy ({query}) to {to}").fetchall()[0][0])
    scanned(run)  # over the limit, nothing is kept
    partitions = _put(run, folder, table) if count else set()
    return count, sorted(partitions) if keys else []


def _put(run: Run, folder: Path, table: GlueTable) -> set[Partition]:
    """Upload the files of a folder. Return the partitions that they are in."""
    root = table["StorageDescriptor"]["Location"]
    files = {
        path: tuple(_partition_value(part) for part in path.relative_to(folder).parts[:-1])
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    partitions = set(files.values())
    if len(partitions) > MAX_PARTITIONS:
        raise AthenaError(
            f"HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of {MAX_PARTITIONS} open "
            "writers for partitions/buckets. You may "
            f"need to manually clean the data at location '{root}' before retrying. Athena "
            "will not delete data in your account."
        )
    for path, partition in files.items():
        home = partition_url(table, partition) if partition else root.rstrip("/") + "/"
        key = run.catalog.put(home + path.name, path.read_bytes())
        if path.suffix == ".parquet":
            path.rename(run.database.objects / (key.etag.strip('"') + ".parquet"))
    return partitions


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
