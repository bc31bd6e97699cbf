"""Build the marts with dbt: what one day delivered, then the event days that it touched."""

from __future__ import annotations

import functools
import json
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lacuna.lake import athena, lake
from lacuna.steps import catalog
from lacuna.text import visible
from lacuna.trail.digests import STAMP_MARGIN

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

    from lacuna.settings import Settings

log = logging.getLogger(__name__)

PROJECT = Path(__file__).parents[3] / "dbt_project"
# A request can end hours after it began: its two records may lie on either side of midnight.
# Records this close to a border touch the neighbouring day too.
BORDER_HOURS = 1

# Unit tests try the SQL on invented rows: `make test` runs them, a daily run does not
NOT_DAILY = ("--exclude-resource-type", "unit_test")

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

# What a trail or a store recorded on a day is judged by the look after it, early on the next: a change before that look
# is delivered with the next day.
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


class BuildFailed(RuntimeError):
    """dbt could not build or a dbt test failed; the message names each node and why."""


def parse_delivery_day(settings: Settings, day: date) -> None:
    """Parse everything that was delivered on `day`, once; overwrites that delivery day only."""
    _dbt_build(settings, "tag:delivery_day", day, event_days=[])


def touched_days(settings: Settings, day: date) -> set[date]:
    """The event days that the records delivered on `day` can change, once it was parsed.

    Those of the records themselves, and a neighbouring day that is built already where a record
    lies so close to midnight that its other half may be counted there, or a trail was changed.
    """
    own = _event_days(settings, TOUCHED.format(hours=0, day=day))
    neighbours = [TOUCHED.format(hours=hours, day=day) for hours in (-BORDER_HOURS, BORDER_HOURS)]
    neighbours.append(RECORDER_CHANGED.format(day=day))
    borders = _event_days(settings, "union all".join(neighbours))
    return own | built_days(settings, borders - own)


def built_days(settings: Settings, days: Iterable[date]) -> set[date]:
    """Those of the event days that the marts already hold."""
    wanted = ", ".join(f"date '{event_day}'" for event_day in sorted(days))
    if not wanted or not lake.table_exists(settings, "lacuna", "fct_delivery_hours"):
        return set()
    return _event_days(settings, BUILT.format(days=wanted))


def _event_days(settings: Settings, query: str) -> set[date]:
    return {date.fromisoformat(str(row["event_day"])) for row in athena.rows(settings, query)}


def days_to_build(settings: Settings, day: date) -> list[date]:
    """The event days to rebuild after `day` was parsed, oldest first.

    The day itself (its quiet hours are rows too), the days that its records touch, and every event
    day inside the late-delivery window that still holds a pending hour.
    """
    found = {day} | touched_days(settings, day)
    if lake.table_exists(settings, "lacuna", "fct_delivery_hours"):
        window = timedelta(days=settings.event_day_folders)
        found |= _event_days(settings, PENDING.format(since=day - window, until=day + window))
    return sorted(found)


def build_event_days(settings: Settings, day: date, event_days: Sequence[str]) -> None:
    """Overwrite exactly these event days of the marts, from all that ever came for them."""
    _dbt_build(settings, "tag:event_days", day, event_days)


def _dbt_build(settings: Settings, select: str, day: date, event_days: Sequence[str]) -> None:
    variables = {
        "delivery_day": str(day),
        "event_days": list(event_days),
        "unreadable_objects": catalog.unreadable_objects(settings, day),
        "lateness_hours": settings.lateness_hours,
        "config_max_age_days": settings.config_max_age_days,
        "stamp_margin_minutes": STAMP_MARGIN // timedelta(minutes=1),
    }
    run_dbt(settings, ["build", "--select", select, *NOT_DAILY], variables)


def run_dbt(settings: Settings, arguments: Sequence[str], variables: Mapping[str, Any]) -> None:
    """Run one dbt command on the project, in this process, against the lake of the settings.

    Raises BuildFailed with one line for each model or test that did not succeed.
    """
    environment = lake.dbt_environment(settings)
    manifest = project(tuple(environment.items()))
    with _environment(environment):
        result = _invoke([*arguments, "--vars", json.dumps(dict(variables))], manifest)
    if not result.success:
        raise BuildFailed("\n".join(_failures(result)))


@functools.cache
def project(environment: tuple[tuple[str, str], ...]) -> Manifest:
    """The project as dbt parses it in this environment: seconds, and the same for every day."""
    with _environment(dict(environment)):
        result = _invoke(["parse"])
    if not result.success:
        raise BuildFailed("\n".join(_failures(result)))
    return cast("Manifest", result.result)


def _invoke(arguments: Sequence[str], manifest: Manifest | None = None) -> dbtRunnerResult:
    from dbt.cli.main import dbtRunner  # seconds to import

    with tempfile.TemporaryDirectory(prefix="lacuna-dbt-") as scratch:
        return dbtRunner(manifest, callbacks=[_report]).invoke(
            [
                *arguments,
                *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
                *("--target-path", scratch, "--log-path", scratch, "--log-level", "none"),
            ]
        )


def _failures(result: dbtRunnerResult) -> Iterator[str]:
    if result.exception is not None:
        yield f"dbt could not start: {visible(str(result.exception))}"
    for node in getattr(result.result, "results", None) or []:
        if node.status in ("error", "fail"):
            yield f"{node.node.name}: {visible(str(node.message))}"


def _report(event: Any) -> None:
    """One log line for each model, so that a long build shows where it is."""
    if event.info.name == "LogModelResult":
        model, seconds = event.data.description.split()[-1], event.data.execution_time
        if event.info.level == "error":
            log.warning("failed %s after %.1f s", model, seconds)
        else:
            log.info("built %s in %.1f s", model, seconds)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The variables that dbt_project/profiles.yml reads, set while dbt runs."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
