"""Try a detection with other settings on days that are in the lake. Nothing is written.

The SQL is the detection's own (dbt_project/macros/backtest.sql), so what is tried is what would run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lacuna.detections import Detection
from lacuna.lake import athena, publishing
from lacuna.lake.athena import Answer
from lacuna.lake.lake import Lake
from lacuna.steps import build

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

    from lacuna.settings import Settings

# With which days before a day is compared: lookback_days of dbt_project.yml
LOOKBACK_DAYS = 28


@dataclass(frozen=True, slots=True)
class Trial:
    """A detection, the first and the last day, and what is set otherwise than in its entry."""

    detection: Detection
    since: date
    until: date
    overrides: Mapping[str, str | float]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The query of a trial, and how many bytes the files have that it reads: Athena scans fewer."""

    sql: str
    most_bytes: int


def prepare(lake: Lake, settings: Settings, trial: Trial) -> Prepared:
    """Return the query, without sending it; raises BuildFailed."""
    name = trial.detection.name
    before = LOOKBACK_DAYS if trial.detection.history != "none" else 0
    first = trial.since - timedelta(days=before)
    days = [first + timedelta(days=n) for n in range((trial.until - first).days + 1)]
    variables = build.user_declared(lake, settings)
    overrides: dict[str, dict[str, str | float]] = variables.get("detections", {})
    stage = {"stage": "trial"}  # also what is off is tried
    overrides = overrides | {name: overrides.get(name, {}) | stage | dict(trial.overrides)}
    variables |= {"event_days": list(map(str, days)), "detections": overrides}
    jinja = f"{{{{ backtest('{name}', '{trial.since}', '{trial.until}') }}}}"
    sql, manifest, node = build.compiled(lake, jinja, variables)
    sizes = (
        number * publishing.bytes_to_read(lake, database, table, days)
        for (database, table), number in reads(manifest, node, sql).items()
    )
    return Prepared(sql, sum(sizes))


def answer(lake: Lake, prepared: Prepared) -> Answer:
    """Send the query: a row for each finding of the trial or of fct_findings, and its change."""
    return athena.ask(lake, prepared.sql)


def reads(manifest: Manifest, node: Any, sql: str) -> Counter[tuple[str, str]]:
    """Return how often a query names each table, and the tables behind the views that it names."""
    found: Counter[tuple[str, str]] = Counter()
    for read in _read_by(manifest, node):
        name = read.relation_name or ""
        times = max(sql.count(name), 1)
        if _is(read, "view"):
            for table, number in reads(manifest, read, "").items():
                found[table] += times * number
        else:
            found[read.schema, read.identifier] += times
    return found


def _read_by(manifest: Manifest, node: Any) -> Iterator[Any]:
    """Yield the tables and views that a node reads, also by way of ephemeral models, each once."""
    seen: set[str] = set()
    waiting = list(node.depends_on.nodes)
    for unique_id in waiting:
        read = manifest.nodes.get(unique_id) or manifest.sources[unique_id]
        if unique_id in seen:
            continue
        seen.add(unique_id)
        if _is(read, "ephemeral"):
            waiting.extend(read.depends_on.nodes)
        else:
            yield read


def _is(read: Any, materialized: str) -> bool:
    """Whether it is a model that is materialized so; seeds and sources are tables."""
    return bool(read.resource_type == "model" and read.config.materialized == materialized)
