"""What a run shows on a terminal, and how Ctrl-C ends it.

Airflow's log is written for a scheduler: a line per second while a retry waits, and a traceback for
each failed attempt. `lacuna.cli.runner` prints its own lines instead. To see Airflow's log lines,
set AIRFLOW__LOGGING__LOGGING_LEVEL and AIRFLOW__LOGGING__NAMESPACE_LEVELS.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import logging
import os
import select
import shutil
import signal
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self, TextIO

_PATIENCE = 10  # seconds in which queries are cancelled
_ECHO = 2.0  # seconds in which a second SIGTERM is the first one again, forwarded by `make`
_PAUSE = 5.0  # seconds of silence after which a line of progress is printed
_turns: list[TextIO] = []


class Interrupt:
    """Stop the run at the first Ctrl-C; end it at the second, or after some seconds.

    An exception alone does not stop it. Airflow takes KeyboardInterrupt for a failed attempt and
    tries again; dbt and PyAthena take it for a failed query and go on with the next one.

    The handler takes no lock. A signal can arrive while the run prints or handles another signal,
    and then that lock is already held. So the handler writes to the file descriptor.
    """

    def __init__(
        self,
        again: str = "What was written stays, and running the same day again is safe: it replaces "
        "what it builds only.",
    ) -> None:
        self._again = again
        self.asked = False
        self.running = False
        self.done: list[str] = []
        self._reported = False
        self._first, self._asked_at = int(signal.SIGINT), 0.0
        self._process = os.getpid()

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        if kind is KeyboardInterrupt:
            self.leave()

    def listen(self) -> None:
        """Handle Ctrl-C, SIGTERM and the end of the patience from here on."""
        signal.signal(signal.SIGINT, self._answer)
        # schedulers, containers and `timeout` stop a run with SIGTERM
        signal.signal(signal.SIGTERM, self._answer)
        signal.signal(signal.SIGALRM, self._answer)

    def leave(self) -> NoReturn:
        """Report how far the run came and end: threads may still wait for their queries."""
        self._report()
        end(128 + self._first)  # the code that shells use

    def _report(self) -> None:
        done = "nothing was done yet"
        if self.done:
            tasks = "1 task was" if len(self.done) == 1 else f"{len(self.done)} tasks were"
            done = f"{tasks} done, the last one {self.done[-1]}"
        _write(f"Interrupted: {done}. {self._again}\n")
        self._reported = True

    def _answer(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a process that a task has forked has nothing to report
            os._exit(128 + number)
        if self.asked:
            since = time.monotonic() - self._asked_at
            if number == self._first == signal.SIGTERM and since < _ECHO:
                return
            if not self._reported:
                self._report()
            os._exit(128 + self._first)
        self._first, self._asked_at = number, time.monotonic()
        self.asked = True
        _write("\nstopping …  (Ctrl-C again: at once)\n")
        if not self.running:
            # an importer turns an exception inside an import into an error of its own
            self._report()
            os._exit(128 + self._first)
        signal.alarm(_PATIENCE)
        raise KeyboardInterrupt


def _write(text: str) -> None:
    """Write to standard output without its lock; drop the text if the write would block."""
    with contextlib.suppress(OSError):  # the reader of the pipe is gone
        if select.select([], [1], [], 0)[1]:
            os.write(1, text.encode())


def end(code: int) -> NoReturn:
    """End the process without freeing what Airflow and dbt allocated: that takes seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    atexit._run_exitfuncs()
    os._exit(code)


def width() -> int | None:
    """Return the width of the terminal; None for a file or a pipe, which have none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fitted(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines as they are for a file or a pipe, and broken between words for a terminal."""
    most = width() or sys.maxsize
    for line in "\n".join(lines).split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        yield from textwrap.wrap(
            line.strip(),
            most,
            initial_indent=indent,
            subsequent_indent=indent + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]


@contextmanager
def loading_airflow() -> Iterator[None]:
    """Import Airflow inside this block: when no other run is under way, and with a short log."""
    wait_for_turn()
    before_airflow()
    yield
    after_airflow()


def wait_for_turn() -> None:
    """Wait until no other run is under way here: runs share Airflow's database and the lake.

    The lock is released when the process ends, for whatever reason.
    """
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    home.mkdir(parents=True, exist_ok=True)
    turn = (home / "lacuna.turn").open("w")
    _turns.append(turn)  # closing the file would release the lock
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("another run is under way here: this run starts when it ends", flush=True)
        fcntl.flock(turn, fcntl.LOCK_EX)


def before_airflow() -> None:
    """Set the log levels that Airflow reads when it is imported; values already set are kept."""
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    os.environ.setdefault(
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS",
        # tracebacks of attempts, whose causes `lacuna.cli.runner` prints; warnings that a run by
        # hand has no partition key
        "task=CRITICAL airflow.assets.manager=ERROR py.warnings=ERROR",
    )
    # the helper process of dbt's locks warns that an interrupted run did not return them
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")


def after_airflow() -> None:
    """Set what Airflow has no setting for: loggers of the standard library, and Lacuna's own."""
    logging.getLogger("airflow.sdk.definitions.dag").addFilter(
        lambda record: not str(record.msg).startswith("No tasks to run")
    )
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(logging.Formatter("    %(message)s"))
    lines.addFilter(_Sparing())
    own = logging.getLogger("lacuna")
    own.addHandler(lines)
    own.setLevel(logging.INFO)
    own.propagate = False
    # the summary of the day, or the plan and its result, says it better
    for name in ("lacuna.steps.check", "lacuna.steps.remediate"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


class _Sparing(logging.Filter):
    """Pass every warning, one line of progress after some seconds of silence, and its last line.

    A record that `ends` a progress passes if a line of that progress did: no count stops halfway.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last = time.monotonic()
        self._begun: set[str] = set()  # loggers whose progress was shown and has not ended

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        ends = getattr(record, "ends", False)
        if record.levelno <= logging.INFO:
            shown = record.name in self._begun if ends else now - self._last >= _PAUSE
            if not shown:
                return False
            (self._begun.discard if ends else self._begun.add)(record.name)
        self._last = now
        return True
