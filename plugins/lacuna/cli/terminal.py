"""What a person at a terminal sees of a run, and how Ctrl-C ends it.

Airflow speaks to whoever runs a scheduler: a line a second while a retry waits, a traceback for
each failed try. `lacuna.cli.runner` tells what happened in its own lines instead. Whoever wants Airflow's
own sets AIRFLOW__LOGGING__LOGGING_LEVEL and AIRFLOW__LOGGING__NAMESPACE_LEVELS.
"""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

_PATIENCE = 10  # seconds that queries have to be cancelled in
_PAUSE = 5.0  # seconds of silence after which a line of progress is welcome
_turns: list[TextIO] = []


class Interrupt:
    """The first Ctrl-C asks the run to stop; the second, or some seconds, end it.

    Asking is not enough: Airflow takes KeyboardInterrupt for a failed try and would try again,
    dbt and PyAthena for a failed query and would go on with the next one.
    """

    def __init__(
        self,
        again: str = "What was written stays, and running the same day again is safe: it replaces "
        "its own day only.",
    ) -> None:
        self._again = again
        self.asked = False
        self.running = False
        self.done: list[str] = []
        self._told = False
        self._process = os.getpid()
        self._code = 128 + signal.SIGINT  # as shells have it: 128 and the signal's number

    def listen(self) -> None:
        """From here on Ctrl-C is answered by this interrupt."""
        signal.signal(signal.SIGINT, self._answer)
        # schedulers, containers and `timeout` end a run so
        signal.signal(signal.SIGTERM, self._answer)
        signal.signal(signal.SIGALRM, self._answer)

    def leave(self) -> NoReturn:
        """Say how far the run came, tidy up, and end: threads may wait for their queries."""
        self._tell()
        end(self._code)

    def _tell(self) -> None:
        self._told = True  # first: another signal may come while this is printed
        done = "nothing was done yet"
        if self.done:
            tasks = "1 task was" if len(self.done) == 1 else f"{len(self.done)} tasks were"
            done = f"{tasks} done, the last one {self.done[-1]}"
        print(f"Interrupted: {done}. {self._again}", flush=True)

    def _answer(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a process that a task has forked: it has nothing to tell
            os._exit(128 + number)
        if self.asked:
            if not self._told:
                self._tell()
            os._exit(self._code)
        self.asked = True
        self._code = 128 + number
        print("\nstopping …  (Ctrl-C again: at once)", flush=True)
        if not self.running:
            # an exception in the midst of an import ends in whatever error the importer makes of it
            self._tell()
            os._exit(self._code)
        signal.alarm(_PATIENCE)
        raise KeyboardInterrupt


def end(code: int) -> NoReturn:
    """End the process without freeing what Airflow and dbt have made: that takes seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    atexit._run_exitfuncs()
    os._exit(code)


def wait_for_turn() -> None:
    """Let a run that is under way here end first: Airflow's database is one, and so is the lake.

    The turn ends with the process, however it ends.
    """
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    home.mkdir(parents=True, exist_ok=True)
    turn = (home / "lacuna.turn").open("w")
    _turns.append(turn)  # closed, it would be over
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("another run is under way here: this one begins when it ends", flush=True)
        fcntl.flock(turn, fcntl.LOCK_EX)


def before_airflow() -> None:
    """Levels that Airflow reads when it is imported; what the environment says already stands."""
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    os.environ.setdefault(
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS",
        # tracebacks of tries, whose causes `lacuna.cli.runner` prints; that runs by hand have no
        # partition key
        "task=CRITICAL airflow.assets.manager=ERROR py.warnings=ERROR",
    )
    # for the helper process of dbt's locks: that an interrupted run did not return them
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")


def after_airflow() -> None:
    """What Airflow has no setting for: its loggers of the standard library, and Lacuna's own."""
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
    # the summary of the day, or the plan and what became of it, says it better
    for name in ("lacuna.steps.check", "lacuna.steps.remediate"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


class _Sparing(logging.Filter):
    """Warnings always; of mere progress one line after some seconds of silence."""

    def __init__(self) -> None:
        super().__init__()
        self._last = time.monotonic()

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if record.levelno <= logging.INFO and now - self._last < _PAUSE:
            return False
        self._last = now
        return True
