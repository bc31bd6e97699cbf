"""Check the marts of one delivery day, and of every event day that it touched."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from lacuna.lake import publishing
from lacuna.lake.lake import Lake, open_lake
from lacuna.steps import day_states, event_days, gate, suites, withholding
from lacuna.tables.evidence import CHECK_RESULTS, CheckResult, UnfinishedDay

if TYPE_CHECKING:
    from lacuna.settings import Settings

log = logging.getLogger(__name__)

# Loggers of libraries whose lines stand between the findings in a task's log: deprecations, among
# others, which Python's warnings become, and what Great Expectations says of its own metrics.
CHATTER = ("py.warnings", "great_expectations", "pyathena", "sqlalchemy")
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
    lake = open_lake(settings, "check_marts", day)
    if day_states.overtaken(lake, day):
        log.info("%s: a run of another day has built and checked it since", day)
        return []
    finished = day_states.built_with(lake, day)
    left = day_states.all_unfinished(lake).keys() - finished.keys()
    if day in left:
        log.info("%s: a run of another day has begun it again, and checks it", day)
        return []
    with withholding.reported(lake, day):
        results = _results(lake, settings, day, finished)
        own = finished.get(day)
        withheld = _withheld(lake, settings, own, results) if own else []
    now = datetime.now(UTC)
    # of a day that this run does not end, what was said last stays true
    settled = {result.partition_day for result in results} - left
    results += [gate.result(one, withheld, results, now) for one in sorted(settled)]
    lake.write(CHECK_RESULTS, results, {"checked_on": now.date(), "delivery_day": day})
    if own:
        day_states.note_checked(lake, day, withheld)
    failed = [result for result in results if not result.success]
    severities = Counter(result.severity for result in failed)
    log.info("%d checks, failed: %s", len(results), dict(severities) or "none")
    # after what the libraries say, the worst first: the end of a task's log is what people read
    for result in sorted(failed, key=lambda result: list(LEVELS).index(result.severity)):
        log.log(LEVELS[result.severity], "%s: %s", result.severity, result.message)
    if errored := [result.message for result in failed if result.errored]:
        raise CheckErrored("\n".join(errored))
    return [result.message for result in failed]


def _results(
    lake: Lake, settings: Settings, day: date, finished: Mapping[date, UnfinishedDay]
) -> list[CheckResult]:
    """Carry out the checks of all partitions."""
    partitions = list(_partitions(lake, settings, day, finished))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = [
            pool.submit(suites.check, mart, partition_day, lake, settings, source=source)
            for mart, partition_day, source in partitions
        ]
        return [result for one in begun for result in one.result()]


def _withheld(
    lake: Lake, settings: Settings, own: UnfinishedDay, results: Sequence[CheckResult]
) -> list[str]:
    """Return what is not shown of a run: what is wrong, and what rests on that."""
    doubtful = {
        event_day
        for delivered in gate.unbuilt(results)
        for event_day in event_days.days_of_records(lake, settings, delivered)
    }
    return gate.withheld(results, doubtful & day_states.dates(own.event_days))


def _partitions(
    lake: Lake, settings: Settings, day: date, finished: Mapping[date, UnfinishedDay]
) -> Iterator[tuple[str, date, Callable[[str], str]]]:
    """Yield each partition of a mart that a run of the delivery day may have changed.

    With it where the tables are read: the run's own if it has built and not published them.
    """
    touched, delivered = set[date](), {day, *finished}
    for row in finished.values():
        touched |= day_states.dates(row.event_days)
        delivered |= day_states.dates(row.delivery_days)
    if not finished:  # published before: by what can be found now
        touched = event_days.affected_days(lake, settings, day)

    @cache  # the marts of all event days are in the same table
    def source(mart: str, of_day: date) -> str:
        published = f"{suites.MARTS}.{mart}"
        return publishing.source(lake, mart, day, of_day) if finished else published

    # the day itself is checked even if nothing was built for it: that is a finding
    built = event_days.built_days(lake, touched, source("fct_delivery_hours", day)) | {day}
    # what the run cost is known, and checked, when it has ended (count_costs)
    days_of = {"delivered_on": delivered, "event_date": built, "day": set[date]()}
    for mart, column in suites.PARTITION_COLUMNS.items():
        for partition_day in sorted(days_of[column]):
            of_day = partition_day if column == "delivered_on" else day
            yield mart, partition_day, partial(source, of_day=of_day)
