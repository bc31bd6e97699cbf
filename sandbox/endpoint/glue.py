"""The Glue calls that moto lacks: column statistics, which nobody here computes."""

from __future__ import annotations

import json
from collections.abc import Callable

from moto.glue.responses import GlueResponse


def _answer(content: dict[str, list[str]]) -> Callable[[GlueResponse], str]:
    return lambda _: json.dumps(content)


def install() -> None:
    for kind in ("table", "partition"):
        for verb in ("update", "delete"):
            setattr(GlueResponse, f"{verb}_column_statistics_for_{kind}", _answer({}))
        nothing = _answer({"ColumnStatisticsList": [], "Errors": []})
        setattr(GlueResponse, f"get_column_statistics_for_{kind}", nothing)
