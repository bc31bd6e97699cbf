"""The seam below the Athena API: an engine takes one statement and returns rows. Nothing here
knows which engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from .catalog import Catalog


class AthenaError(Exception):
    """A failed query. The text is what Athena puts into StateChangeReason."""


class Malformed(AthenaError):
    """A statement that is none: Athena's StartQueryExecution refuses what it cannot parse."""


class Cancelled(Exception):
    """A query that was stopped: by StopQueryExecution (no text), or by a limit of its
    workgroup (the text)."""

    def __init__(self, reason: str = "", scanned: int = 0) -> None:
        super().__init__(reason)
        self.scanned = scanned


class Cancellation:
    """Lets another thread stop a running statement."""

    def __init__(self) -> None:
        self._lock, self._actions, self.requested = (
            threading.Lock(),
            list[Callable[[], object]](),
            False,
        )

    def on_request(self, action: Callable[[], object]) -> None:
        """Call `action` when (or at once, if already) a stop is asked for."""
        with self._lock:
            self._actions.append(action)
            if not self.requested:
                return
        action()

    def request(self) -> None:
        with self._lock:
            self.requested, actions = True, list(self._actions)
        for action in actions:
            action()


@dataclass(frozen=True)
class Statement:
    """One statement with everything it needs to run."""

    sql: str
    database: str
    output_location: str
    catalog: Catalog
    parameters: tuple[str, ...] = ()
    bytes_cutoff: int | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True)
class Result:
    """What a statement gave: cells are Athena's text, None is NULL."""

    kind: str = "DML"
    subtype: str = ""
    columns: tuple[Column, ...] = ()
    rows: list[list[str | None]] = field(default_factory=list)
    update_count: int = 0
    scanned: int = 0
    written: tuple[str, ...] = ()  # the objects of an UNLOAD


class Engine(Protocol):
    """Runs queries, CTAS, INSERT and CREATE VIEW. Plain DDL never reaches an engine (see ddl)."""

    def run(self, statement: Statement) -> Result: ...

    def close(self) -> None: ...
