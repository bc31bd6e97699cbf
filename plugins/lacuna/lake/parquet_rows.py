"""Rows of an evidence table as a Parquet file, and back."""

import dataclasses
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from lacuna.tables.evidence_table import EvidenceTable

# Times are stored in milliseconds, as Athena reads them
_ARROW_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms"),
    "date": pa.date32(),
}
# The types whose values Parquet takes as they are
_AS_IT_IS = frozenset({"string", "bigint", "boolean", "date"})

_ROWS_READ = 5_000


def to_bytes(table: EvidenceTable, rows: Sequence[object]) -> bytes:
    """Return a file of `rows`, which have the fields of the table's row type."""
    columns = table.columns()
    values = {}
    for name, kind in columns.items():
        column = map(attrgetter(name), rows)
        values[name] = list(column if kind in _AS_IT_IS else map(_stored, column))
    schema = pa.schema([(name, _arrow_type(kind)) for name, kind in columns.items()])
    content = io.BytesIO()
    parquet.write_table(pa.Table.from_pydict(values, schema), content)
    return content.getvalue()


def from_bytes(body: bytes, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file, some of them in memory at a time; `columns`: only these."""
    for batch in parquet.ParquetFile(io.BytesIO(body)).iter_batches(_ROWS_READ, columns=columns):
        yield from batch.to_pylist()


def _arrow_type(glue_type: str) -> pa.DataType:
    if glue_type.startswith("array<"):
        return pa.list_(_arrow_type(glue_type[len("array<") : -1]))
    if glue_type.startswith("struct<"):
        fields = (field.split(":") for field in glue_type[len("struct<") : -1].split(","))
        return pa.struct([(name, _arrow_type(kind)) for name, kind in fields])
    return _ARROW_TYPES[glue_type]


def _stored(value: object) -> object:
    """Convert a value for Parquet: tuples to lists, rows in them to dicts, times to UTC without a zone."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, tuple):
        return [_stored(item) for item in value]
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: _stored(getattr(value, field.name)) for field in fields}
    return value
