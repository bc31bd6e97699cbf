"""Repeat alone what Athena says may succeed later: S3 answers 503 SlowDown under many small objects.

dbt-athena repeats API calls that were throttled, but no query that failed. Airflow would repeat the
whole task, and every statement would scan its data again.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lacuna.lake import athena

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

log = logging.getLogger(__name__)

# S3 needs minutes to spread a busy prefix
_WAITS = (60.0, 240.0)
_MARK = "Athena: retryable"
_FAILED = frozenset({"error", "fail"})


def run(
    invoke: Callable[[Sequence[str]], dbtRunnerResult], arguments: Sequence[str]
) -> dbtRunnerResult:
    """Run a dbt command; then the models that failed for a transient cause, and those they held up.

    A model clears what it writes before it writes. So a repeated one leaves one copy.
    """
    _mark_retryable_failures()
    result = invoke(arguments)
    for wait in _WAITS:
        names = _to_repeat(result)
        if not names:
            break
        log.warning(
            "Athena failed for a transient cause; in %d s again: %s", wait, ", ".join(names)
        )
        time.sleep(wait)
        result = invoke(["build", "--select", *names])
    return result


def nodes(result: dbtRunnerResult) -> Sequence[Any]:
    """Return the results of a command, one for each model, seed or test; none if dbt did not start."""
    return getattr(result.result, "results", None) or ()


def failed(result: dbtRunnerResult) -> list[Any]:
    """Return the results that are failures."""
    return [node for node in nodes(result) if node.status in _FAILED]


def _to_repeat(result: dbtRunnerResult) -> list[str]:
    """Return what failed and what was skipped for it; nothing if a repetition cannot help."""
    failures = failed(result)
    if not failures or not all(_is_transient(str(node.message)) for node in failures):
        return []
    return [node.node.name for node in nodes(result) if node.status in {*_FAILED, "skipped"}]


def _is_transient(message: str) -> bool:
    return _MARK in message or athena.is_transient(message)


@functools.cache
def _mark_retryable_failures() -> None:
    """Let dbt's messages say what Athena said besides its words."""
    from dbt.adapters.athena.exceptions import AthenaQueryFailedError

    plain = AthenaQueryFailedError.__init__

    def marked(self: Any, athena_error: Any, reason: str | None = None) -> None:
        if athena_error.get("Retryable"):
            words = athena_error.get("ErrorMessage") or reason
            athena_error = {**athena_error, "ErrorMessage": f"{words} ({_MARK})"}
        plain(self, athena_error, reason)

    AthenaQueryFailedError.__init__ = marked
