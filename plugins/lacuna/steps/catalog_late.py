"""Logs that were written after the catalog of their day was made, or too late for any catalog.

An access log belongs to the day on which it was written. If that is long after the time in its key,
the catalog of that day does not look for the key. A trail file or a digest belongs to the day of
its folder, whose catalog may have been made before. No run reads such a log by itself, so the days
to run again are reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from lacuna import day as days
from lacuna.access_log import delivery
from lacuna.access_log.delivery import Kind, Place, Placed
from lacuna.aws.objects import Listing
from lacuna.lake.lake import Lake
from lacuna.steps import day_states
from lacuna.tables.evidence import LOG_OBJECTS, TRAIL_DIGESTS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3's clock is another one, and older versions noted when the catalog was complete
_MARGIN = timedelta(hours=1)


class Late:
    """What a run of `day` knows of the catalogs of other days, each read when it is asked for.

    `reach` is how many days before the day in its key a log is still looked for.
    """

    def __init__(self, lake: Lake, day: date, reach: int) -> None:
        self._lake, self.day, self.reach = lake, day, reach
        self._catalogued_at = lru_cache(maxsize=None)(self._read_catalogued_at)
        self._cataloged = lru_cache(maxsize=None)(self._read_cataloged)
        self._digests = lru_cache(maxsize=None)(self._read_digests)

    def begin(self, s3: S3Client, place: Place) -> Listing[Placed]:
        """Begin to list what is of the catalog of the day in a place, or possibly of none."""
        return Listing(
            s3,
            place.log_bucket,
            delivery.key_ranges(place, self.day, self.reach),
            lambda listed: self._concerned(delivery.placed(place, listed)),
            delivery.is_log,
        )

    def _concerned(self, placed: Placed) -> Placed | None:
        return placed if self._concerns(placed) else None

    def _concerns(self, placed: Placed) -> bool:
        if delivery.delivered_on(placed) == self.day:
            return True
        if placed.place.kind is Kind.CLOUDTRAIL:
            return placed.kind is Kind.CLOUDTRAIL and self._is_after_catalog(
                placed.path_day, placed.listed.delivered_at
            )
        return delivery.is_out_of_time(placed, self.reach)

    def split(self, listed: Iterable[Placed]) -> tuple[list[Placed], list[Placed]]:
        """Return what a catalog may have, and the access logs that were written too late for any."""
        in_time: list[Placed] = []
        too_late: list[Placed] = []
        for placed in listed:
            is_late = delivery.is_out_of_time(placed, self.reach)
            (too_late if is_late else in_time).append(placed)
        return in_time, too_late

    def access_logs(self, too_late: Iterable[Placed]) -> list[date]:
        """Return the day on which each access log was written that no catalog has."""
        return [delivery.delivered_on(log) for log in too_late if not self._was_cataloged(log)]

    def trail_files(self, listed: Iterable[Placed]) -> list[date]:
        """Return the day of each trail file of another day that is not in the catalog of that day."""
        return [
            file.path_day
            for file in listed
            if file.path_day
            and file.path_day != self.day
            and file.log_object not in self._cataloged(file.path_day)
        ]

    def digest(self, folder: date, object_key: str, delivered_at: datetime) -> bool:
        """Whether a digest came into the folder of a day after the catalogs that look for it."""
        return self._is_after_catalog(folder, delivered_at) and not any(
            object_key in self._digests(folder + timedelta(days=n)) for n in (0, 1)
        )

    def _was_cataloged(self, log: Placed) -> bool:
        """Whether an earlier version of an access log was, before it was copied onto itself."""
        stamped = log.path_day or self.day
        its_days = {stamped + timedelta(days=n) for n in range(self.reach + 1)}
        its_days.add(delivery.delivered_on(log))
        return any(log.log_object in self._cataloged(one) for one in sorted(its_days))

    def _is_after_catalog(self, folder: date | None, delivered_at: datetime) -> bool:
        if folder is None or delivered_at < days.end_of(folder):
            return False
        catalogued_at = self._catalogued_at(folder)
        return catalogued_at is not None and delivered_at >= catalogued_at - _MARGIN

    def _read_catalogued_at(self, day: date) -> datetime | None:
        return day_states.catalogued_at(self._lake, day)

    def _read_cataloged(self, day: date) -> frozenset[str]:
        rows = self._lake.read(LOG_OBJECTS, {"delivered_on": day}, ["log_object"])
        return frozenset(row["log_object"] for row in rows)

    def _read_digests(self, day: date) -> frozenset[str]:
        rows = self._lake.read(TRAIL_DIGESTS, {"delivered_on": day}, ["object_key"])
        return frozenset(row["object_key"] for row in rows)
