"""What a rerun would lose: log objects of a day that was read, and that are gone since.

Logs expire or are moved, and a place may refuse to be listed. Then the parsed rows are the only
copy, and a smaller catalog would empty them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from lacuna.access_log.delivery import Kind
from lacuna.lake.lake import Lake
from lacuna.steps import day_states
from lacuna.tables.evidence import (
    CATALOGUED_DAYS,
    LISTINGS,
    LOG_OBJECTS,
    TRAIL_DIGESTS,
    CataloguedDay,
    Listing,
    TrailDigest,
)
from lacuna.tables.evidence_table import read_back
from lacuna.trail.digests import DigestState

log = logging.getLogger(__name__)

# Its kind, log bucket and prefix
_Place = tuple[str, str, str]

# Of places with logs that came after a catalog that is kept
LOGS_UNREAD = "LogsUnread"
# Of places that lost logs, if the loss was accepted: that nothing is there now proves nothing
LOGS_GONE = "LogsGone"

# What a loss is found by
CONTENT = ("log_object", "kind", "readable", "size_bytes", "content_sha256")
_NOT_READ = frozenset({DigestState.MISSING, DigestState.PENDING, DigestState.UNREADABLE})


# Yields what a new catalog says of each of its objects (CONTENT)
Objects = Callable[[], Iterable[Mapping[str, Any]]]


def gone(lake: Lake, day: date, objects: Objects, digests: Iterable[TrailDigest]) -> set[str]:
    """Return the URLs of files of a parsed day that are gone by its new catalog.

    None is gone of a day that is not parsed. Gone is a log or a digest that was readable and is not
    there now, is refused or has become smaller, and a file that a digest names and that was there.
    """
    if day_states.parsed_as_of(lake, day) is None:
        return set()
    partition = {"delivered_on": day}
    found = {
        row["log_object"]: row["size_bytes"] for row in objects() if row["readable"] is not False
    }
    logs = {
        row["log_object"]
        for row in lake.scan(LOG_OBJECTS, partition, CONTENT)
        if row["kind"] != Kind.OTHER
        and row["readable"] is not False
        and found.get(row["log_object"], -1) < row["size_bytes"]
    }
    held = (read_back(TrailDigest, row) for row in lake.read(TRAIL_DIGESTS, partition))
    return logs | _gone_by_digests(_by_url(held), _by_url(digests))


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


def accepted(
    lake: Lake, day: date, lost: Iterable[str], listings: Sequence[Listing]
) -> list[Listing]:
    """Return the new listings of a day, those of places that lost the files `lost` as such.

    A place stays marked: once a loss is accepted, no catalog says what was there.
    """
    held = [read_back(Listing, row) for row in lake.read(LISTINGS, {"delivered_on": day})]
    present = {_place(listing) for listing in listings}
    absent = [replace(one, objects_catalogued=0) for one in held if _place(one) not in present]
    known = [*listings, *absent]
    before = {_place(one) for one in held if one.error_code == LOGS_GONE}
    places = _Places(map(_place, known))
    now = {places.around(url) for url in lost}
    return [
        replace(one, error_code=LOGS_GONE)
        if _place(one) in before or (_place(one) in now and one.error_code is None)
        else one
        for one in known
        if _place(one) in present | before | now
    ]


def _place(listing: Listing) -> _Place:
    return listing.kind, listing.log_bucket, listing.prefix


class _Places:
    """Places by their URLs, so that the one of a file is found without asking each."""

    def __init__(self, places: Iterable[_Place]) -> None:
        self._by_url: dict[str, _Place] = {}
        for place in places:
            self._by_url.setdefault(f"s3://{place[1]}/{place[2]}", place)
        self._lengths = sorted(set(map(len, self._by_url)), reverse=True)

    def around(self, url: str) -> _Place | None:
        """Return the place that a file lies in: of several the one with the longest prefix."""
        urls = (url[:length] for length in self._lengths)
        return next((self._by_url[one] for one in urls if one in self._by_url), None)


def keep(
    lake: Lake,
    day: date,
    number: int,
    follows: str,
    objects: Objects,
    listings: Sequence[Listing],
) -> CataloguedDay:
    """Keep the catalog of a day of which `number` objects are gone, and note how many.

    `follows`: what was known of the day before when they were sought. `objects`, `listings`: what is
    there now. Places with logs that are not in the kept catalog get an error code: they were not read.
    """
    partition = {"delivered_on": day}
    rows = lake.read(CATALOGUED_DAYS, partition)
    # A run that cataloged the day once more may have been killed before it parsed it, or before
    # the catalog was complete. What was read before is what is kept.
    as_of = day_states.parsed_as_of(lake, day) or datetime.now(UTC)
    earlier = read_back(CataloguedDay, rows[0]) if rows else CataloguedDay(as_of, 0, 0, 0, 0, 0)
    marked = _marked(
        [read_back(Listing, row) for row in lake.read(LISTINGS, partition)],
        listings,
        _unread(lake.scan(LOG_OBJECTS, partition, CONTENT), objects()),
    )
    lake.write(LISTINGS, marked, partition)
    kept = replace(
        earlier,
        catalogued_at=as_of,
        follows=follows,
        objects_gone=number,
        places_unreadable=sum(listing.error_code is not None for listing in marked),
    )
    lake.write(CATALOGUED_DAYS, [kept], partition)
    log.warning(
        "%s: %d logs or digests that were read before are gone: expired, moved or not readable any more. "
        "The catalog and the parsed rows of the day are kept. To replace them by what is there "
        "now: make run DAY=%s ACCEPT_LOSS=1",
        *(day, number, day),
    )
    return kept


def _unread(
    held: Iterable[Mapping[str, Any]], found: Iterable[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """Yield the logs that were found and are not what the kept catalog says that was read."""
    by_url = {row["log_object"]: row for row in held if row["readable"]}

    def was_read(log: Mapping[str, Any]) -> bool:
        row = by_url.get(log["log_object"])
        return (
            row is not None
            and log["size_bytes"] <= row["size_bytes"]
            and log["content_sha256"] in (None, row["content_sha256"])
        )

    return (
        log for log in found if log["kind"] != Kind.OTHER and log["readable"] and not was_read(log)
    )


def _marked(
    held: Sequence[Listing], now: Sequence[Listing], unread: Iterable[Mapping[str, Any]]
) -> list[Listing]:
    """Return the listings of the kept catalog, and those of places that hold unread logs as such."""

    places = {
        kind: _Places(place for place in map(_place, now) if place[0] == kind)
        for kind in (Kind.ACCESS_LOG, Kind.CLOUDTRAIL)
    }
    unread_places = {places[Kind(log["kind"])].around(log["log_object"]) for log in unread}
    known = {_place(listing) for listing in held}
    new = [replace(one, objects_catalogued=0) for one in now if _place(one) not in known]
    marked = []
    for listing in [*held, *(one for one in new if _place(one) in unread_places)]:
        code = None if listing.error_code == LOGS_UNREAD else listing.error_code
        if _place(listing) in unread_places:
            code = LOGS_UNREAD
        marked.append(replace(listing, error_code=code))
    return marked


def must_keep(lake: Lake, day: date) -> bool:
    """Whether the parsed rows of a day are kept: it is parsed, and its objects are gone."""
    rows = lake.read(CATALOGUED_DAYS, {"delivered_on": day})
    return bool(rows and rows[0].get("objects_gone")) and day_states.is_parsed(lake, day)
