"""Find the event days that a delivery day touched, to build and check them."""

from collections.abc import Iterable
from datetime import date, timedelta

from lacuna.lake import athena
from lacuna.lake.lake import Lake, open_lake
from lacuna.settings import Settings

# A request can end hours after it began: its two records may lie on either side of midnight.
# Records this close to a border touch the neighbouring day too.
BORDER_HOURS = 1

TOUCHED = """
select distinct cast(event_date as varchar) as event_day from (
    select cast(
        date_add('hour', {hours}, coalesce(requested_at, head_requested_at)) as date
    ) as event_date
    from lacuna_staging.int_access_log_records
    where delivered_on = date '{day}' and coalesce(requested_at, head_requested_at) is not null
    union all
    select cast(date_add('hour', {hours}, occurred_at) as date)
    from lacuna_staging.int_data_events
    where delivered_on = date '{day}'
    union all
    select cast(date_add('hour', {hours}, changed_at) as date)
    from lacuna_staging.int_configuration_changes
    where delivered_on = date '{day}'
)
"""

# A day is judged by the snapshot taken early on the next day. So a trail change just before that
# snapshot arrives with the next day's logs.
RECORDER_CHANGED = """
select distinct cast(date_add('day', -1, cast(changed_at as date)) as varchar) as event_day
from lacuna_staging.int_configuration_changes
where delivered_on = date '{day}' and about in ('trail', 'event_data_store') and error_code is null
"""

PENDING = """
select distinct cast(event_date as varchar) as event_day
from lacuna.fct_delivery_hours
where event_date >= date '{since}' and event_date <= date '{until}' and status = 'pending'
"""

BUILT = """
select distinct cast(event_date as varchar) as event_day from lacuna.fct_delivery_hours
where event_date in ({days})
"""


def touched_days(lake: Lake, day: date) -> set[date]:
    """Return the event days that the records delivered on `day` can change, after it was parsed.

    These are the days of the records. A neighbouring day that is already built counts too if a
    record is so close to midnight that its other half may belong there, or if a trail changed.
    """
    own = _event_days(lake, TOUCHED.format(hours=0, day=day))
    neighbours = [TOUCHED.format(hours=hours, day=day) for hours in (-BORDER_HOURS, BORDER_HOURS)]
    neighbours.append(RECORDER_CHANGED.format(day=day))
    borders = _event_days(lake, "union all".join(neighbours))
    return own | built_days(lake, borders - own)


def built_days(lake: Lake, days: Iterable[date]) -> set[date]:
    """Return those of the event days that the marts already hold."""
    wanted = ", ".join(f"date '{event_day}'" for event_day in sorted(days))
    if not wanted or not lake.table_exists("lacuna", "fct_delivery_hours"):
        return set()
    return _event_days(lake, BUILT.format(days=wanted))


def _event_days(lake: Lake, query: str) -> set[date]:
    return {date.fromisoformat(str(row["event_day"])) for row in athena.rows(lake, query)}


def days_to_build(settings: Settings, day: date) -> list[date]:
    """Return the event days to rebuild after `day` was parsed, oldest first.

    These are the day itself (its hours without traffic are rows too), the days that its records
    touch, and every event day inside the late-delivery window that still holds a pending hour.
    """
    lake = open_lake(settings)
    event_days = {day} | touched_days(lake, day)
    if lake.table_exists("lacuna", "fct_delivery_hours"):
        window = timedelta(days=settings.event_day_folders)
        event_days |= _event_days(lake, PENDING.format(since=day - window, until=day + window))
    return sorted(event_days)
