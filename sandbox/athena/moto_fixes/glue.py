"""Corrections of moto's Glue: calls for column statistics answer (there are none), and filters of
GetPartitions take keys whose type has a size, such as varchar(3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import moto.glue.utils
from moto.glue.responses import GlueResponse

_cast = moto.glue.utils._cast


def _answer(content: dict[str, list[str]]) -> Callable[[GlueResponse], str]:
    return lambda _: json.dumps(content)


def _cast_sized(kind: str, value: Any) -> Any:
    return _cast(kind.partition("(")[0], value)


def install() -> None:
    moto.glue.utils._cast = _cast_sized
    for kind in ("table", "partition"):
        for verb in ("update", "delete"):
            setattr(GlueResponse, f"{verb}_column_statistics_for_{kind}", _answer({}))
        nothing = _answer({"ColumnStatisticsList": [], "Errors": []})
        setattr(GlueResponse, f"get_column_statistics_for_{kind}", nothing)
