"""Hold the marts that one delivery day touched against their suites; keep what was found."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from lacuna.lake.lake import Lake, open_lake
from lacuna.steps import event_days, suites
from lacuna.tables.evidence import CHECK_RESULTS

if TYPE_CHECKING:
    from lacuna.settings import Settings

log = logging.getLogger(__name__)

BY_DELIVERY_DAY = ("fct_log_objects",)
BY_EVENT_DAY = ("fct_delivery_hours", "fct_logging_changes", "fct_logging_coverage")

LEVELS = {"critical": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}


class CheckErrored(RuntimeError):
    """A check could not be carried out: nothing is known about its data."""


def check_delivery_day(settings: Settings, day: date) -> list[str]:
    """Check the delivery day's log objects and every event day it touched; the findings' sentences.

    All results, good ones too, are written to evidence.check_results before an error is raised.
    """
    lake = open_lake(settings)
    results = [
        result
        for mart, partition_days in _partitions(lake, settings, day).items()
        for partition_day in partition_days
        for result in suites.check(mart, partition_day, lake, settings)
    ]
    partition = {"checked_on": datetime.now(UTC).date(), "delivery_day": day}
    lake.write(CHECK_RESULTS, results, partition)
    for result in results:
        if not result.success:
            log.log(LEVELS[result.severity], "%s: %s", result.severity, result.message)
    failed = Counter(result.severity for result in results if not result.success)
    log.info("%d checks, failed: %s", len(results), dict(failed) or "none")
    if errored := [result for result in results if result.errored]:
        raise CheckErrored("\n".join(result.message for result in errored))
    return [result.message for result in results if not result.success]


def _partitions(lake: Lake, settings: Settings, day: date) -> dict[str, list[date]]:
    """The partitions of each mart that a delivery day may have changed."""
    # hours of these days may be overdue only now
    recent = {day - timedelta(days=n) for n in range(settings.lateness_days + 1)}
    wanted = recent | event_days.touched_days(lake, day)
    # the day itself is held to its expectations even if nothing was built: that is a finding
    checked = sorted(event_days.built_days(lake, wanted) | {day})
    return {
        **dict.fromkeys(BY_DELIVERY_DAY, [day]),  # noqa: RUF024
        **dict.fromkeys(BY_EVENT_DAY, checked),
    }
