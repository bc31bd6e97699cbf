"""The delivery day of a run. A person or the scheduler names it; it never comes from the clock.

The clock is only used to refuse a day that is not over. Its logs are not all written yet, and a run
would call hours lost that have not begun.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from lacuna.text import visible

KEY_FORMAT = "%Y-%m-%d"

# S3 opened in March 2006: an earlier day is a typing error, and day arithmetic stays in range.
_FIRST_DAY = date(2006, 3, 1)


class DayError(ValueError):
    """The run names no delivery day, or not a valid one, or one that is not over."""


def run_day(partition_key: str | None, params: Mapping[str, object]) -> date:
    """Return the delivery day of this run: its partition key, else the parameter `day`."""
    if partition_key:
        return named_day(partition_key, "the partition key")
    day = params.get("day")
    if isinstance(day, str) and day:
        return named_day(day, "the parameter 'day'")
    raise DayError(
        "this run names no delivery day: give it a partition key, or the parameter 'day'"
    )


def named_day(text: str, origin: str, now: datetime | None = None) -> date:
    """Return the delivery day that `text` names. `origin` is for the error: where the text is from."""
    day = _parsed(text, origin)
    if end_of(day) > (now or datetime.now(UTC)):
        raise DayError(f"{day} is not over in UTC: its logs are not all written yet")
    return day


def start_of(day: date) -> datetime:
    """Return the midnight UTC at which `day` begins."""
    return datetime.combine(day, time(), tzinfo=UTC)


def end_of(day: date) -> datetime:
    """Return the midnight UTC at which `day` ends."""
    return start_of(day + timedelta(days=1))


def _parsed(text: str, origin: str) -> date:
    try:
        day = datetime.strptime(text, KEY_FORMAT).replace(tzinfo=UTC).date()
    except ValueError:
        day = None
    # strptime accepts missing zeros; the same day in two spellings would be two runs.
    if day is None or day.isoformat() != text:
        raise DayError(f"{origin} is '{visible(text)}', not a day like 2026-11-21 (UTC)")
    if day < _FIRST_DAY or day.year > 9000:
        raise DayError(f"{origin} is '{text}', a day on which S3 could not deliver anything")
    return day
