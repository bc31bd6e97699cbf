"""The sandbox as a process of its own, for the demo, the benchmark and the tests of whole runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

REPO = Path(__file__).parents[1]
READY = "sandbox ready"


class PortTaken(RuntimeError):
    """Something listens on the port already; the message says what to do."""


def refuse_taken(port: int, setting: str) -> None:
    """Raise PortTaken unless the port is free; `setting` is how another one is chosen."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTaken(
                f"port {port} is in use: end what listens there, or choose another one: "
                f"{setting}={port + 1}"
            ) from error


class SandboxDied(RuntimeError):
    """The sandbox ended before it was ready; the message holds what it printed."""


@contextmanager
def serving(*options: str, echo: bool = False) -> Iterator[dict[str, str]]:
    """A served sandbox, stopped at exit; yields this process's environment plus its exports.

    `options` are those of `python -m sandbox serve`; `echo` prints what it says while it starts.
    """
    with running([sys.executable, "-m", "sandbox", "serve", "--port", "0", *options]) as process:
        assert process.stdout is not None
        said, exports = [], {}
        for line in process.stdout:
            said.append(line)
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                exports[name] = value
            elif echo:
                print(f"sandbox: {line}", end="", flush=True)
            if line.startswith(READY):
                yield os.environ | exports
                return
        raise SandboxDied("".join(said))


class Access(TypedDict):
    """Keyword arguments of a client of boto3 or PyAthena."""

    region_name: str
    endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str


def access(environment: Mapping[str, str]) -> Access:
    """How a client in this process reaches the sandbox of an environment that is not its own."""
    return {
        "region_name": environment["AWS_DEFAULT_REGION"],
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str] | None = None, log: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process and all its children, ended as one group at exit; output to a pipe or to `log`."""
    out = log.open("a") if log else subprocess.PIPE
    process = subprocess.Popen(
        command,
        cwd=REPO,
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
    """SIGTERM to the whole process group, and SIGKILL to what is left of it."""
    for sign, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, sign)
            process.wait(wait)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
