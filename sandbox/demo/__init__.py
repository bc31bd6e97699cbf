"""`make demo`: run every day of the simulated account, and compare the verdicts with the truth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO

from rich.console import Console

from lacuna.cli.summary import heading
from sandbox.demo import page, reading
from sandbox.demo.comparison import Row, compare
from sandbox.process import REPO, running, serving

# Kept when the sandbox is gone: what was planted, what the run printed, times, the whole comparison
KEPT = REPO / ".lacuna" / "demo"
TRUTH, TIMINGS, RUN_LOG, REPORT = (
    KEPT / name for name in ("truth.json", "timings.json", "run.log", "report.txt")
)
PATIENCE = 20  # seconds that an interrupted run may take to end
TAIL = 30  # lines of the log that are printed if the run fails

DETAIL = " " * 4  # how the lines of a run begin that say more about a task or a count


def run(seed: int, requests: int, until: date, days: int) -> int:
    """Run the demo in a new sandbox; return 1 if the truth and the run differ."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for old in (TRUTH, TIMINGS, RUN_LOG, REPORT):
        old.unlink(missing_ok=True)
    options = {"seed": seed, "requests": requests, "days": days, "truth": TRUTH.relative_to(REPO)}
    arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    began = time.monotonic()
    with serving(*arguments, echo=True) as environment:
        served = time.monotonic() - began
        code = run_days([until - timedelta(days=n) for n in reversed(range(days))], environment)
        if code:
            return code
        seconds = {"sandbox and simulated account": served, **parts(TIMINGS)}
        return judge(json.loads(TRUTH.read_text()), seconds, environment)


def run_days(days: Sequence[date], environment: Mapping[str, str]) -> int:
    """Start the daily run as its users do; return its exit code.

    A line per task and the counts of each day are printed. The whole output goes to RUN_LOG.
    """
    command = [sys.executable, "-m", "lacuna", "run", *map(str, days), "--timings", str(TIMINGS)]
    with RUN_LOG.open("w") as log, running(command, environment) as process:
        assert process.stdout is not None
        try:
            lines = _logged(process.stdout, log)
            for line in progress(lines, days[-1]):
                print(line, end="", flush=True)
            deque(lines, maxlen=0)  # the findings of the last day are only logged
            code = process.wait()
        except KeyboardInterrupt:
            process.terminate()  # the run is no member of this process group: Ctrl-C missed it
            with suppress(subprocess.TimeoutExpired):
                log.write(process.communicate(timeout=PATIENCE)[0])
            raise
    if code:
        print(f"\nThe daily run failed. The end of {_shown(RUN_LOG)}:")
        print("".join(RUN_LOG.read_text().splitlines(keepends=True)[-TAIL:]), end="")
    return code


def _logged(lines: Iterable[str], log: TextIO) -> Iterator[str]:
    for line in lines:
        log.write(line)
        yield line


def progress(lines: Iterable[str], last_day: date) -> Iterator[str]:
    """Yield a run's lines up to the counts of its last day, without details."""
    is_last = False
    for line in lines:
        is_last = is_last or line.rstrip() == heading(last_day)
        if is_last and not line.strip():
            return
        if not line.startswith(DETAIL):
            yield line


def parts(timings: Path) -> dict[str, float]:
    """Return how long each task took, for all days together, in the order in which they ran."""
    spent: Counter[str] = Counter()
    for part in json.loads(timings.read_text()):
        spent[f"{part['dag']}.{part['task']}"] += part["seconds"]
    return dict(spent)


def judge(truth: Row, seconds: Mapping[str, float], environment: Mapping[str, str]) -> int:
    """Compare a sandbox whose days were run with the truth; return 1 if they differ.

    Prints the short page, and writes the whole comparison to REPORT.
    """
    began = time.monotonic()
    lake = reading.lake_bucket(environment)
    comparison = compare(truth, reading.read(reading.athena(environment), truth, lake))
    seconds = {**seconds, "comparison with what was planted": time.monotonic() - began}
    KEPT.mkdir(parents=True, exist_ok=True)
    with REPORT.open("w") as file:
        page.write_report(Console(file=file, width=page.REPORT_WIDTH), comparison, seconds)
    files = {
        "the whole comparison": REPORT,
        "what was planted": TRUTH,
        "what each day's run found, in words": RUN_LOG,
    }
    page.show(
        Console(highlight=False),
        comparison,
        seconds,
        {what: _shown(path) for what, path in files.items() if path.exists()},
        day_of_a_lost_hour(truth),
    )
    return 0 if comparison.agrees else 1


def _shown(path: Path) -> str:
    return os.path.relpath(path)


def day_of_a_lost_hour(truth: Row) -> str:
    """Return a day on which a question about missing hours has an answer."""
    lost = (fault["event_day"] for fault in truth["faults"] if fault["kind"] == "hour_lost")
    return str(next(lost, truth["until"]))
