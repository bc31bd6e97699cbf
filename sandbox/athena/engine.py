"""The seam below the Athena API: an engine takes a statement and returns rows."""

from __future__ import annotations

import marshal
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.athena.catalog import Catalog

Row = list[str | None]  # cells as Athena's text, None is NULL


class Cancellation:
    """Lets another thread stop a running statement."""

    def __init__(self) -> None:
        self._lock, self._actions, self.requested = (
            threading.Lock(),
            list[Callable[[], object]](),
            False,
        )

    def on_request(self, action: Callable[[], object]) -> None:
        """Call `action` when a stop is requested; at once if it was requested before."""
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


class Rows:
    """The rows of a result, compressed by the thousand.

    A result stays as long as the sandbox. As Python's lists, a large result takes many times its
    size.
    """

    PAGE = 1000

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._packed, self._last = list[bytes](), list[Row]()
        self.extend(rows)

    def extend(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._last.append(row)
            if len(self._last) == self.PAGE:
                self._packed.append(zlib.compress(marshal.dumps(self._last), 1))
                self._last = []

    def __len__(self) -> int:
        return len(self._packed) * self.PAGE + len(self._last)

    def __iter__(self) -> Iterator[Row]:
        for number in range(len(self._packed) + 1):
            yield from self._page(number)

    def between(self, start: int, end: int) -> list[Row]:
        """The rows from number `start` up to, and without, number `end`."""
        first = start // self.PAGE
        pages = range(first, min(max(end - 1, 0) // self.PAGE, len(self._packed)) + 1)
        rows = [row for number in pages for row in self._page(number)]
        return rows[start - first * self.PAGE : max(end - first * self.PAGE, 0)]

    def _page(self, number: int) -> list[Row]:
        if number == len(self._packed):
            return self._last
        page: list[Row] = marshal.loads(zlib.decompress(self._packed[number]))
        return page


@dataclass(frozen=True)
class Result:
    """What a statement gave."""

    kind: str = "DML"
    subtype: str = ""
    columns: tuple[Column, ...] = ()
    rows: Rows = field(default_factory=Rows)
    update_count: int = 0
    scanned: int = 0


class Engine(Protocol):
    """Runs queries, CTAS, INSERT and CREATE VIEW. Plain DDL never reaches an engine (see ddl)."""

    def run(self, statement: Statement) -> Result: ...

    def check(self, statement: Statement) -> None:
        """Raise `Malformed` if the text is no statement. Run nothing."""

    def close(self) -> None: ...
