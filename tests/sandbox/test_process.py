"""How processes that serve something start and end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.process import READY, PortTaken, refuse_taken, running
from tests.support import REPO

HANG = 120  # seconds; each test needs a few
FAREWELL = "\nThe sandbox is stopped, and what it held is gone.\n"
SERVE = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--account", "empty"]
# From the first signal on, every call that the main thread makes is interrupted by one more, the
# calls of the signal handler too: whatever lock a handler takes, the next signal finds it held.
STORM = """
import os, runpy, signal, sys
left = 500
def again(frame, event, argument):
    global left
    if left:
        left -= 1
        os.kill(os.getpid(), signal.SIGTERM)
def stormy(number, handler, install=signal.signal):
    install(number, lambda *signalled: (sys.setprofile(again), handler(*signalled)))
signal.signal = stormy
sys.argv = sys.argv[:1] + {arguments!r}
runpy.run_module("sandbox", run_name="__main__")
"""
TIDY = """
import time
from sandbox.process import interrupt_once
interrupt_once()
try:
    print("sandbox ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    time.sleep(1)
    print("tidied up", flush=True)
"""


def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is in use.*make sandbox PORT={port + 1}"):
            refuse_taken(port, "make sandbox PORT")
    refuse_taken(port, "make sandbox PORT")


@contextmanager
def ready(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """A process group that has printed that it is ready."""
    environment = os.environ | {"PYTHONPATH": f"{REPO}:{REPO / 'plugins'}"}
    with running(command, environment) as process:
        assert process.stdout is not None
        output = []
        for line in process.stdout:
            output.append(line)
            if line.startswith(READY):
                break
        else:
            pytest.fail("".join(output))
        yield process


def signalled(process: subprocess.Popen[str], sent: signal.Signals) -> tuple[int, str]:
    """Exit code and further output after the whole group got the signal many times in a row."""
    for _ in range(200):
        os.killpg(process.pid, sent)
    output, _ = process.communicate(timeout=HANG)
    return process.returncode, output


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_sandbox_ends_however_often_it_is_told_to(sent: signal.Signals) -> None:
    with ready(SERVE) as process:
        assert signalled(process, sent) == (0, FAREWELL)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_interrupts_the_handler_of_a_signal_is_harmless(sent: signal.Signals) -> None:
    storm = STORM.format(arguments=SERVE[3:])
    with ready([sys.executable, "-c", storm]) as process:
        process.send_signal(sent)
        assert process.communicate(timeout=HANG) == (FAREWELL, None)
        assert process.returncode == 0


def test_a_sandbox_that_make_started_ends_with_its_process_group(tmp_path: Path) -> None:
    """`make` forwards the SIGTERM that the sandbox has already got from the group."""
    rules = tmp_path / "Makefile"
    rules.write_text(f".PHONY: sandbox\nsandbox:\n\t@{' '.join(SERVE)}\n")
    with ready(["make", "-f", str(rules)]) as process:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=HANG)
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_later_signals_do_not_disturb_the_clean_up(sent: signal.Signals) -> None:
    with ready([sys.executable, "-c", TIDY]) as process:
        assert signalled(process, sent) == (0, "tidied up\n")
