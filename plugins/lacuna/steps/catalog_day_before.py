"""What the run of the day before proved of CloudTrail's objects, also if they are gone since.

The first digests of a day name files of the day before, and its last digest. A lifecycle rule may
have deleted these before the day is run for the first time.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Any

from lacuna.lake.lake import Lake
from lacuna.steps import catalog_absent_digests, day_states
from lacuna.steps.catalog_absent_digests import ChainEnd
from lacuna.steps.catalog_trail_files import ChainKey
from lacuna.tables.evidence import LOG_OBJECTS, TRAIL_DIGESTS
from lacuna.trail.digests import DigestFile


class DayBefore:
    """The evidence of the day before `day`. Most days need no more of it than its digests."""

    def __init__(self, lake: Lake, day: date) -> None:
        self._lake, self._day = lake, day - timedelta(days=1)

    @cached_property
    def chain_ends(self) -> dict[ChainKey, ChainEnd]:
        """Up to when each chain was judged."""
        return catalog_absent_digests.last_ends(self._digests)

    def read_hash(self, log_object: str) -> str | None:
        """Return the hash of the content of a trail file that was read and parsed."""
        return self._hashes.get(log_object)

    def trusted_digest(self, log_bucket: str, object_key: str) -> DigestFile | None:
        """Return a digest that was trusted: its signature, which covers the content."""
        signature = self._signatures.get((log_bucket, object_key))
        return DigestFile(log_bucket, object_key, None, signature) if signature else None

    @cached_property
    def _is_parsed(self) -> bool:
        # Else the events of a file that is gone are in no table
        return day_states.is_parsed(self._lake, self._day)

    @cached_property
    def _digests(self) -> list[dict[str, Any]]:
        return self._lake.read(TRAIL_DIGESTS, {"delivered_on": self._day})

    @cached_property
    def _hashes(self) -> dict[str, str]:
        if not self._is_parsed:
            return {}
        columns = ["log_object", "content_sha256", "readable"]
        return {
            row["log_object"]: row["content_sha256"]
            for row in self._lake.read(LOG_OBJECTS, {"delivered_on": self._day}, columns)
            if row["readable"] and row["content_sha256"]
        }

    @cached_property
    def _signatures(self) -> dict[tuple[str, str], str]:
        return {
            (row["log_bucket"], row["object_key"]): row["signature"]
            for row in (self._digests if self._is_parsed else [])
            if row.get("signature")  # none in rows of older versions
        }
