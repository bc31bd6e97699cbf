"""One daily run, measured: memory, and of each step its seconds, statements, bytes and dollars."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bench.usage import Usage, measure
from expectations.fct_object_requests import MARTS
from sandbox.demo.reading import athena
from sandbox.process import REPO

MB = 1e6
FOLDER = REPO / "dbt_project" / "models" / "findings"
FIGURES = ("seconds", "statements", "scanned", "usd")
COSTS = """
select step, sum(statements) as statements, sum(bytes_scanned) as scanned, sum(usd) as usd
from lacuna.fct_run_costs
where day = date '{day}'
group by step
"""
# MARTS are made for analysts, of the rows of fct_object_requests
SPAN = f"""
select
    min(first_submitted_at) as began,
    max(date_add('millisecond', cast(1000 * seconds as bigint), last_submitted_at)) as ended
from lacuna.fct_run_costs
where day = date '{{day}}' and kind in ('model', 'test') and model in {tuple(MARTS)}
"""
# Their expectations are in the suite of the table that they are made of
SUITE = """
select coalesce(sum(seconds), 0) as seconds
from lacuna.fct_run_costs
where day = date '{day}' and kind = 'suite' and model = 'fct_object_requests'
"""

# What the detections cost: their models, the tests of these and their suites
FINDINGS = f"""
select
    model, sum(seconds) as seconds, sum(statements) as statements, sum(bytes_scanned) as scanned,
    sum(usd) as usd
from lacuna.fct_run_costs
where day = date '{{day}}' and model in {tuple(sorted(path.stem for path in FOLDER.glob("**/*.sql")))}
group by model
order by model
"""


class DayFailed(RuntimeError):
    """The daily run failed, so there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Step:
    """A task of a daily run, or all of them: its statements, and what Athena charges for them.

    What count_costs and the summary send is known from the next run on, and is not among them.
    """

    name: str
    seconds: float
    statements: int
    scanned: int
    usd: float = 0.0

    def figures(self) -> str:
        """Return the figures as a cell of a table."""
        statements = f"{self.statements} statement{'' if self.statements == 1 else 's'}"
        scanned = f"{self.scanned / MB:,.1f} MB scanned"
        return f"{self.seconds:.1f} s, {statements}, {scanned}, ${self.usd:.4f}"


@dataclass(frozen=True, slots=True)
class Day:
    """What the run of a day used on one engine, and its steps.

    `analysts` are the seconds from the first statement that makes a mart for analysts to the end of the last
    that tests one, and those of their suite: at most what these marts cost. `findings` has each model of the
    detections with its tests and its suite; a statement may wait for others, so its seconds are at most its own.
    """

    run: Usage
    steps: list[Step]
    analysts: float = 0.0
    findings: Sequence[Step] = ()

    def whole(self) -> Step:
        """Return the run as one step."""
        statements = sum(step.statements for step in self.steps)
        scanned = sum(step.scanned for step in self.steps)
        usd = sum(step.usd for step in self.steps)
        return Step("the whole daily run", self.run.wall, statements, scanned, usd)

    def finding(self, name: str) -> Step:
        """Return a model of the detections."""
        return next(step for step in self.findings if step.name == name)

    def share_of_findings(self) -> float:
        """Return how much of the run the statements of the detections are, at most."""
        return sum(step.seconds for step in self.findings) / self.run.wall

    def times_without_analysts(self) -> float:
        """Return how many times the run without the marts for analysts takes, at most."""
        return self.run.wall / (self.run.wall - self.analysts)


def run_day(environment: Mapping[str, str], day: date, folder: Path) -> Day:
    """Measure the daily run, together with the sandbox that answers it."""
    timings, log = folder / "timings", folder / "run.log"
    command = [sys.executable, "-m", "lacuna", "run", str(day), "--timings", str(timings)]
    usage = measure(command, environment, log, with_sandbox=True)
    if usage.exit_code:
        said = [line.strip() for line in log.read_text().splitlines() if line.strip()]
        cause = next((line for line in said if "  FAILED  " in line), *said[-1:])
        raise DayFailed(f"the daily run of {day} failed: {cause}")
    query = athena(environment)
    (span,) = query(SPAN.format(day=day))
    (suite,) = query(SUITE.format(day=day))
    analysts = (span["ended"] - span["began"]).total_seconds() + suite["seconds"]
    costs = query(COSTS.format(day=day))
    found = [
        Step(row["model"], *(row[name] or 0 for name in FIGURES))
        for row in query(FINDINGS.format(day=day))
    ]
    return Day(usage, steps(json.loads(timings.read_text()), costs), analysts, found)


def steps(timings: Sequence[Mapping[str, Any]], costs: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Return the steps of a run, by what `lacuna run --timings` wrote and by fct_run_costs."""
    by_step = {row["step"]: row for row in costs}
    found = []
    for part in timings:
        cost = by_step.get(part["task"], {})
        figures = (cost.get(name) or 0 for name in FIGURES[1:])
        found.append(Step(f"{part['dag']}.{part['task']}", part["seconds"], *figures))
    return found
