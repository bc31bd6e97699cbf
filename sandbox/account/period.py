"""The simulated time: whole delivery days, in UTC, as seconds since the epoch."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Period:
    """`days` delivery days, of which `until` is the last."""

    until: date
    days: int

    @property
    def first(self) -> date:
        """The first day."""
        return self.until - timedelta(days=self.days - 1)

    @property
    def start(self) -> int:
        """The first second."""
        return calendar.timegm(self.first.timetuple())

    @property
    def end(self) -> int:
        """The end of the last delivery day; nothing is delivered later."""
        return self.start + self.days * DAY

    def hours(self) -> Iterator[int]:
        """Yield the start of every hour."""
        return iter(range(self.start, self.end, HOUR))

    def dates(self) -> list[date]:
        """Return every day."""
        return [self.first + timedelta(days=n) for n in range(self.days)]

    def hour(self, days_before_last: int, hour_of_day: int) -> int:
        """Return an hour, its day counted from the last one; never before the first day."""
        day = max(self.days - 1 - days_before_last, 0)
        return self.start + day * DAY + hour_of_day * HOUR


def moment(second: int) -> datetime:
    """Return a second of the epoch as a UTC datetime."""
    return datetime.fromtimestamp(second, UTC)


def iso(second: int) -> str:
    """Return a second of the epoch as `2026-01-02T03:04:05Z`."""
    return moment(second).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_of(second: int) -> date:
    """Return the UTC day of a second of the epoch."""
    return moment(second).date()
