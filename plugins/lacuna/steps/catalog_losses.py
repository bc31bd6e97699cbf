"""What a rerun would lose: log objects of a day that was read, and that are gone since.

Logs expire or are moved, and a place may refuse to be listed. Then the parsed rows are the only
copy, and a smaller catalog would empty them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

from lacuna.access_log.delivery import Kind
from lacuna.lake.lake import Lake
from lacuna.steps import day_states
from lacuna.tables.evidence import (
    CATALOGUED_DAYS,
    LOG_OBJECTS,
    TRAIL_DIGESTS,
    CataloguedDay,
    LogObject,
    TrailDigest,
    read_back,
)
from lacuna.trail.digests import DigestState

log = logging.getLogger(__name__)

_NOT_READ = frozenset({DigestState.MISSING, DigestState.PENDING, DigestState.UNREADABLE})


def gone(
    lake: Lake, day: date, log_objects: Iterable[LogObject], digests: Iterable[TrailDigest]
) -> int:
    """Return how many files of a parsed day are gone by its new catalog; 0 if it is not parsed.

    Gone is a log or a digest that was readable and is not there now, is refused or has become
    smaller, and a file that a digest names and that was there.
    """
    if day_states.parsed_as_of(lake, day) is None:
        return 0
    partition = {"delivered_on": day}
    found = {row.log_object: row.size_bytes for row in log_objects if row.readable is not False}
    logs = {
        row["log_object"]
        for row in lake.read(LOG_OBJECTS, partition)
        if row["kind"] != Kind.OTHER
        and row["readable"] is not False
        and found.get(row["log_object"], -1) < row["size_bytes"]
    }
    held = (read_back(TrailDigest, row) for row in lake.read(TRAIL_DIGESTS, partition))
    return len(logs | _gone_by_digests(_by_url(held), _by_url(digests)))


def _gone_by_digests(held: dict[str, TrailDigest], now: dict[str, TrailDigest]) -> set[str]:
    """Return the digests that are gone, and the files that digests of then and now miss only now."""
    missing = (
        set(now[url].missing_files) - set(held[url].missing_files)
        for url in held.keys() & now.keys()
    )
    return (held.keys() - now.keys()).union(*missing)


def _by_url(digests: Iterable[TrailDigest]) -> dict[str, TrailDigest]:
    return {
        f"s3://{row.log_bucket}/{row.object_key}": row
        for row in digests
        if row.object_key and row.state not in _NOT_READ
    }


def keep(lake: Lake, day: date, number: int, follows: str) -> CataloguedDay:
    """Keep the catalog of a day of which `number` objects are gone, and note how many.

    `follows`: what was known of the day before when they were sought.
    """
    partition = {"delivered_on": day}
    rows = lake.read(CATALOGUED_DAYS, partition)
    # A run that cataloged the day once more may have been killed before it parsed it, or before
    # the catalog was complete. What was read before is what is kept.
    as_of = day_states.parsed_as_of(lake, day) or datetime.now(UTC)
    earlier = read_back(CataloguedDay, rows[0]) if rows else CataloguedDay(as_of, 0, 0, 0, 0, 0)
    kept = replace(earlier, catalogued_at=as_of, follows=follows, objects_gone=number)
    lake.write(CATALOGUED_DAYS, [kept], partition)
    log.warning(
        "%s: %d logs or digests that were read before are gone: expired, moved or not readable any more. "
        "The catalog and the parsed rows of the day are kept. To replace them by what is there "
        "now: make run DAY=%s ACCEPT_LOSS=1",
        *(day, number, day),
    )
    return kept


def must_keep(lake: Lake, day: date) -> bool:
    """Whether the parsed rows of a day are kept: it is parsed, and its objects are gone."""
    rows = lake.read(CATALOGUED_DAYS, {"delivered_on": day})
    return bool(rows and rows[0].get("objects_gone")) and day_states.is_parsed(lake, day)
