"""How a signal ends a run, however often it arrives and whatever the run does at that moment."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import REPO

HANG = 60  # seconds; each test needs one or two

RUN = """
import sys, time
from lacuna.cli.terminal import Interrupt
interrupt = Interrupt()
interrupt.running = {running}
interrupt.done.append("snapshot.observe of 2026-03-01")
interrupt.listen()
try:
    print("begun", flush=True)
    {work}
except KeyboardInterrupt:
    time.sleep({cleanup})
    interrupt.leave()
"""


@contextmanager
def run(work: str, *, running: bool = True, cleanup: float = 0) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", RUN.format(running=running, work=work, cleanup=cleanup)],
        cwd=REPO,
        env=os.environ | {"PYTHONPATH": f"{REPO}:{REPO / 'plugins'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_with_what_was_done(sent: int, code: int, running: bool) -> None:
    with run("time.sleep(600)", running=running) as process:
        process.send_signal(sent)
        output, _ = process.communicate(timeout=HANG)
    assert process.returncode == code
    stopping, reported = output.split("\n")[1:3]
    assert stopping.startswith("stopping …")
    assert reported.startswith("Interrupted: 1 task was done, the last one snapshot.observe of")


def test_a_second_ctrl_c_ends_the_run_at_once() -> None:
    with run("time.sleep(600)", cleanup=600) as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "\n"
        assert process.stdout.readline().startswith("stopping …")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=HANG)
    assert (process.returncode, output.count("Interrupted: ")) == (130, 1)


def test_a_sigterm_that_make_forwards_does_not_cut_the_clean_up_short() -> None:
    with run("time.sleep(600)", cleanup=0.5) as process:
        for _ in range(20):
            process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=HANG)
    assert (process.returncode, output.count("Interrupted: ")) == (143, 1)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_run_ends_even_if_its_output_is_blocked(sent: int) -> None:
    """The signal arrives while `print` holds the stream's lock, and nobody reads the pipe."""
    with run("print('x' * 10_000_000, flush=True)", running=False) as process:
        select.select([process.stdout], [], [], HANG)  # the pipe has begun to fill
        process.send_signal(sent)
        assert process.wait(HANG) == 128 + sent
