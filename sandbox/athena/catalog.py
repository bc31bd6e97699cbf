"""Moto's Glue and S3 as Athena sees them: tables, partitions, data files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from moto.core.exceptions import JsonRESTError
from moto.glue.models import glue_backends
from moto.s3.exceptions import AccessDeniedByLock
from moto.s3.models import FakeBucket, FakeKey

from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.faults import Call, FaultBook
from sandbox.athena.moto_fixes import s3

GlueTable = dict[str, Any]
Columns = list[tuple[str, str]]  # name and Hive type
CATALOG = "awsdatacatalog"
OWN = "sandbox__"  # how the engine's own columns begin; whatever else has such a name is refused
SYMLINKS = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def unreadable(url: str, code: str = "AccessDenied", status: int = 403) -> AthenaError:
    """The failure of a query that cannot read an object. Athena reads in its caller's name."""
    return AthenaError(
        f"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split {url}: {code} (Service: Amazon S3; "
        f"Status Code: {status}; Error Code: {code})"
    )


class Reading:
    """What S3 refuses to whoever started a query."""

    faults = FaultBook()


@dataclass(frozen=True)
class DataFile:
    """One object of a table, with the values of its partition."""

    url: str
    size: int
    modified: datetime
    partition: tuple[str, ...]
    key: FakeKey | AthenaError

    @property
    def etag(self) -> str:
        return str(self._found.etag).strip('"')

    def read(self) -> bytes:
        call = Call("s3", "GetObject", (self.url.partition("//")[2],), "s3")
        if fault := Reading.faults.met(call):
            raise unreadable(self.url, fault.error, fault.status)
        return bytes(self._found.value)

    @property
    def _found(self) -> FakeKey:
        """The object. What is missing fails a query that opens it, not one that skips its partition."""
        if isinstance(self.key, AthenaError):
            raise self.key
        return self.key


def hive_columns(table: GlueTable) -> tuple[Columns, Columns]:
    """Data columns and partition columns of a table, name and Hive type."""
    data, keys = table["StorageDescriptor"].get("Columns") or [], table.get("PartitionKeys") or []
    return [(c["Name"].lower(), c["Type"]) for c in data], [
        (c["Name"].lower(), c.get("Type", "string")) for c in keys
    ]


def split_url(url: str) -> tuple[str, str]:
    bucket, _, key = re.sub(r"^s3[an]?://", "", url).partition("/")
    return bucket, key


@dataclass(frozen=True)
class Catalog:
    """The catalog of one Region."""

    account: str
    region: str

    @property
    def glue(self) -> Any:
        return glue_backends[self.account][self.region]

    def databases(self) -> list[str]:
        return sorted(d.name for d in self.glue.get_databases())

    def tables(self, database: str) -> list[GlueTable]:
        return [t.as_dict() for t in self.glue.get_tables(database, None)]

    def table(self, database: str, name: str) -> GlueTable | None:
        try:
            return dict(self.glue.get_table(database.lower(), name.lower()).as_dict())
        except JsonRESTError:
            return None

    def partitions(self, table: GlueTable) -> list[dict[str, Any]]:
        stored = self.glue.get_table(table["DatabaseName"], table["Name"])
        return [p.as_dict() for p in list(stored.partitions.values())]

    def add_partition(self, table: GlueTable, values: Sequence[str], location: str = "") -> bool:
        """Register a partition. Return False if it was there already."""
        storage = dict(
            table["StorageDescriptor"], Location=location or partition_url(table, values)
        )
        partition = {"Values": list(values), "StorageDescriptor": storage, "Parameters": {}}
        try:
            self.glue.create_partition(table["DatabaseName"], table["Name"], partition)
        except JsonRESTError:
            return False
        return True

    def objects(self, location: str) -> Iterator[tuple[str, FakeKey]]:
        """Visible, non-empty objects below a table's or partition's location."""
        name, prefix = split_url(location)
        bucket = self._bucket(name, location)
        if bucket is None:
            raise AthenaError(
                f"HIVE_METASTORE_ERROR: The specified bucket does not exist: {location}"
            )
        prefix = prefix.rstrip("/") + "/" if prefix else ""
        for key in s3.current_keys(bucket, prefix):
            if key.size and not key.name.rsplit("/", 1)[-1].startswith(("_", ".")):
                yield f"s3://{name}/{key.name}", key

    def _bucket(self, name: str, url: str) -> FakeBucket | None:
        """A bucket that the caller's account may read; None if there is no such bucket."""
        if s3.owner_of(name) is None:
            return None
        try:
            return s3.backend(self.account).get_bucket(name)
        except AccessDeniedByLock:
            raise unreadable(url) from None

    def put(self, url: str, data: bytes) -> FakeKey:
        return s3.backend().put_object(*split_url(url), data, disable_notification=True)

    def files(self, table: GlueTable) -> list[DataFile]:
        """Every data file of a table."""
        storage, keys = table["StorageDescriptor"], table.get("PartitionKeys") or []
        if not keys:
            return list(self._files_at(storage, ()))
        refuse_projection(table)
        return [
            file
            for partition in self.partitions(table)
            for file in self._files_at(
                {**storage, **partition["StorageDescriptor"]}, partition["Values"]
            )
        ]

    def _files_at(self, storage: dict[str, Any], values: Sequence[str]) -> Iterator[DataFile]:
        location = storage["Location"]
        try:
            for url, key in self.objects(location):
                if storage.get("InputFormat") == SYMLINKS:
                    yield from self._linked(key, values)
                else:
                    yield data_file(url, key, values)
        except AthenaError as error:
            yield _missing(location, error, values)

    def _linked(self, manifest: FakeKey, values: Sequence[str]) -> Iterator[DataFile]:
        """The objects that a symlink manifest names, one URL a line. Athena, whose paths have no
        empty folders, finds no object that has one in its key."""
        for line in manifest.value.decode().split("\n"):
            url = line.rstrip("\r")
            if url:
                yield self._linked_file(url, values)

    def _linked_file(self, url: str, values: Sequence[str]) -> DataFile:
        name, path = split_url(url)
        try:
            bucket = self._bucket(name, url)
        except AthenaError as error:
            return _missing(url, error, values)
        key = bucket.keys.get(path) if bucket and "//" not in f"/{path}" else None
        if isinstance(key, FakeKey):
            return data_file(url, key, values)
        text = f"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split {url}: NoSuchKey"
        return _missing(url, AthenaError(text), values)


def data_file(url: str, key: FakeKey, values: Sequence[str]) -> DataFile:
    return DataFile(url, key.size, key.last_modified, tuple(values), key)


def _missing(url: str, error: AthenaError, values: Sequence[str]) -> DataFile:
    return DataFile(url, 0, datetime(1970, 1, 1, tzinfo=UTC), tuple(values), error)


def partition_value(value: str) -> str | None:
    """A partition's value as it is read: NULL has a name of its own in a path."""
    return None if value == NULL_PARTITION else value


def partition_url(table: GlueTable, values: Sequence[str]) -> str:
    """The folder of a partition whose location is nowhere else."""
    root = table["StorageDescriptor"]["Location"].rstrip("/")
    pairs = zip(table["PartitionKeys"], values, strict=True)
    return "/".join([root, *(f"{k['Name']}={quote(v, safe=' ')}" for k, v in pairs)]) + "/"


def refuse_projection(table: GlueTable) -> None:
    """Refuse a table that projects its partitions: Athena ignores those that Glue has of it."""
    if (table.get("Parameters") or {}).get("projection.enabled") == "true":
        raise refused("a table that projects its partitions")
