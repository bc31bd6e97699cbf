"""One daily run, measured: memory, and of each step its seconds, statements and bytes scanned."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from bench.usage import Usage, measure
from sandbox.process import access

if TYPE_CHECKING:
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

MB = 1e6
MOST_IDS = 50  # of one BatchGetQueryExecution


class DayFailed(RuntimeError):
    """The daily run failed, so there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Step:
    """A task of a daily run, or all of them, and the statements that Athena got meanwhile."""

    name: str
    seconds: float
    statements: int
    scanned: int

    def figures(self) -> str:
        """Return the figures as a cell of a table."""
        statements = f"{self.statements} statement{'' if self.statements == 1 else 's'}"
        return f"{self.seconds:.1f} s, {statements}, {self.scanned / MB:,.1f} MB scanned"


@dataclass(frozen=True, slots=True)
class Day:
    """What the run of a day used on one engine, and its steps."""

    run: Usage
    steps: list[Step]

    def whole(self) -> Step:
        """Return the run as one step."""
        statements = sum(step.statements for step in self.steps)
        scanned = sum(step.scanned for step in self.steps)
        return Step("the whole daily run", self.run.wall, statements, scanned)


def run_day(environment: Mapping[str, str], day: date, folder: Path) -> Day:
    """Measure the daily run, together with the sandbox that answers it."""
    timings, log = folder / "timings", folder / "run.log"
    command = [sys.executable, "-m", "lacuna", "run", str(day), "--timings", str(timings)]
    usage = measure(command, environment, log, with_sandbox=True)
    if usage.exit_code:
        said = [line.strip() for line in log.read_text().splitlines() if line.strip()]
        cause = next((line for line in said if "  FAILED  " in line), *said[-1:])
        raise DayFailed(f"the daily run of {day} failed: {cause}")
    return Day(usage, steps(json.loads(timings.read_text()), executions(environment)))


def executions(environment: Mapping[str, str]) -> list[QueryExecutionTypeDef]:
    """Return every query execution that Athena remembers."""
    athena = boto3.client("athena", **access(environment))
    pages = athena.get_paginator("list_query_executions").paginate(WorkGroup="primary")
    ids = [one for page in pages for one in page["QueryExecutionIds"]]
    parts = [ids[at : at + MOST_IDS] for at in range(0, len(ids), MOST_IDS)]
    return [
        execution
        for part in parts
        for execution in athena.batch_get_query_execution(QueryExecutionIds=part)["QueryExecutions"]
    ]


def steps(
    timings: Sequence[Mapping[str, Any]], history: Sequence[QueryExecutionTypeDef]
) -> list[Step]:
    """Return the steps of a run, by what `lacuna run --timings` wrote and by Athena's history."""
    found = []
    for part in timings:
        began = datetime.fromisoformat(part["started_at"])
        ended = began + timedelta(seconds=part["seconds"])
        own = [one for one in history if began <= one["Status"]["SubmissionDateTime"] < ended]
        scanned = sum(one["Statistics"].get("DataScannedInBytes", 0) for one in own)
        name = f"{part['dag']}.{part['task']}"
        found.append(Step(name, part["seconds"], len(own), scanned))
    return found
