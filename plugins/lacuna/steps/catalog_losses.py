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
    CataloguedDay,
    LogObject,
    read_back,
)

log = logging.getLogger(__name__)


def gone(lake: Lake, day: date, now: Iterable[LogObject]) -> int:
    """Return how many readable logs of a parsed day the new catalog lacks; 0 if it is not parsed."""
    if day_states.parsed_as_of(lake, day) is None:
        return 0
    found = {row.log_object for row in now}
    return sum(
        row["log_object"] not in found
        for row in lake.read(LOG_OBJECTS, {"delivered_on": day})
        if row["kind"] != Kind.OTHER and row["readable"] is not False
    )


def keep(lake: Lake, day: date, number: int) -> CataloguedDay:
    """Keep the catalog of a day of which `number` objects are gone, and note how many."""
    partition = {"delivered_on": day}
    rows = lake.read(CATALOGUED_DAYS, partition)
    as_of = day_states.parsed_as_of(lake, day)
    if rows:
        earlier = read_back(CataloguedDay, rows[0])
    else:  # this was begun and killed
        earlier = CataloguedDay(as_of or datetime.now(UTC), 0, 0, 0, 0, 0)
    kept = replace(earlier, objects_gone=number)
    lake.write(CATALOGUED_DAYS, [kept], partition)
    log.warning(
        "%s: %d log objects that were read before are gone: expired, moved or not listed any more. "
        "The catalog and the parsed rows of the day are kept. To replace them by what is there "
        "now: make run DAY=%s ACCEPT_LOSS=1",
        *(day, number, day),
    )
    return kept


def must_keep(lake: Lake, day: date) -> bool:
    """Whether the parsed rows of a day are kept: it is parsed, and its objects are gone."""
    rows = lake.read(CATALOGUED_DAYS, {"delivered_on": day})
    return bool(rows and rows[0].get("objects_gone")) and day_states.is_parsed(lake, day)
