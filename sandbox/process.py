"""The sandbox as a separate process, for the demo, the benchmark and the tests of whole days."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TypedDict

REPO = Path(__file__).parents[1]
READY = "sandbox ready"
BEGIN = "begin with"  # how the line for a person who is to query the sandbox begins
INTERRUPTED = 128 + signal.SIGINT  # the exit code that shells use for Ctrl-C


def interrupt_once() -> None:
    """Make the first SIGINT or SIGTERM raise KeyboardInterrupt, and ignore every later one.

    A signal often arrives twice: `make` forwards one that its whole process group got. The second
    must not disturb the clean-up after the first. The handler sets a flag and takes no lock: a
    second signal can run it again inside itself, and would wait for that lock forever.
    """
    is_interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal is_interrupted
        if not is_interrupted:
            is_interrupted = True
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


class PortTaken(RuntimeError):
    """Another process listens on the port; the message says what to do."""


def refuse_taken(port: int, setting: str) -> None:
    """Raise PortTaken unless the port is free; `setting` names the variable that chooses it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTaken(
                f"port {port} is in use: stop the process that listens there, or choose another "
                f"port: {setting}={port + 1}"
            ) from error


class SandboxDied(RuntimeError):
    """The sandbox ended before it was ready; the message holds its output."""


@contextmanager
def serving(*options: str, echo: bool = False) -> Iterator[dict[str, str]]:
    """Serve a sandbox until exit; yields this process's environment plus the sandbox's exports.

    `options` are those of `python -m sandbox serve`. `echo` prints its output while it starts.
    """
    with running([sys.executable, "-m", "sandbox", "serve", "--port", "0", *options]) as process:
        assert process.stdout is not None
        output, exports = [], {}
        for line in process.stdout:
            output.append(line)
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                exports[name] = value
            elif echo and not line.startswith((READY, BEGIN)):
                print(f"sandbox: {line}", end="", flush=True)
            if line.startswith(READY):
                yield os.environ | exports
                return
        raise SandboxDied("".join(output))


class Access(TypedDict):
    """Keyword arguments of a client of boto3 or PyAthena."""

    region_name: str
    endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str


def access(environment: Mapping[str, str]) -> Access:
    """Return what a client in this process needs to reach the sandbox of `environment`."""
    return {
        "region_name": environment["AWS_DEFAULT_REGION"],
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }


@contextmanager
def running(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    folder: Path = REPO,
) -> Iterator[subprocess.Popen[str]]:
    """Run a process, and stop it and its children at exit; its output goes to a pipe or to `log`."""
    out = log.open("a") if log else subprocess.PIPE
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=out,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str], patience: float = 20.0) -> None:
    """Send SIGTERM to the whole process group, and SIGKILL to what is left of it."""
    for sign, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, sign)
            process.wait(wait)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
