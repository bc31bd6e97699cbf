"""`make demo`: sandbox, simulated account, the daily run of its days, verdicts beside the truth."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from sandbox.demo import page, reading
from sandbox.demo.comparison import Row, compare
from sandbox.process import REPO, serving

# What was planted and how long it took, for a look at it when the sandbox is gone
KEPT = REPO / ".lacuna" / "demo"
PATIENCE = 20  # seconds


def run(seed: int, requests: int, until: date, days: int) -> int:
    """From an empty sandbox to the page; the exit code is 1 where truth and run differ."""
    KEPT.mkdir(parents=True, exist_ok=True)
    truth_file, timings_file = KEPT / "truth.json", KEPT / "timings.json"
    for old in (truth_file, timings_file):
        old.unlink(missing_ok=True)
    options = {
        "seed": seed,
        "requests": requests,
        "days": days,
        "truth": truth_file.relative_to(REPO),
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    began = time.monotonic()
    with serving(*arguments, echo=True) as environment:
        served = time.monotonic() - began
        wanted = [until - timedelta(days=n) for n in reversed(range(days))]
        code = run_days(wanted, timings_file, environment)
        if code:
            return code
        seconds = {"sandbox and simulated account": served, **parts(timings_file)}
        return judge(json.loads(truth_file.read_text()), seconds, environment)


def run_days(days: Sequence[date], timings: Path, environment: Mapping[str, str]) -> int:
    """The daily run as its users start it; its exit code."""
    command = [sys.executable, "-m", "lacuna", "run", *map(str, days), "--timings", str(timings)]
    with subprocess.Popen(command, cwd=REPO, env=dict(environment)) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # Ctrl-C was for both: the run says how far it came before the sandbox goes
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def parts(timings: Path) -> dict[str, float]:
    """How long each task took, all days together, in the order in which they ran."""
    spent: Counter[str] = Counter()
    for part in json.loads(timings.read_text()):
        spent[f"{part['dag']}.{part['task']}"] += part["seconds"]
    return dict(spent)


def judge(truth: Row, seconds: Mapping[str, float], environment: Mapping[str, str]) -> int:
    """Print the page for a sandbox whose days were run; 1 where something differs."""
    began = time.monotonic()
    lake = reading.lake_bucket(environment)
    comparison = compare(truth, reading.read(reading.athena(environment), truth, lake))
    seconds = {**seconds, "comparing with what was planted": time.monotonic() - began}
    page.show(Console(highlight=False), comparison, seconds, day_of_a_lost_hour(truth))
    return 0 if comparison.agrees else 1


def day_of_a_lost_hour(truth: Row) -> str:
    """A day on which a question about missing hours has an answer."""
    lost = (fault["event_day"] for fault in truth["faults"] if fault["kind"] == "hour_lost")
    return str(next(lost, truth["until"]))
