"""Which delivery days are parsed, and which were begun and are not finished.

A day that is cataloged is not read yet: only `parsed_days` says that it was, and from which
catalog. `unfinished_days` holds a day from before its parse until its event days are built, checked
and published. So a run that was killed is noticed by the next run, of whichever day.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from lacuna.lake import athena
from lacuna.lake.lake import Lake
from lacuna.tables.evidence import (
    CATALOGUED_DAYS,
    PARSED_DAYS,
    UNFINISHED_DAYS,
    ParsedDay,
    UnfinishedDay,
)
from lacuna.tables.evidence_table import read_back

log = logging.getLogger(__name__)

# Days with an object that the mart lacks, or holds in another size
NOT_HELD = """
select distinct cast(cataloged.delivered_on as varchar) as day
from lacuna_evidence.log_objects as cataloged
left join lacuna.fct_log_objects as mart
    on
        cataloged.delivered_on = mart.delivered_on
        and cataloged.log_bucket = mart.log_bucket
        and cataloged.object_key = mart.object_key
        and cataloged.size_bytes = mart.size_bytes
        and mart.delivered_on in ({days})
where cataloged.delivered_on in ({days}) and mart.object_key is null
"""


def reopen(lake: Lake, day: date, event_days: Iterable[date]) -> datetime:
    """Note that these event days of `day` are to be built again; return since when."""
    row = UnfinishedDay(datetime.now(UTC), None, texts(event_days), ())
    lake.write(UNFINISHED_DAYS, [row], {"delivered_on": day})
    return row.begun_at


def begin(lake: Lake, day: date, event_days: Iterable[date]) -> datetime:
    """Note that `day` is being parsed since now; `event_days` hold what an earlier parse read."""
    begun_at = reopen(lake, day, event_days)
    lake.drop(PARSED_DAYS, {"delivered_on": day})
    return begun_at


def mark_parsed(lake: Lake, day: date, as_of: datetime) -> None:
    """Note that `day` was parsed as it was cataloged at that time."""
    row = ParsedDay(as_of, datetime.now(UTC))
    lake.write(PARSED_DAYS, [row], {"delivered_on": day})


def forget_parsed(lake: Lake) -> None:
    """Note that no day is parsed: the tables that held them are gone."""
    for day in lake.days(PARSED_DAYS):
        lake.drop(PARSED_DAYS, {"delivered_on": day})


def note_found(
    lake: Lake, day: date, row: UnfinishedDay, event_days: Iterable[date], recount: Iterable[date]
) -> None:
    """Note what is to be built and checked, now that `day` was parsed."""
    row = replace(
        row,
        found_at=datetime.now(UTC),
        event_days=texts(event_days),
        delivery_days=texts(recount),
        built_at=None,
        checked_at=None,
    )
    lake.write(UNFINISHED_DAYS, [row], {"delivered_on": day})


def leave_others(lake: Lake, day: date, event_days: Iterable[str]) -> tuple[str, ...]:
    """Note that `day` builds none of what other days have left to do; return what it builds.

    The others are noted again, so that none of their runs ends them without what `day` delivered.
    """
    rows = all_unfinished(lake)
    own = rows.pop(day, None)
    left = {one for row in rows.values() for one in row.event_days} - {str(day)}
    without = tuple(one for one in event_days if one not in left)
    if own is None or len(without) == len(tuple(event_days)):
        return without
    note_found(lake, day, own, dates(without), ())
    for other, row in rows.items():
        if row.found_at is not None:
            note_found(lake, other, row, dates(row.event_days), dates(row.delivery_days))
    return without


def note_built(lake: Lake, day: date) -> None:
    """Note that all that was found for `day` is built now."""
    _note(lake, day, built_at=datetime.now(UTC), checked_at=None)


def note_checked(lake: Lake, day: date, withheld: Iterable[str]) -> None:
    """Note that what was built for `day` is checked now, and which partitions are not shown."""
    _note(lake, day, checked_at=datetime.now(UTC), withheld=tuple(withheld))


def _note(lake: Lake, day: date, **changed: Any) -> None:
    row = unfinished(lake, day)
    if row is not None:
        lake.write(UNFINISHED_DAYS, [replace(row, **changed)], {"delivered_on": day})


def built_with(lake: Lake, day: date) -> dict[date, UnfinishedDay]:
    """Return the unfinished days whose event days the run of `day` has built: `day` itself, and others.

    Those that were found after the run found its own may have changed since it built. One that was
    cataloged again and not parsed since is left to its own run: nothing here knows its new objects.
    """
    rows = all_unfinished(lake)
    own = rows.get(day)
    if own is None or own.found_at is None or own.built_at is None:
        return {}
    return {
        one: row
        for one, row in rows.items()
        if row.found_at is not None
        and row.found_at <= own.found_at
        and set(row.event_days) <= set(own.event_days)
        and (one == day or is_parsed(lake, one))
    }


def overtaken(lake: Lake, day: date) -> bool:
    """Whether a run of another day has built and checked, later, all that the run of `day` built.

    Then what it has built is what readers are to be shown.
    """
    rows = all_unfinished(lake)
    own = rows.pop(day, None)
    return own is not None and any(
        row.checked_at is not None
        and row.found_at is not None
        and (own.found_at is None or row.found_at > own.found_at)
        and set(own.event_days) <= set(row.event_days)
        for row in rows.values()
    )


def is_settled(lake: Lake, day: date) -> bool:
    """Whether nothing is left to show of `day`, or a run of another day shows it."""
    row = unfinished(lake, day)
    if row is None:
        return is_parsed(lake, day)
    return row.found_at is not None and overtaken(lake, day)


def finish(lake: Lake, rows: Mapping[date, UnfinishedDay], withheld: Iterable[str] = ()) -> None:
    """Note that these days are published, but for those that were begun again since.

    The `withheld` partitions, named `key=day`, are left to do, by the oldest of the days that has
    them: the next run of any day builds and checks them again, and nothing else of these days.
    """
    left = set(withheld)
    for day, row in sorted(rows.items()):
        if unfinished(lake, day) != row:
            continue
        event_days = [one for one in row.event_days if f"event_date={one}" in left]
        again = [one for one in row.delivery_days if f"delivered_on={one}" in left]
        own = {f"delivered_on={day}"} & left
        if event_days or again or own:
            kept = replace(row, event_days=tuple(event_days), delivery_days=tuple(again))
            kept = replace(kept, checked_at=None, withheld=None)
            lake.write(UNFINISHED_DAYS, [kept], {"delivered_on": day})
        else:
            lake.drop(UNFINISHED_DAYS, {"delivered_on": day})
        left -= {f"event_date={one}" for one in event_days} | own
        left -= {f"delivered_on={one}" for one in again}


def unfinished(lake: Lake, day: date) -> UnfinishedDay | None:
    """Return the row of a day that was begun and is not finished."""
    rows = lake.read(UNFINISHED_DAYS, {"delivered_on": day})
    return read_back(UnfinishedDay, rows[0]) if rows else None


def all_unfinished(lake: Lake) -> dict[date, UnfinishedDay]:
    """Return the rows of all days that were begun and are not finished. They are few."""
    rows = {day: unfinished(lake, day) for day in lake.days(UNFINISHED_DAYS)}
    return {day: row for day, row in rows.items() if row is not None}


def catalogued_at(lake: Lake, day: date) -> datetime | None:
    """Return when the listing of the catalog of `day` began; None if the catalog is not complete."""
    rows = lake.read(CATALOGUED_DAYS, {"delivered_on": day})
    return _utc(rows[0]["catalogued_at"]) if rows else None


def parsed_as_of(lake: Lake, day: date) -> datetime | None:
    """Return when the catalog began that `day` was last parsed from; None if it is not parsed."""
    rows = lake.read(PARSED_DAYS, {"delivered_on": day})
    return _utc(rows[0]["catalogued_at"]) if rows else None


def is_parsed(lake: Lake, day: date) -> bool:
    """Whether `day` was parsed as it was cataloged last."""
    parsed = parsed_as_of(lake, day)
    return parsed is not None and parsed == catalogued_at(lake, day)


def adopt(lake: Lake) -> None:
    """Mark the days that an older version parsed, which wrote no such row.

    Of them the mart holds every object. A day that it cataloged and did not parse stays unread.
    """
    days = lake.days(CATALOGUED_DAYS)
    known = {*lake.days(PARSED_DAYS), *lake.days(UNFINISHED_DAYS)}
    unknown = [day for day in days if day not in known]
    if not unknown or not lake.table_exists("lacuna", "fct_log_objects"):
        return
    literals = ", ".join(f"date '{day}'" for day in unknown)
    rows = athena.rows(lake, NOT_HELD.format(days=literals))
    unread = {date.fromisoformat(str(row["day"])) for row in rows}
    for day in unknown:
        as_of = catalogued_at(lake, day)
        if day not in unread and as_of is not None:
            mark_parsed(lake, day, as_of)


def dates(texts: Iterable[str]) -> set[date]:
    """Return the days of an evidence row, which holds them as texts."""
    return {date.fromisoformat(text) for text in texts}


def texts(days: Iterable[date]) -> tuple[str, ...]:
    """Return days as an evidence row holds them: each once, in their order."""
    return tuple(str(day) for day in sorted(set(days)))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
