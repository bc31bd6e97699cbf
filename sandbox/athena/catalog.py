"""Moto's own Glue and S3 state, seen the way Athena sees it: tables, partitions, data files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from moto.core.exceptions import JsonRESTError
from moto.glue.models import glue_backends
from moto.s3.models import FakeKey

from sandbox.athena.errors import AthenaError
from sandbox.athena.moto_fixes import s3

GlueTable = dict[str, Any]
Columns = list[tuple[str, str]]  # name and Hive type
CATALOG = "awsdatacatalog"
OWN = "lacuna__"  # how the engine's own columns begin; whatever else has such a name is refused
SYMLINKS = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
JAVA_DATE = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
UNIT_DAYS = {"YEAR": 365, "MONTH": 30, "WEEK": 7, "DAY": 1, "HOUR": 1 / 24, "MINUTE": 1 / 1440}


@dataclass(frozen=True)
class DataFile:
    """One object of a table, with the values of its partition."""

    url: str
    size: int
    modified: datetime
    partition: tuple[str, ...]
    key: FakeKey

    @property
    def etag(self) -> str:
        return str(self.key.etag).strip('"')

    def read(self) -> bytes:
        return bytes(self.key.value)


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
    """The catalogue of one Region."""

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
        found = self.glue.get_table(table["DatabaseName"], table["Name"])
        return [p.as_dict() for p in list(found.partitions.values())]

    def add_partition(self, table: GlueTable, values: Sequence[str], location: str = "") -> bool:
        """Register a partition; False where it was there already."""
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
        bucket, prefix = split_url(location)
        if bucket not in s3.backend().buckets:
            raise AthenaError(
                f"HIVE_METASTORE_ERROR: The specified bucket does not exist: {location}"
            )
        prefix = prefix.rstrip("/") + "/" if prefix else ""
        for key in s3.current_keys(s3.backend().get_bucket(bucket), prefix):
            if key.size and not key.name.rsplit("/", 1)[-1].startswith(("_", ".")):
                yield f"s3://{bucket}/{key.name}", key

    def put(self, url: str, data: bytes) -> FakeKey:
        return s3.backend().put_object(*split_url(url), data, disable_notification=True)

    def files(
        self, table: GlueTable, static_columns: frozenset[str] = frozenset()
    ) -> list[DataFile]:
        """Every data file of a table. `static_columns`: those the query compares with constants."""
        storage, keys = table["StorageDescriptor"], table.get("PartitionKeys") or []
        if not keys:
            return list(self._files_at(storage, ()))
        if (table.get("Parameters") or {}).get("projection.enabled") == "true":
            return list(self._projected(table, static_columns))
        return [
            file
            for partition in self.partitions(table)
            for file in self._files_at(
                {**storage, **partition["StorageDescriptor"]}, partition["Values"]
            )
        ]

    def _files_at(self, storage: dict[str, Any], values: Sequence[str]) -> Iterator[DataFile]:
        found = self.objects(storage["Location"])
        if storage.get("InputFormat") == SYMLINKS:
            found = (entry for _, manifest in found for entry in self._linked(manifest))
        for url, key in found:
            yield data_file(url, key, values)

    @staticmethod
    def _linked(manifest: FakeKey) -> Iterator[tuple[str, FakeKey]]:
        """The objects a symlink manifest names, one URL a line. A name without an object
        fails, as in Athena."""
        buckets = s3.backend().buckets
        for url in manifest.value.decode().split("\n"):
            if not url.strip():
                continue
            bucket, name = split_url(url.strip())
            key = buckets[bucket].keys.get(name) if bucket in buckets else None
            if not isinstance(key, FakeKey):
                raise AthenaError(
                    f"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split {url}: NoSuchKey"
                )
            yield url.strip(), key

    def _projected(self, table: GlueTable, static_columns: frozenset[str]) -> Iterator[DataFile]:
        """Partition projection run backwards: every object is matched with the location
        template."""
        names, properties = [k["Name"] for k in table["PartitionKeys"]], table["Parameters"]
        template = properties.get("storage.location.template") or partition_url(
            table, [f"${{{name}}}" for name in names], escape=False
        )
        pattern = re.escape(template.rstrip("/"))
        allowed: dict[str, Callable[[str], bool]] = {}
        for name in names:
            part, allowed[name] = projection(name, properties, static_columns)
            pattern = pattern.replace(re.escape(f"${{{name}}}"), f"(?P<{name}>{part})", 1)
        match = re.compile(pattern + "/").match
        for url, key in self.objects(template.partition("${")[0].rpartition("/")[0]):
            found = match(url)
            if found and all(allowed[name](found[name]) for name in names):
                yield data_file(url, key, [found[name] for name in names])


def data_file(url: str, key: FakeKey, values: Sequence[str]) -> DataFile:
    return DataFile(url, key.size, key.last_modified, tuple(values), key)


def partition_url(table: GlueTable, values: Sequence[str], escape: bool = True) -> str:
    root = table["StorageDescriptor"]["Location"].rstrip("/")
    pairs = zip(table["PartitionKeys"], values, strict=True)
    return (
        "/".join([root, *(f"{k['Name']}={quote(v, safe=' ') if escape else v}" for k, v in pairs)])
        + "/"
    )


def projection(
    name: str, properties: dict[str, str], static_columns: frozenset[str]
) -> tuple[str, Callable[[str], bool]]:
    """A projected column's pattern in the location, and which of the values found there are
    in range."""
    kind = properties.get(f"projection.{name}.type", "").lower()
    span = properties.get(f"projection.{name}.range", "").split(",")
    if kind == "enum":
        values = {v.strip() for v in properties[f"projection.{name}.values"].split(",")}
        return "[^/]+", lambda v: v in values
    if kind == "integer":
        return r"-?\d+", lambda v: int(span[0]) <= int(v) <= int(span[1])
    if kind == "injected":
        if name not in static_columns:
            raise AthenaError(
                f"CONSTRAINT_VIOLATION: For the injected projected partition column {name}, "
                "the WHERE clause must "
                "contain only static equality conditions, and at least one such condition must "
                "be present."
            )
        return "[^/]+", lambda v: True
    if kind != "date":
        raise AthenaError(f"INVALID_TABLE_PROPERTY: no projection type for partition column {name}")
    java = properties[f"projection.{name}.format"]
    form = re.sub("|".join(JAVA_DATE), lambda m: JAVA_DATE[m[0]], java)
    low, high = (_bound(text, form) for text in span)
    pattern = re.sub(r"%[A-Za-z]", lambda m: r"\d{4}" if m[0] == "%Y" else r"\d{2}", form)
    return pattern, lambda v: low <= datetime.strptime(v, form) <= high


def _bound(text: str, form: str) -> datetime:
    """A limit of a projected range of dates: a date, or NOW with an offset (cut to what the
    format can say)."""
    if not text.strip().startswith("NOW"):
        return datetime.strptime(text.strip(), form)
    now = datetime.now(UTC).replace(tzinfo=None)
    for sign, count, unit in re.findall(r"([+-])\s*(\d+)\s*([A-Z]+?)S?(?=[+-]|\s*$)", text):
        now += timedelta(days=int(sign + count) * UNIT_DAYS[unit])
    return datetime.strptime(now.strftime(form), form)
