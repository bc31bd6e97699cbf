"""A day of a small account: what a run asks of Athena when there is little to read."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

from bench.day_run import Step, run_day
from sandbox.process import serving

# Of a day after others; a first day has nothing to correct
DAYS = 2


def small_day_section(yesterday: date) -> list[str]:
    """Measure the second day of the demo's account; return the section of the report."""
    with tempfile.TemporaryDirectory(prefix="lacuna-bench-") as name:
        folder = Path(name)
        with serving("--days", str(DAYS), "--truth", str(folder / "truth")) as environment:
            for ago in reversed(range(DAYS)):
                day = run_day(environment, yesterday - timedelta(days=ago), folder)
    whole = day.whole()
    return [
        "## A day of a small account, after another\n",
        "Athena takes a second or more for each statement, the embedded engine a few hundredths.\n",
        "| step | seconds | statements | of all | MB scanned | of all |",
        "|---|---|---|---|---|---|",
        *(row(step, whole) for step in (whole, *day.steps)),
        "",
    ]


def row(step: Step, whole: Step) -> str:
    """Return a step's row of the table, with its share of the run."""
    return (
        f"| {step.name} | {step.seconds:.1f} | {step.statements} "
        f"| {step.statements / (whole.statements or 1):.0%} | {step.scanned / 1e6:.1f} "
        f"| {step.scanned / (whole.scanned or 1):.0%} |"
    )
