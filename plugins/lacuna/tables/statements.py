"""What a statement of Athena is for: a comment in it says so, and Athena's history gives it back.

dbt's statements have the same comment, from dbt_project/macros/statement_origin.sql.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from lacuna.tables.evidence import RunCost

# Steps of statements that Lacuna did not send: in its own workgroup, and in those of analysts
BY_OTHERS, ANALYST = "by_others", "analyst"
# What Athena no longer changes
_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
WRITERS = frozenset({"CREATE_TABLE_AS_SELECT", "INSERT"})

_COMMENT = re.compile(
    r"--\s*(?:/\*\s*)?lacuna day=(\d{4}-\d\d-\d\d|) step=(\w+) kind=(\w+) model=(\w*)(?:\s*\*/)?\s*"
)
# Athena parses these by Hive, which does not take a comment at the end
_METADATA = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:show|describe|desc)\b", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sends a statement: the step of a run, or a person's command, which has no day.

    `kind` is query, suite, or dbt's own word (model, test, seed). `model` is the model or mart.
    """

    step: str
    day: date | None = None
    kind: str = "query"
    model: str = ""


def marked(query: str, origin: Origin | None) -> str:
    """Return the query with its origin at the end, where it moves no line of it."""
    if origin is None or _METADATA.match(query):
        return query
    words = f"day={origin.day or ''} step={origin.step} kind={origin.kind} model={origin.model}"
    return f"{query.rstrip().rstrip(';')}\n-- lacuna {words}"


def origin_of(query: str) -> Origin | None:
    """Return the origin that a statement names in its first or its last line; None if neither does."""
    lines = query.strip().splitlines() or [""]
    for line in (lines[0], lines[-1]):
        if found := _COMMENT.fullmatch(line.strip()):
            day, step, kind, model = found.groups()
            try:
                return Origin(step, date.fromisoformat(day) if day else None, kind, model)
            except ValueError:  # no day of the calendar
                return None
    return None


def has_ended(execution: Mapping[str, Any]) -> bool:
    """Whether an execution of Athena's history has ended, so that its figures are the last."""
    return execution["Status"]["State"] in _ENDED


def submitted_at(execution: Mapping[str, Any]) -> datetime:
    """Return when an execution of Athena's history was submitted."""
    moment: datetime = execution["Status"]["SubmissionDateTime"]
    return moment.astimezone(UTC)


def cost(
    execution: Mapping[str, Any], region: str, without_origin: str, rows_written: int | None
) -> tuple[date, RunCost]:
    """Return what an execution of Athena's history cost, and the day that it is counted under.

    That is the delivery day of its run, or the day on which it was submitted.
    """
    origin = origin_of(execution.get("Query", "")) if without_origin != ANALYST else None
    statistics, at = execution.get("Statistics", {}), submitted_at(execution)
    row = RunCost(
        statement_id=execution["QueryExecutionId"],
        workgroup=execution["WorkGroup"],
        region=region,
        step=origin.step if origin else without_origin,
        kind=origin.kind if origin else None,
        model=(origin.model or None) if origin else None,
        statement_type=execution.get("StatementType", ""),
        state=execution["Status"]["State"],
        submitted_at=at,
        bytes_scanned=statistics.get("DataScannedInBytes", 0),
        engine_ms=statistics.get("EngineExecutionTimeInMillis", 0),
        rows_written=rows_written,
    )
    return (origin and origin.day) or at.date(), row
