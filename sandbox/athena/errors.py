"""Why a query has no result: it fails, it cannot be parsed, or it was stopped."""

from __future__ import annotations


class AthenaError(Exception):
    """A query failed. The text is Athena's StateChangeReason."""

    @property
    def retryable(self) -> bool:
        """Whether Athena says that the same query may succeed later: S3 slowed it down."""
        return "Status Code: 503" in str(self)


class Malformed(AthenaError):
    """A statement cannot be parsed: StartQueryExecution rejects it, and no query starts."""


class Cancelled(Exception):
    """A query was stopped: by StopQueryExecution (no text), or by a limit of its workgroup
    (the text)."""

    def __init__(self, reason: str = "", scanned: int = 0) -> None:
        super().__init__(reason)
        self.scanned = scanned


def refused(what: str) -> AthenaError:
    """Athena may well answer this; the embedded engine could not be sure to answer alike."""
    return AthenaError(
        f"NOT_SUPPORTED: line 1:1: the sandbox's embedded engine refuses {what}: it could not be "
        "sure to answer as Athena does"
    )
