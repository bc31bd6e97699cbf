"""A day of a small account: what a run asks of Athena when there is little to read."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

from bench.day_run import Step, run_day
from sandbox.process import serving

# Of a day after others; a first day has nothing to correct
DAYS = 2
# Seconds that Athena takes for a statement that reads little
LATENCY = 2
BOUND = 240  # seconds


def small_day_section(yesterday: date) -> list[str]:
    """Measure the second day of the demo's account; return the section of the report."""
    whole, *steps = second_day(yesterday)
    slow, *_ = second_day(yesterday, LATENCY)
    return [
        "## A day of a small account, after another\n",
        "The embedded engine takes a few hundredths of a second for each statement. "
        f"With at least {LATENCY} s for each, as on Athena, the run takes {slow.seconds:.0f} s "
        f"(bound: {BOUND} s).\n",
        "| step | seconds | statements | of all | MB scanned | of all | $ |",
        "|---|---|---|---|---|---|---|",
        *(row(step, whole) for step in (whole, *steps)),
        "",
    ]


def second_day(yesterday: date, latency: float = 0) -> list[Step]:
    """Run two days of the demo's account; return the second run as a whole, and its steps."""
    with tempfile.TemporaryDirectory(prefix="lacuna-bench-") as name:
        folder = Path(name)
        options = ("--days", str(DAYS), "--truth", str(folder / "truth"))
        with serving(*options, "--latency", str(latency)) as environment:
            for ago in reversed(range(DAYS)):
                day = run_day(environment, yesterday - timedelta(days=ago), folder)
    return [day.whole(), *day.steps]


def row(step: Step, whole: Step) -> str:
    """Return a step's row of the table, with its share of the run."""
    return (
        f"| {step.name} | {step.seconds:.1f} | {step.statements} "
        f"| {step.statements / (whole.statements or 1):.0%} | {step.scanned / 1e6:.1f} "
        f"| {step.scanned / (whole.scanned or 1):.0%} | {step.usd:.4f} |"
    )
