"""Access-log lines with what each field of them must come out as.

`sal_cases.jsonl` holds lines of other projects' own tests, `traps.jsonl` the traps on which their parsers
were found to differ, and some of our own. Each line: `line`, `expected` (field -> value, null for a dash;
null as a whole where the line must be quarantined) and where it is from. More files of the same form can
be named in CONFORMANCE_CASES, parted by colons.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

COLUMNS = {
    "bucket": "bucket_name",
    "time": "requested_at",
    "key": "object_key_raw",
    "total_time": "total_time_ms",
    "turn_around_time": "turn_around_time_ms",
}


@dataclass(frozen=True)
class Case:
    """A line and its fields by column, as Athena's API gives them: text, or None for null."""

    name: str
    line: str
    expected: dict[str, str | None] | None


def read_cases(path: Path) -> list[Case]:
    """The cases of one file, named after it."""
    rows = [json.loads(text) for text in path.read_text().splitlines() if text.strip()]
    return [
        Case(f"{path.stem}-{number:04}", row["line"], _expected(row["expected"]))
        for number, row in enumerate(rows, 1)
    ]


def _expected(fields: dict[str, Any] | None) -> dict[str, str | None] | None:
    if fields is None:
        return None
    return {COLUMNS.get(name, name): _as_text(name, value) for name, value in fields.items()}


def _as_text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if name == "time":
        return value.replace("T", " ").removesuffix("Z") + ".000"
    return str(value)


def all_cases() -> list[Case]:
    """The cases kept here and those that were named from outside."""
    named = [Path(path) for path in os.environ.get("CONFORMANCE_CASES", "").split(":") if path]
    paths = [HERE / "sal_cases.jsonl", HERE / "traps.jsonl", *named]
    return [case for path in paths for case in read_cases(path)]
