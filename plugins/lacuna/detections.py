"""The detections: the entries that stand beside their SQL in dbt_project/models/detections/.

To add one, see docs/adding-a-detection.md.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

PROJECT = Path(__file__).parents[2] / "dbt_project"
FOLDER = PROJECT / "models" / "detections"

SIGNALS = (
    "access_log",
    "data_events_read",
    "data_events_write",
    "management_events",
    "configuration",
)
SEVERITIES = ("informational", "low", "medium", "high", "critical")
# How the days before count
History = Literal["none", "baseline", "new", "unusual", "first_success"]
# What a user may set of a detection, beside numbers of its own
STAGES = ("live", "trial", "off")

# The family, and the names below it, in macros/detections.sql
_FAMILY = re.compile(r"'(\w+)': \[\n((?:\s+'\w+',\n)+)")
_NAME = re.compile(r"'(\w+)'")


class WrongEntry(ValueError):
    """An entry that does not say what it must; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detection's entry says of it. Texts are plain English; `evidence` is a condition of SQL.

    `needs`: of the signals of a part one is enough, and every part is needed. `history`: none, or how
    the days before count. `numbers` are the detection's own: whatever else the entry holds.
    """

    name: str
    family: str
    title: str
    question: str
    severity: str
    stage: str
    attack: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]
    unit: str
    history: History
    floor: float
    evidence: str
    summary: str
    means: str
    proof: str
    act: tuple[str, ...]
    quiet: str
    weakness: str
    numbers: Mapping[str, Any]
    factor: float | None = None
    confidence: str = "medium"
    evidence_table: str = "fct_object_requests"
    applies_to: str = "all"


def families() -> dict[str, list[str]]:
    """Return the names of the detections by family, in their order."""
    text = (PROJECT / "macros" / "detections.sql").read_text("utf-8")
    return {family: _NAME.findall(names) for family, names in _FAMILY.findall(text)}


@functools.cache
def every() -> tuple[Detection, ...]:
    """Return all detections in their order; raises WrongEntry for one that lacks something."""
    return tuple(
        entry(name, family, (FOLDER / f"{name}.yml").read_text("utf-8"))
        for family, names in families().items()
        for name in names
    )


def entry(name: str, family: str, text: str) -> Detection:
    """Return the detection of one entry, given as the text of its yml file."""
    (model,) = yaml.safe_load(text)["models"]
    meta = model["config"]["meta"]
    keys = [one for one in fields(Detection) if one.name not in ("name", "family", "numbers")]
    known = {one.name for one in keys}
    if missing := sorted({one.name for one in keys if one.default is MISSING} - meta.keys()):
        raise WrongEntry(f"{name}.yml does not say: {', '.join(missing)}")
    values = {key: _frozen(value) for key, value in meta.items() if key in known}
    numbers = {key: value for key, value in meta.items() if key not in known}
    found = Detection(name=name, family=family, numbers=numbers, **values)
    if problems := list(_problems(found, model)):
        raise WrongEntry(f"{name}.yml: {'; '.join(problems)}")
    return found


def _frozen(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _problems(found: Detection, model: Mapping[str, Any]) -> Sequence[str]:
    problems = []
    if model["name"] != found.name:
        problems.append(f"it is about {model['name']}")
    if found.severity not in SEVERITIES:
        problems.append(f"severity {found.severity} is none of {', '.join(SEVERITIES)}")
    if found.stage not in STAGES:
        problems.append(f"stage {found.stage} is none of {', '.join(STAGES)}")
    if found.history not in get_args(History):
        problems.append(f"history {found.history} is not known")
    if unknown := sorted({signal for part in found.needs for signal in part} - set(SIGNALS)):
        problems.append(f"signals {', '.join(unknown)} are not known")
    if not found.needs:
        problems.append("it needs no signal")
    if (found.history == "baseline") != (found.factor is not None):
        problems.append("a baseline has a factor, and nothing else has one")
    return problems
