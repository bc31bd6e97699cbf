"""Run a command and measure it: wall time, CPU time, peak memory, exit code."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.process import REPO, running

INTERVAL = 0.05  # seconds between two samples of the memory
MIB, GIB = 2**20, 2**30


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command used: seconds, and the peak of its resident bytes."""

    wall: float
    cpu: float
    peak: int = 0
    exit_code: int = 0


def measure(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    *,
    folder: Path = REPO,
    with_sandbox: bool = False,
) -> Usage:
    """Run a command until it ends, with its output in `log`; print the log's end if it failed.

    CPU time and memory include the command's child processes. `with_sandbox` also counts the
    memory of the other processes that the benchmark started.
    """
    began, peak = time.monotonic(), 0
    with running(command, environment, log, folder) as process:
        while True:
            peak = max(peak, memory(None if with_sandbox else process.pid))
            pid, status, resources = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(INTERVAL)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(f"{command[0]} failed:\n{log.read_text()[-2000:]}")
    return Usage(wall, resources.ru_utime + resources.ru_stime, peak, process.returncode)


def memory(pid: int | None) -> int:
    """Return the resident bytes of a process and its descendants; None: of all that were started."""
    root = psutil.Process(pid)
    processes = root.children(recursive=True)
    if pid is not None:
        processes.append(root)
    total = 0
    for process in processes:
        with suppress(psutil.Error):  # it has ended
            total += process.memory_info().rss
    return total
