"""Show readers what a run has built and checked, and restore or sweep the versions before."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from lacuna.lake import publishing, shards
from lacuna.lake.lake import Lake, open_lake
from lacuna.steps import day_states
from lacuna.steps.gate import DayWithheld, NotChecked
from lacuna.tables import published
from lacuna.tables.published import STAGING, Change

if TYPE_CHECKING:
    from lacuna.settings import Settings

log = logging.getLogger(__name__)


class NoVersion(LookupError):
    """There is no version of a day to go back to; the message says why."""


def publish_parsed(lake: Lake, run: date, delivered: date) -> None:
    """Publish the parsed rows of a delivery day, which runs of other days read too.

    dbt's tests have passed by then. The marts of the day follow when they are checked.
    """
    of_day = publishing.builds(lake, run, {delivered}, ())
    parsed = [build for build in of_day if build.database == STAGING]
    publishing.publish(lake, parsed, "parse", run)
    publishing.drop_builds(lake, run, {delivered}, tables="int_")


def publish_day(settings: Settings, day: date) -> int:
    """Publish what the run of `day` has built and checked; return how many partitions changed.

    Raises DayWithheld once all is published but what the gate keeps back.
    """
    lake = open_lake(settings)
    finished = day_states.built_with(lake, day)
    own = finished.get(day)
    if own is None or day_states.overtaken(lake, day):
        log.info("%s: nothing is left to publish; another run has it", day)
        publishing.drop_builds(lake, day)
        return 0
    if own.checked_at is None:
        raise NotChecked(f"{day} is built and not checked: run check_marts first")
    withheld = own.withheld or ()
    delivered = {day} | day_states.dates(own.delivery_days)
    built = publishing.builds(lake, day, delivered, day_states.dates(own.event_days))
    if not built:
        raise NotChecked(f"what was built of {day} is gone: run the day again")
    number = publishing.publish(lake, built, "publish", day, withheld)
    day_states.finish(lake, finished, withheld)
    if withheld:
        shown = " and ".join(sorted({name.partition("=")[2] for name in withheld}))
        raise DayWithheld(
            f"{shown}: built and not shown, because the marts are not right; readers keep the version "
            "before. All other days of the run are shown. See day_withheld in docs/runbook.md"
        )
    publishing.drop_builds(lake, day)
    return number


def rollback(settings: Settings, day: date) -> Sequence[Change]:
    """Show readers the marts of `day` as they were before the last change; return what changed.

    Doing it again takes it back. The next run that builds the day publishes it anew.
    """
    lake, now = open_lake(settings), datetime.now(UTC)
    if not lake.exists():
        raise NoVersion(lake.absence)
    since = now.date() - timedelta(days=settings.versions_days)
    found = publishing.restoration(lake, day, since, published.version(day, now))
    kept = f"versions are kept for {settings.versions_days} days (LACUNA_VERSIONS_DAYS)"
    if found is None:
        raise NoVersion(f"{day} has no marts, or they last changed before {since}: {kept}")
    folders = [change.after for change in found.changes if change.after]
    if not folders:
        raise NoVersion(f"there was no version of {day} before the one that is shown")
    if gone := [folder for folder in folders if not publishing.is_there(lake, folder)]:
        raise NoVersion(f"the version before of {day} is gone from {', '.join(gone)}: {kept}")
    publishing.change_partitions(lake, found.changes, "rollback", day, found.version)
    return found.changes


def sweep(settings: Settings) -> int:
    """Delete the versions that are older than LACUNA_VERSIONS_DAYS; return how many objects."""
    lake, now = open_lake(settings), datetime.now(UTC)
    keep = timedelta(days=settings.versions_days)
    for name in publishing.drop_old_builds(lake, now - keep):
        log.info("dropped %s, which no run has published", name)
    swept = [*publishing.sweep(lake, keep, now), *shards.sweep(lake, now - keep)]
    for folder in sorted({url.rpartition("/")[0] for url in swept}):
        log.info("deleted %s, which nobody is shown", folder)
    return len(swept)
