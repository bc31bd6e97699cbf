"""Check the marts of one delivery day, and of every event day that it touched."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from lacuna.lake.lake import Lake, open_lake
from lacuna.steps import event_days, suites
from lacuna.tables.evidence import CHECK_RESULTS

if TYPE_CHECKING:
    from lacuna.settings import Settings

log = logging.getLogger(__name__)

# Loggers of libraries whose lines stand between the findings in a task's log: deprecations, among
# others, which Python's warnings become, and what Great Expectations says of its own metrics.
CHATTER = ("py.warnings", "great_expectations", "pyathena", "awswrangler", "sqlalchemy")
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
    results = [
        result
        for mart, partition_day in _partitions(lake, settings, day)
        for result in suites.check(mart, partition_day, lake, settings)
    ]
    partition = {"checked_on": datetime.now(UTC).date(), "delivery_day": day}
    lake.write(CHECK_RESULTS, results, partition)
    failed = [result for result in results if not result.success]
    severities = Counter(result.severity for result in failed)
    log.info("%d checks, failed: %s", len(results), dict(severities) or "none")
    # after what the libraries say, the worst first: the end of a task's log is what people read
    for result in sorted(failed, key=lambda result: list(LEVELS).index(result.severity)):
        log.log(LEVELS[result.severity], "%s: %s", result.severity, result.message)
    if errored := [result.message for result in failed if result.errored]:
        raise CheckErrored("\n".join(errored))
    return [result.message for result in failed]


def _partitions(lake: Lake, settings: Settings, day: date) -> Iterator[tuple[str, date]]:
    """Yield each mart with each partition of it that a delivery day may have changed."""
    # the lateness budget of hours of these days may be spent only now
    recent = {day - timedelta(days=n) for n in range(settings.lateness_days + 1)}
    touched = recent | event_days.touched_days(lake, day)
    # the day itself is checked even if nothing was built for it: that is a finding
    checked = sorted(event_days.built_days(lake, touched) | {day})
    for mart, column in suites.PARTITION_COLUMNS.items():
        for partition_day in [day] if column == "delivered_on" else checked:
            yield mart, partition_day
