"""Corrections of moto's Glue: calls for column statistics answer (there are none), filters of
GetPartitions take keys whose type has a size, such as varchar(3), and are no longer than on AWS, and a
call for several partitions or tables takes no more of them than AWS does."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import moto.glue.utils
from moto.core.exceptions import JsonRESTError
from moto.glue.responses import GlueResponse

_cast = moto.glue.utils._cast


def _answer(content: dict[str, list[str]]) -> Callable[[GlueResponse], str]:
    return lambda _: json.dumps(content)


def _cast_sized(kind: str, value: Any) -> Any:
    return _cast(kind.partition("(")[0], value)


# What one call takes, by its name and the argument that holds them
MOST = {
    ("batch_create_partition", "PartitionInputList"): 100,
    ("batch_update_partition", "Entries"): 100,
    ("batch_delete_partition", "PartitionsToDelete"): 25,
    ("batch_delete_table", "TablesToDelete"): 100,
}

LONGEST_EXPRESSION = 2048


def _limited(call: Callable[[GlueResponse], Any], argument: str, most: int) -> Any:
    @functools.wraps(call)
    def limited(self: GlueResponse) -> Any:
        if len(self.parameters.get(argument) or ()) > most:
            name = argument[0].lower() + argument[1:]
            raise JsonRESTError(
                "ValidationException",
                f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
                f"Member must have length less than or equal to {most}",
            )
        return call(self)

    return limited


def _short(call: Callable[[GlueResponse], str]) -> Any:
    @functools.wraps(call)
    def short(self: GlueResponse) -> str:
        if len(self.parameters.get("Expression") or "") > LONGEST_EXPRESSION:
            raise JsonRESTError(
                "ValidationException",
                "1 validation error detected: Value at 'expression' failed to satisfy constraint: "
                f"Member must have length less than or equal to {LONGEST_EXPRESSION}",
            )
        return call(self)

    return short


def install() -> None:
    for (name, argument), most in MOST.items():
        setattr(GlueResponse, name, _limited(getattr(GlueResponse, name), argument, most))
    GlueResponse.get_partitions = _short(GlueResponse.get_partitions)
    moto.glue.utils._cast = _cast_sized
    for kind in ("table", "partition"):
        for verb in ("update", "delete"):
            setattr(GlueResponse, f"{verb}_column_statistics_for_{kind}", _answer({}))
        nothing = _answer({"ColumnStatisticsList": [], "Errors": []})
        setattr(GlueResponse, f"get_column_statistics_for_{kind}", nothing)
