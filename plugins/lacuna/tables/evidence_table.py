"""What an evidence table is: a name, a row type and partition keys; and its rows, read back.

The Glue types follow from the annotations of the row types, so writers, tables and tests cannot
differ.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")

_GLUE_TYPES: dict[object, str] = {
    str: "string",
    int: "bigint",
    bool: "boolean",
    datetime: "timestamp",
    date: "date",
    tuple[str, ...]: "array<string>",
}


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """A table of the evidence database and the type of its rows.

    `in_versions`: its partitions are days, and Glue says where the files of each lie.
    """

    name: str
    row: type
    partition_keys: tuple[str, ...]
    description: str
    in_versions: bool = False

    def columns(self) -> dict[str, str]:
        """Return the Glue type by column, in order, without the partition keys."""
        hints = typing.get_type_hints(self.row)
        return {field.name: _glue_type(hints[field.name]) for field in dataclasses.fields(self.row)}

    def partition_columns(self) -> dict[str, str]:
        """Return the Glue type by partition key, in order."""
        return dict.fromkeys(self.partition_keys, "date")


def read_back(row: type[Row], values: Mapping[str, Any]) -> Row:
    """Return a row as it was written. Columns that the file does not have yet are None."""
    hints = typing.get_type_hints(row)
    return row(**{name: _as_written(values.get(name), hint) for name, hint in hints.items()})


def _as_written(value: Any, hint: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, list):
        of: Callable[..., Any] = typing.get_args(hint)[0]
        return tuple(
            of(**{name: _as_written(part, None) for name, part in item.items()})
            if isinstance(item, dict)
            else item
            for item in value
        )
    return value


def _glue_type(hint: object) -> str:
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    items = typing.get_args(hint)
    if items and dataclasses.is_dataclass(items[0]):
        fields = typing.get_type_hints(items[0]).items()
        return f"array<struct<{','.join(f'{name}:{_glue_type(kind)}' for name, kind in fields)}>>"
    return _GLUE_TYPES[hint]
