"""Find the event days that a delivery day can change, to build and check them."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from lacuna.lake import athena
from lacuna.lake.lake import Lake, open_lake
from lacuna.settings import Settings
from lacuna.steps import day_states, withholding
from lacuna.tables.evidence import LOGGING_SNAPSHOTS, PARSED_DAYS

log = logging.getLogger(__name__)

# A request can end hours after it began: its two records may lie on either side of midnight.
# Records this close to a border touch the neighbouring day too.
BORDER_HOURS = 1

DAY = timedelta(days=1)
# fct_account_posture compares a day with the one a week before
WEEK = timedelta(days=7)

# int_line_copies looks for earlier copies of a line so far back
COPIES = timedelta(days=14)

# Each event day of what was delivered, and whether anything is this close to a border of it
TOUCHED = """
select distinct
    cast(cast(at as date) as varchar) as event_day,
    hour(at) < {hours} as is_early,
    hour(at) >= 24 - {hours} as is_late,
    is_recorders
from (
    select coalesce(requested_at, head_requested_at) as at, false as is_recorders
    from lacuna_staging.int_access_log_records
    where delivered_on = date '{day}'
    union all
    select occurred_at, false
    from lacuna_staging.int_data_events
    where delivered_on = date '{day}'
    union all
    select changed_at, about in ('trail', 'event_data_store') and error_code is null
    from lacuna_staging.int_configuration_changes
    where delivered_on = date '{day}'
) as delivered
where at is not null
"""

PENDING = """
select distinct cast(event_date as varchar) as event_day
from lacuna.fct_delivery_hours
where event_date >= date '{since}' and event_date <= date '{until}' and status = 'pending'
"""

HOURS = "lacuna.fct_delivery_hours"
BUILT = """
select distinct cast(event_date as varchar) as event_day from {hours}
where event_date in ({days})
"""

# Later days that hold a line of this day again: whether theirs are copies was not known before
LATER_COPIES = """
select distinct cast(later.delivered_on as varchar) as event_day
from lacuna_staging.int_access_log_records as own
inner join lacuna_staging.int_access_log_records as later
    on own.line_hash = later.line_hash
where own.delivered_on = date '{day}' and later.delivered_on in ({later})
"""


def affected_days(lake: Lake, settings: Settings, day: date) -> set[date]:
    """Return the event days that what was delivered on `day` can change, after it was parsed.

    These are the day itself (its hours without traffic are rows too) and the days of the records.
    Of the following, those that are already built:
    - a neighbouring day, if a record is so close to midnight that its other half may belong there;
    - days that a change of a trail casts doubt on;
    - days whose hours are judged by whether `day` was read, or by the places of its logs;
    - a week later than any of them.
    """
    touched = _touched(lake, day)
    own = {day, *(event_day for event_day, _ in touched)}
    borders = {one - DAY for one, row in touched if row["is_early"] == "true"}
    borders |= {one + DAY for one, row in touched if row["is_late"] == "true"}
    before = max(1, settings.lateness_days)
    borders |= {day + timedelta(days=n) for n in range(-before, 2)}
    snapshots = lake.days(LOGGING_SNAPSHOTS)
    for changed in {one for one, row in touched if row["is_recorders"] == "true"}:
        borders |= days_in_doubt(changed, snapshots, settings.config_max_age_days)
    borders |= {event_day + WEEK for event_day in own | borders}
    return own | built_days(lake, borders - own)


def days_of_records(lake: Lake, settings: Settings, day: date) -> set[date]:
    """Return the event days of what was delivered on `day`, and those of what may not be parsed."""
    late = {day - timedelta(days=n) for n in range(max(1, settings.lateness_days) + 1)}
    return late | {event_day for event_day, _ in _touched(lake, day)}


def _touched(lake: Lake, day: date) -> list[tuple[date, Mapping[str, str | None]]]:
    return [
        (date.fromisoformat(str(row["event_day"])), row)
        for row in athena.rows(lake, TOUCHED.format(hours=BORDER_HOURS, day=day))
    ]


def days_in_doubt(changed: date, snapshots: Sequence[date], age: int) -> set[date]:
    """Return the days about which a change of a recorder may leave the snapshots silent.

    `snapshots` are the days of observation. Between two of them a recorder may have been weakened
    and repaired, in any order of delivery.
    """
    first = max([changed - timedelta(days=age), *(day for day in snapshots if day < changed)])
    last = min([changed + timedelta(days=age), *(day for day in snapshots if day > changed)])
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


def built_days(lake: Lake, days: Iterable[date], hours: str = HOURS) -> set[date]:
    """Return those of the event days that the marts already hold, or another table of `hours`."""
    wanted = ", ".join(f"date '{event_day}'" for event_day in sorted(days))
    if not wanted or not lake.table_exists(*hours.split(".")):
        return set()
    return _event_days(lake, BUILT.format(days=wanted, hours=hours))


def _event_days(lake: Lake, query: str) -> set[date]:
    return {date.fromisoformat(str(row["event_day"])) for row in athena.rows(lake, query)}


def days_to_build(settings: Settings, day: date) -> list[date]:
    """Return the event days to rebuild after `day` was parsed, oldest first, and note them.

    These are the days that it can change, every event day inside the late-delivery window that
    still holds a pending hour, and what runs of other days that were killed have left to do.
    """
    lake = open_lake(settings, "find_event_days", day)
    with withholding.reported(lake, day):
        return _days_to_build(lake, settings, day)


def _days_to_build(lake: Lake, settings: Settings, day: date) -> list[date]:
    event_days = affected_days(lake, settings, day)
    recount = _later_copies(lake, day)
    if lake.table_exists("lacuna", "fct_delivery_hours"):
        window = timedelta(days=settings.event_day_folders)
        event_days |= _event_days(lake, PENDING.format(since=day - window, until=day + window))
    unfinished = day_states.all_unfinished(lake)
    own = unfinished.pop(day, None)
    for other, row in unfinished.items():
        log.warning("%s was begun and not finished: its event days are built again", other)
        left = day_states.dates(row.event_days)
        again = day_states.dates(row.delivery_days)
        if row.found_at is None and day_states.is_parsed(lake, other):
            left |= affected_days(lake, settings, other)
            again |= _later_copies(lake, other)
            day_states.note_found(lake, other, row, left, again)
        if day_states.is_parsed(lake, other):
            again |= {other}  # what its run built of its log objects was not published
        event_days |= left
        recount |= again
    if own is not None:
        event_days |= day_states.dates(own.event_days)
        day_states.note_found(lake, day, own, event_days, recount)
    return sorted(event_days)


def _later_copies(lake: Lake, day: date) -> set[date]:
    """Return the later delivery days that hold a line of `day` again, if any of them is parsed."""
    later = [one for one in lake.days(PARSED_DAYS) if day < one <= day + COPIES]
    if not later:
        return set()
    literals = ", ".join(f"date '{one}'" for one in later)
    return _event_days(lake, LATER_COPIES.format(day=day, later=literals))
