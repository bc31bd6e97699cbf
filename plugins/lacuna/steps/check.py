"""Check the marts of one delivery day, and of every event day that it touched."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from lacuna.lake.lake import Lake, open_lake
from lacuna.steps import day_states, event_days, suites
from lacuna.tables.evidence import CHECK_RESULTS, UnfinishedDay

if TYPE_CHECKING:
    from lacuna.settings import Settings

log = logging.getLogger(__name__)

# Loggers of libraries whose lines stand between the findings in a task's log: deprecations, among
# others, which Python's warnings become, and what Great Expectations says of its own metrics.
CHATTER = ("py.warnings", "great_expectations", "pyathena", "awswrangler", "sqlalchemy")
# Suites that wait for Athena at the same time
AT_ONCE = 4
LEVELS = {"critical": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}


class CheckErrored(RuntimeError):
    """A check could not be carried out: nothing is known about its data."""


def check_delivery_day(settings: Settings, day: date) -> list[str]:
    """Check all that the delivery day may have changed; return the messages of failed checks.

    All results, good ones too, are written to evidence.check_results before CheckErrored is raised.
    """
    for name in CHATTER:
        logging.getLogger(name).setLevel(logging.ERROR)
    lake = open_lake(settings)
    finished = _finished_with(lake, day)
    partitions = list(_partitions(lake, settings, day, finished))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = [pool.submit(suites.check, *of, lake, settings) for of in partitions]
        results = [result for one in begun for result in one.result()]
    partition = {"checked_on": datetime.now(UTC).date(), "delivery_day": day}
    lake.write(CHECK_RESULTS, results, partition)
    failed = [result for result in results if not result.success]
    severities = Counter(result.severity for result in failed)
    log.info("%d checks, failed: %s", len(results), dict(severities) or "none")
    day_states.finish(lake, finished)
    # after what the libraries say, the worst first: the end of a task's log is what people read
    for result in sorted(failed, key=lambda result: list(LEVELS).index(result.severity)):
        log.log(LEVELS[result.severity], "%s: %s", result.severity, result.message)
    if errored := [result.message for result in failed if result.errored]:
        raise CheckErrored("\n".join(errored))
    return [result.message for result in failed]


def _finished_with(lake: Lake, day: date) -> dict[date, UnfinishedDay]:
    """Return the unfinished days whose event days this run has built: `day` itself, and others.

    Those that were found after the run found its own may have changed since it built.
    """
    rows = day_states.all_unfinished(lake)
    own = rows.get(day)
    if own is None or own.found_at is None:
        return {}
    return {
        one: row
        for one, row in rows.items()
        if row.found_at is not None
        and row.found_at <= own.found_at
        and set(row.event_days) <= set(own.event_days)
    }


def _partitions(
    lake: Lake, settings: Settings, day: date, finished: Mapping[date, UnfinishedDay]
) -> Iterator[tuple[str, date]]:
    """Yield each mart with each partition of it that a run of the delivery day may have changed."""
    touched, delivered = set[date](), {day, *finished}
    for row in finished.values():
        touched |= day_states.dates(row.event_days)
        delivered |= day_states.dates(row.delivery_days)
    if not finished:  # checked before: by what can be found now
        touched = event_days.affected_days(lake, settings, day)
    # the day itself is checked even if nothing was built for it: that is a finding
    checked = event_days.built_days(lake, touched) | {day}
    for mart, column in suites.PARTITION_COLUMNS.items():
        for partition_day in sorted(delivered if column == "delivered_on" else checked):
            yield mart, partition_day
