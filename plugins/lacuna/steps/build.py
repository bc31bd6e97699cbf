"""Build the marts with dbt: first what one day delivered, then the event days that it touched."""

from __future__ import annotations

import functools
import json
import logging
import math
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lacuna import declared
from lacuna.lake import athena, publishing, user_tables
from lacuna.lake.lake import Lake, open_lake
from lacuna.refusals import Refusal, needed
from lacuna.steps import catalog, catalog_losses, day_states, dbt_retries, publish_day, withholding
from lacuna.steps.event_days import affected_days
from lacuna.tables import published
from lacuna.text import visible
from lacuna.trail.digests import STAMP_MARGIN

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

    from lacuna.settings import Settings

log = logging.getLogger(__name__)

PROJECT = Path(__file__).parents[3] / "dbt_project"
# Before S3 opened nothing was delivered
NO_DELIVERY = date(2006, 3, 13)
# Unit tests run the SQL on invented rows: in `make test`, not in a daily run
NOT_DAILY = ("--exclude-resource-type", "unit_test")

# What is stored of the records and the data events
PARSED_TABLES = ("int_access_log_records", "int_data_events")
MIB = 2**20

# In Athena's message if it cannot open an object
_OBJECT_UNREAD = "HIVE_CANNOT_OPEN_SPLIT"

# How many files of a day held trail records, and of how many it is stored what became of them
TRAIL_RECORDS = """
select
    (select count(*) from lacuna_staging.int_trail_records where delivered_on = date '{day}') as stored,
    (
        select count(*) from lacuna_evidence.log_objects
        where delivered_on = date '{day}' and kind = 'cloudtrail' and record_count > 0
    ) as files
"""


class BuildFailed(RuntimeError):
    """dbt could not build or a dbt test failed; each of `causes` names a node and why."""

    def __init__(self, *causes: str) -> None:
        super().__init__("\n".join(causes))
        self.causes = causes


def parse_delivery_day(settings: Settings, day: date) -> None:
    """Parse everything that was delivered on `day`. Replaces that delivery day only.

    Also the days after that were cataloged again: their trails and digests follow those of `day`. And
    those just before, which this run judges again: the run that cataloged them may have been killed.
    """
    lake = open_lake(settings, "parse_delivery_day", day)
    with withholding.reported(lake, day):
        for number in range(settings.lateness_days, 0, -1):
            if _was_cataloged_again(lake, before := day - timedelta(days=number)):
                _parse_other_day(lake, settings, day, before)
        _parse_day(lake, settings, day, day)
        following = day + timedelta(days=1)
        while _was_cataloged_again(lake, following):
            _parse_other_day(lake, settings, day, following)
            following += timedelta(days=1)


def _parse_other_day(lake: Lake, settings: Settings, run: date, day: date) -> None:
    """Parse a day that the run is not about. If that fails, the day waits for a run of its own."""
    try:
        with withholding.reported(lake, day):
            _parse_day(lake, settings, run, day)
    except BuildFailed as error:
        log.warning("%s is not parsed, and the run goes on without it: %s", day, error)


def _was_cataloged_again(lake: Lake, day: date) -> bool:
    """Whether `day` is parsed, or a parse of it was killed, and its catalog is newer."""
    cataloged, parsed = day_states.catalogued_at(lake, day), day_states.parsed_as_of(lake, day)
    if cataloged is None or parsed == cataloged:
        return False
    return parsed is not None or day_states.unfinished(lake, day) is not None


def _parse_day(
    lake: Lake, settings: Settings, run: date, day: date, *, is_second: bool = False
) -> None:
    catalogued_at = day_states.catalogued_at(lake, day)
    if catalogued_at is None:
        raise BuildFailed(f"the catalog of {day} is not complete: run the day again")
    publishing.drop_builds(lake, run, {day})  # what a run has left that did not end
    if not lake.table_exists("lacuna_staging", "int_access_log_records"):
        day_states.forget_parsed(lake)  # a new lake, or one whose tables were dropped
    if catalog_losses.must_keep(lake, day):
        log.warning("%s: its parsed rows are kept, because logs of it are gone", day)
        # the views, seeds and columns of this version, where an older one parsed the day
        _dbt_build(lake, settings, "tag:delivery_day", run, datetime.now(UTC), NO_DELIVERY)
        publish_day.publish_parsed(lake, run, NO_DELIVERY)
        day_states.reopen(lake, day, affected_days(lake, settings, day))
        return
    if not lake.is_registered(day):
        log.info("%s: its raw partitions were dropped, so it is cataloged again", day)
        catalog.catalog_day(settings, day)
        _parse_day(lake, settings, run, day)
        return
    before = day_states.unfinished(lake, day)
    touched = day_states.dates(before.event_days) if before else set()
    if day_states.parsed_as_of(lake, day):
        # a record that is gone leaves its event day to be built too
        touched |= affected_days(lake, settings, day)
    begun_at = day_states.begin(lake, day, touched)
    try:
        _dbt_build(lake, settings, "tag:delivery_day", run, begun_at, day)
    except BuildFailed as error:
        if is_second or _OBJECT_UNREAD not in str(error):
            raise
        log.warning("%s: a log object cannot be read, so each is tried: %s", day, error)
        catalog.catalog_day(settings, day, try_all=True)
        _parse_day(lake, settings, run, day, is_second=True)
        return
    if day_states.catalogued_at(lake, day) not in (None, catalogued_at):
        # A run of the day before has followed it here, and does not parse a day that is parsed
        log.info("%s was cataloged again while it was parsed: it is parsed again", day)
        _parse_day(lake, settings, run, day)
        return
    publish_day.publish_parsed(lake, run, day)
    day_states.mark_parsed(lake, day, catalogued_at)


def build_event_days(settings: Settings, day: date, event_days: Sequence[str]) -> None:
    """Build exactly these event days of the marts, from all that was ever delivered for them.

    If that fails, what other days have left to do is left out: it may be what cannot be built.
    """
    lake = open_lake(settings, "build_event_days", day)
    with withholding.reported(lake, day):
        try:
            _build_event_days(lake, settings, day, event_days)
        except BuildFailed as error:
            without = day_states.leave_others(lake, day, event_days)
            if len(without) == len(event_days):
                raise
            log.warning("%s: built again without what other days have left: %s", day, error)
            _build_event_days(lake, settings, day, without)
        day_states.note_built(lake, day)


def _build_event_days(lake: Lake, settings: Settings, day: date, event_days: Sequence[str]) -> None:
    row = day_states.unfinished(lake, day)
    found_at = (row and row.found_at) or datetime.now(UTC)
    _dbt_build(lake, settings, "tag:event_days", day, found_at, day, event_days)
    for delivered in map(date.fromisoformat, row.delivery_days if row else ()):
        of_objects = "fct_log_objects quarantined_lines"
        if not _has_trail_records(lake, delivered):
            if not lake.is_registered(delivered):
                log.warning(
                    "%s: copies of its lines are not counted again: run it again", delivered
                )
                continue
            of_objects += " int_data_events int_configuration_changes int_trail_records"
        _dbt_build(lake, settings, of_objects, day, found_at, delivered)


def _has_trail_records(lake: Lake, day: date) -> bool:
    """Whether it is stored what became of a day's trail records. An older version stored nothing."""
    (row,) = athena.rows(lake, TRAIL_RECORDS.format(day=day))
    return int(row["stored"] or 0) > 0 or int(row["files"] or 0) == 0


def _dbt_build(
    lake: Lake,
    settings: Settings,
    select: str,
    run: date,
    as_of: datetime,
    delivered: date,
    event_days: Sequence[str] = (),
) -> None:
    """Build what dbt selects: the rows delivered on a day, or those of event days.

    `run` is the delivery day that the run is about, `as_of` when it knew what there is to build.
    """
    variables = {
        "build_version": published.version(run, as_of),
        "step": lake.origin.step if lake.origin else "by_hand",
        "delivery_day": str(delivered),
        "event_days": list(event_days),
        "slices": _slices(lake, settings, day_states.dates(event_days)) if event_days else 1,
        "lateness_hours": settings.lateness_hours,
        "lateness_days": settings.lateness_days,
        "completeness_tolerance": settings.completeness_tolerance,
        "config_max_age_days": settings.config_max_age_days,
        "unlogged_pattern": settings.unlogged_pattern or "^$",
        "stamp_margin_minutes": STAMP_MARGIN // timedelta(minutes=1),
        **(user_declared(lake, settings) if event_days else {}),
    }
    run_dbt(lake, ["build", "--select", *select.split(), *NOT_DAILY], variables)


def user_declared(lake: Lake, settings: Settings) -> dict[str, Any]:
    """Return what the user's tables say to the detections; raises BuildFailed if one cannot be read."""
    tables = (
        ("lists", settings.lists_table, ("list_name", "value"), declared.lists),
        (
            "detections",
            settings.detections_table,
            ("detection", "setting", "value"),
            declared.overrides,
        ),
    )
    said: dict[str, Any] = {}
    for variable, table, columns, parsed in tables:
        if table is None:
            continue
        setting = f"LACUNA_{variable.upper()}_TABLE={table}"
        rows = user_tables.rows(lake, table, columns)
        if isinstance(rows, Refusal):
            raise BuildFailed(f"{setting}: {needed(rows)}")
        try:
            said[variable] = parsed(rows)
        except declared.WrongRow as error:
            raise BuildFailed(f"{setting}: {error}") from None
    return said


def _slices(lake: Lake, settings: Settings, event_days: Collection[date]) -> int:
    """Return in how many slices the requests of event days are joined (macros/sliced.sql)."""
    read = {day + timedelta(days=n) for day in event_days for n in (-1, 0, 1)}
    size = sum(publishing.stored_bytes(lake, table, read) for table in PARSED_TABLES)
    return max(1, math.ceil(size / MIB / settings.statement_mib))


def run_dbt(lake: Lake, arguments: Sequence[str], variables: Mapping[str, Any]) -> None:
    """Run one dbt command on the project, in this process, against the lake.

    Raises BuildFailed with one cause for each model or test that did not succeed.
    """
    environment = lake.dbt_environment()
    with_variables = ("--vars", json.dumps(dict(variables)))
    with _environment(environment):
        result = dbt_retries.run(
            lambda chosen: _invoke([*chosen, *with_variables], project(tuple(environment.items()))),
            arguments,
        )
    models = [node for node in dbt_retries.nodes(result) if node.node.resource_type == "model"]
    built = sum(node.status == "success" for node in models)
    if models:
        end = "done" if result.success else "stopped"
        log.info("built %d of %d models: %s", built, len(models), end, extra={"ends": True})
    if not result.success:
        raise BuildFailed(*_failures(result))


def compiled(lake: Lake, jinja: str, variables: Mapping[str, Any]) -> tuple[str, Manifest, Any]:
    """Return the SQL of a query that is written as a model is, the project, and dbt's node of it.

    Raises BuildFailed.
    """
    environment = lake.dbt_environment()
    with _environment(environment):
        manifest = project(tuple(environment.items()))
        arguments = ["compile", "--inline", jinja, "--vars", json.dumps(dict(variables))]
        result = _invoke(arguments, manifest)
    if not result.success:
        raise BuildFailed(*_failures(result))
    ((node,),) = [[one.node for one in dbt_retries.nodes(result)]]
    return node.compiled_code, manifest, node


def project(environment: tuple[tuple[str, str], ...]) -> Manifest:
    """Return the project as dbt parses it in this environment, with nothing compiled in it.

    dbt keeps the compiled text of an ephemeral model in the manifest. A second run in the same
    process would use that text, and the days of the first run in it.
    """
    from dbt.contracts.graph.nodes import CompiledNode  # seconds to import

    manifest = _parse(environment)
    for node in manifest.nodes.values():
        if isinstance(node, CompiledNode):
            node.compiled = node.extra_ctes_injected = False
            node.compiled_code = node._pre_injected_sql = None
            node.extra_ctes = []
    return manifest


@functools.cache
def _parse(environment: tuple[tuple[str, str], ...]) -> Manifest:
    """Parse the project, which takes seconds and gives the same for every day."""
    with _environment(dict(environment)):
        result = _invoke(["parse"])
    if not result.success:
        raise BuildFailed(*_failures(result))
    return cast("Manifest", result.result)


def _invoke(arguments: Sequence[str], manifest: Manifest | None = None) -> dbtRunnerResult:
    from dbt.cli.main import dbtRunner  # seconds to import

    with tempfile.TemporaryDirectory(prefix="lacuna-dbt-") as scratch:
        return dbtRunner(manifest, callbacks=[_report]).invoke(
            [
                *arguments,
                *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
                *("--target-path", scratch, "--log-path", scratch, "--log-level", "none"),
                "--no-write-json",  # whole manifests, which nobody would read
            ]
        )


def _failures(result: dbtRunnerResult) -> Iterator[str]:
    if result.exception is not None:
        yield f"dbt could not start: {visible(str(result.exception))}"
    for result_of in dbt_retries.failed(result):
        node, cause = result_of.node, visible(str(result_of.message))
        what = f"the {node.resource_type} {node.name}"
        if result_of.status == "fail":
            yield f"{what} failed: it found {result_of.failures} rows that must not be there"
        elif node.resource_type == "test":
            yield f"{what} could not be carried out: {cause}"
        else:
            yield f"{what} was not built: {cause}"


def _report(event: Any) -> None:
    """Log one line for each model, so that a long build shows its progress."""
    if event.info.name == "LogModelResult":
        relation, seconds = event.data.node_info.node_relation, event.data.execution_time
        model = f"{relation.schema}.{relation.alias}"
        if event.info.level == "error":
            log.warning("failed %s after %.1f s", model, seconds)
        else:
            log.info("built %s in %.1f s", model, seconds)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set the variables that dbt_project/profiles.yml reads while dbt runs."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
