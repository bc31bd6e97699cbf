"""Runs of several days in any order, side by side and killed anywhere, end as runs in order do.

The steps are the product's own. Below them is a lake in memory, in which a mart's row holds all that
its model would read. So a row that should have been built again and was not is a different row.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lacuna.lake import athena, publishing, shards
from lacuna.settings import Settings
from lacuna.steps import (
    build,
    catalog,
    catalog_plan,
    catalog_shards,
    check,
    day_states,
    event_days,
    gate,
    publish_day,
    snapshot,
    suites,
    withholding,
)
from lacuna.steps.catalog_plan import Plan, Shard
from lacuna.steps.catalog_shards import Receipt
from lacuna.tables.evidence import (
    CATALOGUED_DAYS,
    CHECK_RESULTS,
    LOGGING_SNAPSHOTS,
    TRAIL_DIGESTS,
    TRAIL_PLACES,
    UNFINISHED_DAYS,
    CheckResult,
    LogObject,
    TrailDigest,
    TrailPlace,
)
from lacuna.tables.evidence_table import EvidenceTable
from lacuna.tables.published import Name

# A run drops the raw partitions of the days before the last one
SETTINGS = Settings(event_day_folders=1)
DAYS = [date(2026, 11, 20) + timedelta(days=n) for n in range(4)]
HOUR = timedelta(hours=1)
SHARDS = 3


def at(day: int, hour: int, minute: int = 30) -> datetime:
    return datetime.combine(DAYS[0], datetime.min.time()) + timedelta(
        days=day, hours=hour, minutes=minute
    )


# what arrives on each day, by its number: the request's time and the hash of its line
RECORDS = {
    0: [(at(0, 3), "a"), (at(0, 23), "b"), (at(-5, 12), "old")],
    1: [(at(0, 22), "late"), (at(1, 5), "c"), (at(0, 3), "a")],
    2: [(at(1, 23, 50), "d"), (at(2, 0, 10), "e"), (at(1, 5), "c"), (at(0, 23), "b")],
    3: [(at(3, 4), "f"), (at(1, 4), "straggler")],
}
EVENTS = {0: [at(0, 3), at(0, 22), at(0, 7)], 1: [at(1, 5), at(1, 0, 5)], 2: [at(2, 0, 5)], 3: []}
# a trail is weakened on one day and repaired on another, before anybody looked
CHANGES = {0: [(at(0, 9), "off")], 2: [(at(2, 9), "changed")]}

TABLES = """
create schema lacuna_staging; create schema lacuna; create schema lacuna_evidence;
create schema lacuna_build;
create table lacuna_staging.int_access_log_records
    (delivered_on date, requested_at timestamp, head_requested_at timestamp, line_hash varchar);
create table lacuna_staging.int_data_events (delivered_on date, occurred_at timestamp);
create table lacuna_staging.int_configuration_changes
    (delivered_on date, changed_at timestamp, about varchar, effect varchar, error_code varchar);
create table lacuna_staging.int_trail_records (delivered_on date);
create table lacuna.fct_delivery_hours (event_date date, status varchar);
create table lacuna.fct_log_objects
    (delivered_on date, log_bucket varchar, object_key varchar, size_bytes bigint);
create table lacuna_evidence.log_objects
    (delivered_on date, log_bucket varchar, object_key varchar, size_bytes bigint, kind varchar,
    record_count bigint);
"""


@cache
def duck(sql: str) -> str:
    return sqlglot.transpile(sql, read="athena", write="duckdb")[0]


class Killed(BaseException):
    """The process ends: nothing handles that."""


class Glue:
    """Tables, and the folder that each of their partitions points to."""

    def __init__(self, lake: "Lake") -> None:
        self.lake = lake
        self.tables: dict[tuple[str, str], dict[tuple[str, ...], str]] = {
            ("lacuna_staging", "int_access_log_records"): {},
            ("lacuna_staging", "int_data_events"): {},
            ("lacuna_staging", "int_configuration_changes"): {},
            ("lacuna", "fct_delivery_hours"): {},
            ("lacuna", "fct_log_objects"): {},
        }

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **asked: [getattr(self, operation)(**asked)])

    def get_tables(self, DatabaseName: str) -> dict[str, Any]:
        names = [name for database, name in self.tables if database == DatabaseName]
        return {"TableList": [self.get_table(DatabaseName, name)["Table"] for name in names]}

    def get_table(self, DatabaseName: str, Name: str) -> dict[str, Any]:
        of = Name.partition("__")[0]
        key = "event_date" if of == "fct_delivery_hours" else "delivered_on"
        folder = "staging" if of.startswith("int_") else "marts"
        folders = [*self.tables[DatabaseName, Name].values(), f"s3://lake/{folder}/{of}"]
        location = self.lake.roots.get(Name, folders[0])
        storage = {"Columns": [], "Location": location}
        return {
            "Table": {"Name": Name, "PartitionKeys": [{"Name": key}], "StorageDescriptor": storage}
        }

    def get_partitions(
        self, DatabaseName: str, TableName: str, Expression: str = "", **_: Any
    ) -> Any:
        _, first, _, last, _ = Expression.split("'") if Expression else ("", "", "", "9", "")
        return {
            "Partitions": [
                {"Values": list(values), "StorageDescriptor": {"Location": location}}
                for values, location in self.tables[DatabaseName, TableName].items()
                if first <= values[0] <= last
            ]
        }

    def batch_create_partition(
        self, DatabaseName: str, TableName: str, PartitionInputList: list[Any]
    ) -> dict[str, Any]:
        for one in PartitionInputList:
            self.lake.wrote()
            location = one["StorageDescriptor"]["Location"]
            self.tables[DatabaseName, TableName][tuple(one["Values"])] = location
            self.lake.point(TableName, one["Values"][0], location)
        return {}

    def batch_update_partition(
        self, DatabaseName: str, TableName: str, Entries: list[Any]
    ) -> dict[str, Any]:
        inputs = [one["PartitionInput"] for one in Entries]
        return self.batch_create_partition(DatabaseName, TableName, inputs)

    def batch_delete_partition(
        self, DatabaseName: str, TableName: str, PartitionsToDelete: list[Any]
    ) -> dict[str, Any]:
        for one in PartitionsToDelete:
            self.lake.wrote()
            del self.tables[DatabaseName, TableName][tuple(one["Values"])]
            self.lake.point(TableName, one["Values"][0], None)
        return {}

    def batch_delete_table(self, DatabaseName: str, TablesToDelete: list[str]) -> None:
        for name in TablesToDelete:
            self.lake.wrote()
            del self.tables[DatabaseName, name]


class Lake:
    """A lake in memory, for what the steps ask of one. It can be killed at any of its writes.

    `files` holds what lies in a folder: the rows of an intermediate table, or all that the model of
    a mart would read.
    """

    bucket = "lake"

    def __init__(self, observed_on: Sequence[date]) -> None:
        self.rows: dict[tuple[str, tuple[date, ...]], list[dict[str, Any]]] = {}
        self.files: dict[str, Any] = {}
        self.written: dict[str, Any] = {}
        self.roots: dict[str, str] = {}
        self.registered: set[date] = set()
        self.glue = Glue(self)
        self.account = SimpleNamespace(glue=lambda: self.glue)
        self.origin = None
        self.writes_left: int | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.sql = duckdb.connect(config={"threads": 1})
        self.sql.execute(TABLES)
        for day in observed_on:
            self.rows["logging_snapshots", (day,)] = [{}]

    @property
    def marts(self) -> dict[date, Any]:
        """What readers see of each event day."""
        return self._shown("lacuna", "fct_delivery_hours")

    @property
    def objects(self) -> dict[date, Any]:
        return self._shown("lacuna", "fct_log_objects")

    def _shown(self, database: str, name: str) -> dict[date, Any]:
        found = self.glue.tables.get((database, name), {})
        return {date.fromisoformat(day): self.files[at] for (day,), at in found.items()}

    def point(self, table: str, day: str, location: str | None) -> None:
        """Let queries read what a partition points to now."""
        if table == "fct_log_objects":
            return
        is_mart = table == "fct_delivery_hours"
        name = f"lacuna.{table}" if is_mart else f"lacuna_staging.{table}"
        key = "event_date" if is_mart else "delivered_on"
        self.sql.execute(f"delete from {name} where {key} = ?", [day])
        rows = self.files[location] if location else []
        for row in _hours(rows, day) if location and is_mart else rows:
            marks = ", ".join("?" * len(row))
            self.sql.execute(f"insert into {name} values ({marks})", row)

    def stage(self, table: str, version: str, delivered: date, folders: Mapping[str, Any]) -> None:
        """What a model of dbt writes: `folders` holds the content of each day."""
        self.wrote()
        run = date.fromisoformat(version[:10])
        folder = "staging" if table.startswith("int_") else "marts"
        root = f"s3://lake/{folder}/{table}/run={version}-{len(self.files)}"
        view, rows = (str(Name(table, run, delivered, is_rows)) for is_rows in (False, True))
        found = {(day,): f"{root}/{day}" for day in folders}
        self.files |= {f"{root}/{day}": content for day, content in folders.items()}
        self.roots[rows] = root
        for name in (rows, view):
            self.glue.tables["lacuna_build", name] = found
        if table == "fct_delivery_hours":
            self.sql.execute(
                f"create or replace table lacuna_build.{view} as "
                "select * from lacuna.fct_delivery_hours limit 0"
            )
            for day, content in folders.items():
                for row in _hours(content, day):
                    self.sql.execute(f"insert into lacuna_build.{view} values (?, ?)", row)
        self.wrote()

    def wrote(self) -> None:
        if self.writes_left is not None:
            self.writes_left -= 1
            if self.writes_left < 0:
                raise Killed

    def let_another_run(self) -> None:
        """Another process does what it has to do, in the middle of a step."""
        if self.meanwhile is not None:
            work, self.meanwhile = self.meanwhile, None
            work()

    def prepare(self) -> None:
        pass

    def write(
        self, table: EvidenceTable, rows: Sequence[Any], partition: Mapping[str, date]
    ) -> None:
        self.wrote()
        self.rows[table.name, tuple(partition.values())] = [asdict(row) for row in rows]

    def drop(self, table: EvidenceTable, partition: Mapping[str, date]) -> None:
        self.wrote()
        self.rows.pop((table.name, tuple(partition.values())), None)

    def read(
        self,
        table: EvidenceTable,
        partition: Mapping[str, date],
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        rows = self.rows.get((table.name, tuple(partition.values())), [])
        return [{name: row[name] for name in columns or row} for row in rows]

    def scan(
        self, table: EvidenceTable, partition: Mapping[str, date], columns: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        return iter(self.read(table, partition, columns))

    def put(self, key: str, body: bytes) -> None:
        self.wrote()
        self.written[key] = body

    def get(self, key: str) -> bytes | None:
        return self.written.get(key)

    def write_file(self, table: EvidenceTable, rows: Sequence[Any], key: str) -> None:
        self.wrote()
        self.written[key] = [asdict(row) for row in rows]

    def rows_of(self, keys: Sequence[str], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        rows = itertools.chain.from_iterable(self.written[key] for key in keys)
        return ({name: row[name] for name in columns} for row in rows)

    def show(self, table: EvidenceTable, day: date, keys: Sequence[str]) -> None:
        self.wrote()
        found = itertools.chain.from_iterable(self.written[key] for key in keys)
        self.rows[table.name, (day,)] = list(found)

    def days(self, table: EvidenceTable) -> list[date]:
        return sorted({days[0] for name, days in self.rows if name == table.name})

    def append(
        self, table: EvidenceTable, rows: Sequence[Any], partition: Mapping[str, date]
    ) -> None:
        before = self.read(table, partition)
        self.wrote()
        self.rows[table.name, tuple(partition.values())] = before + [asdict(row) for row in rows]

    def table_exists(self, database: str, table: str) -> bool:
        return (database, table) in self.glue.tables

    def unreadable_objects(self, day: date) -> list[str]:
        return []

    def show_manifests(self, day: date, keys: Sequence[str]) -> None:
        self.wrote()
        self.registered.add(day)

    def register(self, *_: object) -> None:
        self.wrote()

    def keep_copies(self, *_: object) -> None:
        self.wrote()

    def is_registered(self, day: date) -> bool:
        return day in self.registered

    def unregister(self, before: date, may_go: Callable[[date], bool]) -> None:
        for day in filter(may_go, sorted(one for one in self.registered if one < before)):
            self.wrote()
            self.registered.remove(day)

    def run(self, sql: str) -> list[dict[str, Any]]:
        answer = self.sql.execute(duck(sql))
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    # what the models do

    def parse(self, version: str, day: date) -> None:
        number, of_day = DAYS.index(day), str(day)
        raw = day in self.registered
        records = [(day, requested_at, None, line) for requested_at, line in RECORDS[number] if raw]
        events = [(day, occurred_at) for occurred_at in EVENTS[number] if raw]
        changes = CHANGES.get(number, ()) if raw else ()
        changed = [(day, at_, "trail", effect, None) for at_, effect in changes]
        for table, rows in (
            ("int_access_log_records", records),
            ("int_data_events", events),
            ("int_configuration_changes", changed),
        ):
            self.stage(table, version, day, {of_day: rows} if rows else {})
        self.let_another_run()
        self.count_copies(version, day, [line for _, _, _, line in records])

    def count_copies(self, version: str, day: date, own: Sequence[str] | None = None) -> None:
        """`own` lines: those of a parse that is not published."""
        if own is None:
            own = [
                line
                for (line,) in self._asked(
                    "select line_hash from lacuna_staging.int_access_log_records "
                    f"where delivered_on = '{day}'"
                )
            ]
        earlier = {
            line
            for (line,) in self._asked(
                "select line_hash from lacuna_staging.int_access_log_records where delivered_on "
                f"between date '{day - timedelta(days=14)}' and date '{day - timedelta(days=1)}'"
            )
        }
        digests = self.rows.get(("trail_digests", (day,)), [])
        content = (
            sorted((line, line in earlier) for line in own),
            [row["state"] for row in digests],
        )
        self.stage("fct_log_objects", version, day, {str(day): content})

    def build(self, version: str, day: date, days: Sequence[date]) -> None:
        built: dict[date, Any] = {}
        for event_day in sorted(days):
            built[event_day] = self._judged(event_day, built)
        folders = {str(event_day): judged for event_day, judged in built.items()}
        self.stage("fct_delivery_hours", version, day, folders)

    def _judged(self, day: date, built: Mapping[date, Any]) -> dict[str, Any]:
        """All that the models of an event day read; a run reads first what it has built itself."""
        seen = {
            one
            for one in self.days(CATALOGUED_DAYS)
            if day_states.parsed_as_of(self, one) == day_states.catalogued_at(self, one)
        }
        row: dict[str, Any] = {"as_of": None}
        if seen and max(seen) >= day:
            within = [day, day + timedelta(days=1)]
            row["as_of"] = len(list(itertools.takewhile(seen.__contains__, within))) or 1
            row["is_read"] = day in seen
        border = f"timestamp '{day}' - interval 1 hour and timestamp '{day}' + interval 25 hour"
        row["records"] = sorted(
            self._asked(
                "select requested_at, line_hash from lacuna_staging.int_access_log_records "
                f"where requested_at between {border}"
            )
        )
        row["events"] = sorted(
            self._asked(
                "select occurred_at from lacuna_staging.int_data_events "
                f"where occurred_at between {border}"
            )
        )
        row["doubted"] = self._is_doubted(day)
        around = [day + timedelta(days=n) for n in (-1, 0, 1)]
        row["places"] = [
            sorted(place["trail_arn"] for place in self.rows.get(("trail_places", (one,)), []))
            for one in around
        ]
        before = (self.marts | built).get(day - event_days.WEEK)
        row["week_before"] = before and (before["as_of"], before["records"])
        return row

    def _is_doubted(self, day: date) -> bool:
        """Was a trail weakened before and repaired after, both before the same look?"""
        looks: dict[date, dict[str, list[date]]] = {}
        observed_on = self.days(LOGGING_SNAPSHOTS)
        for changed_at, effect in self._asked(
            "select changed_at, effect from lacuna_staging.int_configuration_changes"
        ):
            look = min((one for one in observed_on if one > changed_at.date()), default=None)
            if look and look - changed_at.date() <= timedelta(days=SETTINGS.config_max_age_days):
                looks.setdefault(look, {}).setdefault(effect, []).append(changed_at.date())
        return any(
            "off" in changes
            and "changed" in changes
            and min(changes["off"]) <= day <= max(changes["changed"])
            for changes in looks.values()
        )

    def _asked(self, sql: str) -> list[tuple[Any, ...]]:
        return self.sql.execute(sql).fetchall()

    def found(self) -> set[tuple[str, date, str]]:
        """What the last check of each day of a mart found."""
        results = [
            row
            for (name, _), rows in self.rows.items()
            if name == CHECK_RESULTS.name
            for row in rows
        ]
        last = {}
        for row in sorted(results, key=lambda row: row["checked_at"]):
            last[row["suite"], row["partition_day"]] = row
        return {
            (suite, day, row["message"]) for (suite, day), row in last.items() if not row["success"]
        }


def plan_day(
    lake: Lake, accounts: None, settings: Settings, day: date, follows: str, *, try_all: bool
) -> tuple[Plan, list[Shard]]:
    """The plan of a day, of three shards: it follows the trail of the day before.

    One trail is seen today. Another cannot be asked, and was known on the first day.
    """
    now, replaces = datetime.now(UTC), day_states.catalogued_at(lake, day)
    before = lake.read(TRAIL_PLACES, {"delivered_on": day - timedelta(days=1)})
    arns = {"seen", *(row["trail_arn"] for row in before)}
    if day == DAYS[0]:
        arns.add("hidden")
    lake.let_another_run()
    places = tuple(TrailPlace(arn, "r", True, "b", "", False, True) for arn in sorted(arns))
    plan = Plan(day, now, replaces, follows, try_all, {}, (), places, ())
    return plan, [Shard()] * SHARDS


def read_shard(
    lake: Lake, accounts: None, settings: Settings, plan: Plan, shard: Shard, files: shards.Files
) -> Receipt:
    """What one shard reads: a part of the day's logs, and the first one its digests too."""
    number = int(files.folder.split("/")[-2])
    for requested_at, line in RECORDS[DAYS.index(plan.day)][number::SHARDS]:
        files.add(
            LogObject(
                "access_log", "logs", f"{line}", f"s3://logs/{line}", None, None, None, None, None,
                1, "0", requested_at, None, None, True, None, None, None, None,
            )
        )  # fmt: skip
    files.close()
    ends = [
        row["digest_end_at"]
        for row in lake.read(TRAIL_DIGESTS, {"delivered_on": plan.day - timedelta(days=1)})
    ]
    first = datetime.combine(plan.day, datetime.min.time(), UTC)
    # the first digest of every day is gone: only who knows the one before can tell
    digests = [_digest(first + HOUR, "missing")] if ends else []
    digests.append(_digest(first + 23 * HOUR, "valid"))
    return Receipt(
        tuple(files.row_files), (), files.objects, (), (), () if number else tuple(digests)
    )


def _digest(end: datetime, state: str) -> TrailDigest:
    return TrailDigest("seen", "a", "r", "b", None, end - HOUR, end, state, None, 0, (), ())


def _hours(judged: Mapping[str, Any], day: str) -> list[tuple[str, str]]:
    """What queries find of an event day."""
    return [(day, "idle" if judged["as_of"] > 1 else "pending")] if judged["as_of"] else []


def check_one(
    mart: str, day: date, lake: Lake, settings: Settings, source: Callable[[str], str]
) -> list[CheckResult]:
    """One check, which finds all that a mart holds of the day, or what the run has built of it."""
    about = lake.objects if mart == "fct_log_objects" else lake.marts
    table = source(mart)
    if table.startswith("lacuna_build.fct_log") or table.startswith("lacuna_build.fct_delivery"):
        about |= lake._shown(*table.split("."))
    elif mart not in ("fct_log_objects", "fct_delivery_hours"):
        return []
    message = str(about.get(day))
    now = datetime.now(UTC)
    return [CheckResult(mart, "all", "info", False, False, "", message, (), day, now)]


def tasks_of(day: date) -> list[Callable[[], None]]:
    """The tasks of a day's run, with a task for each shard; a killed run begins with the first again."""
    planned: list[str] = []
    prepare, _, *others = steps_of(day)
    reads = [
        lambda number=number: catalog.read_shard(SETTINGS, planned[number])
        for number in range(SHARDS)
    ]
    return [
        prepare,
        lambda: planned.extend(catalog.plan_shards(SETTINGS, day)),
        *reads,
        lambda: catalog.commit_catalog(SETTINGS, day, planned) and None,
        *others,
    ]


def steps_of(day: date) -> list[Callable[[], None]]:
    """The tasks of a day's run, with its shards in one; a killed run begins with the first again."""
    found: list[date] = []
    return [
        lambda: snapshot.prepare_lake(SETTINGS),
        lambda: catalog.catalog_day(SETTINGS, day) and None,
        lambda: build.parse_delivery_day(SETTINGS, day),
        lambda: found.extend(event_days.days_to_build(SETTINGS, day)),
        lambda: build.build_event_days(SETTINGS, day, [str(one) for one in found]),
        lambda: check.check_delivery_day(SETTINGS, day) and None,
        lambda: publish_day.publish_day(SETTINGS, day) and None,
    ]


@pytest.fixture(scope="module")
def open_world() -> Iterator[Callable[[Sequence[date]], Lake]]:
    """Makes lakes; the steps work in the one that was made last."""
    made: list[Lake] = []

    def run_dbt(lake: Lake, arguments: Sequence[str], variables: Mapping[str, Any]) -> None:
        day, version = date.fromisoformat(variables["delivery_day"]), variables["build_version"]
        match arguments[2]:
            case "tag:delivery_day":
                lake.parse(version, day)
            case "fct_log_objects":
                lake.count_copies(version, day)
            case "tag:event_days":
                days = [date.fromisoformat(one) for one in variables["event_days"]]
                lake.build(version, day, days)

    def make(observed_on: Sequence[date]) -> Lake:
        made.append(Lake(observed_on))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        for module in (build, catalog, check, event_days, publish_day, snapshot):
            patch.setattr(module, "open_lake", lambda *_: made[-1])
        patch.setattr(athena, "rows", lambda lake, sql: lake.run(sql))
        patch.setattr(build, "run_dbt", run_dbt)
        patch.setattr(publishing, "stored_bytes", lambda *_: 0)  # one statement writes a day
        patch.setattr(catalog_plan, "make", plan_day)
        patch.setattr(catalog_shards, "read", read_shard)
        patch.setattr(catalog, "open_accounts", lambda account, settings: None)
        patch.setattr(suites, "check", check_one)
        yield make


@pytest.fixture(scope="module")
def in_order(open_world) -> Callable[[tuple[date, ...]], Lake]:
    """The lake after one run of each day, in the order of days."""

    @cache
    def run(looks: tuple[date, ...]) -> Lake:
        lake = open_world(looks)
        for day in DAYS:
            for step in steps_of(day):
                step()
        return lake

    return run


LATE_LOOK = [DAYS[-1] + timedelta(days=1)]
DAILY_LOOKS = [day + timedelta(days=1) for day in DAYS]
# which day goes on with its run, and at which of its writes it is killed there, if at all
MOVES = st.tuples(st.sampled_from(DAYS), st.none() | st.integers(0, 24))


READ_TWICE = [(DAYS[0], None)] * 17


@settings(max_examples=20)
@given(
    st.lists(MOVES, max_size=24), st.permutations(DAYS), st.sampled_from([LATE_LOOK, DAILY_LOOKS])
)
@example([], DAYS[::-1], LATE_LOOK)
@example([(DAYS[1], None)] * 5, DAYS, LATE_LOOK)
@example([(DAYS[1], None)] * 6, DAYS, LATE_LOOK)
@example([(DAYS[1], None)] * 7, DAYS, DAILY_LOOKS)
# a shard is killed, and the commit of another run of the day's shards
@example([*[(DAYS[1], None)] * 3, (DAYS[1], 0)], DAYS, DAILY_LOOKS)
@example([*[(DAYS[1], None)] * 5, (DAYS[1], 2)], DAYS[::-1], DAILY_LOOKS)
# the second day's run is killed while it parses the third day again, whose own run goes on
@example(
    [*READ_TWICE, (DAYS[1], None), *[(DAYS[2], None)] * 7, *[(DAYS[1], None)] * 5, (DAYS[1], 25)],
    DAYS,
    LATE_LOOK,
)
def test_any_order_ends_as_the_order_of_days_does(open_world, in_order, moves, order, looks):
    expected = in_order(tuple(looks))
    lake = open_world(looks)
    left: dict[date, list[Callable[[], None]]] = {}
    for day, writes in moves:
        steps = left.get(day) or tasks_of(day)
        lake.writes_left = writes
        try:
            steps.pop(0)()
            left[day] = steps
        except (Killed, build.BuildFailed, gate.NotChecked):
            left.pop(day, None)
    lake.writes_left = None
    # every run that did not end is ended or run again, and every day is run
    for day in order:
        try:
            for step in left.get(day) or tasks_of(day):
                step()
        except (build.BuildFailed, gate.NotChecked):
            # another run was killed: while it wrote the catalog of this day, or once it had checked it
            for step in steps_of(day):
                step()

    assert lake.marts == expected.marts
    assert lake.objects == expected.objects
    assert lake.found() == expected.found()
    assert lake.days(UNFINISHED_DAYS) == []


def test_what_is_known_of_the_day_before_may_change_while_a_day_is_cataloged(open_world, in_order):
    expected = in_order(tuple(DAILY_LOOKS))
    lake = open_world(DAILY_LOOKS)
    first, second = steps_of(DAYS[0]), steps_of(DAYS[1])
    # the day before is cataloged after this day asked for its trails, and before this day is
    lake.meanwhile = first[1]
    for step in [*second, *first[2:], *itertools.chain(*map(steps_of, DAYS[2:]))]:
        step()
    assert lake.marts == expected.marts
    assert lake.objects == expected.objects


def test_a_day_may_be_cataloged_again_while_it_is_parsed(open_world, in_order):
    """The run of the day before does not parse it then, as it is not parsed yet."""
    expected = in_order(tuple(DAILY_LOOKS))
    lake = open_world(DAILY_LOOKS)
    first, second = steps_of(DAYS[0]), steps_of(DAYS[1])

    second[1]()  # before the catalog of the first day, which is followed here
    lake.meanwhile = lambda: [step() for step in first[1:3]] and None
    for step in [*second[2:], *first[3:], *itertools.chain(*map(steps_of, DAYS[2:]))]:
        step()
    assert day_states.is_parsed(lake, DAYS[1])
    assert lake.marts == expected.marts
    assert lake.objects == expected.objects
    assert lake.found() == expected.found()


def test_an_old_day_that_is_parsed_by_itself_keeps_its_rows(open_world, in_order):
    """Its raw partitions were dropped, so it is cataloged first."""
    expected = in_order(tuple(DAILY_LOOKS))
    lake = open_world(DAILY_LOOKS)
    for step in itertools.chain(*map(steps_of, DAYS)):
        step()
    assert lake.registered == set(DAYS[-2:])
    for step in steps_of(DAYS[0])[2:]:
        step()
    assert DAYS[0] in lake.registered
    assert lake.marts == expected.marts
    assert lake.objects == expected.objects


def test_copies_are_not_counted_again_if_trail_records_of_the_day_can_neither_be_found_nor_read(
    open_world,
):
    """An older version parsed the days and stored no such rows; raw partitions of one are there."""
    lake = open_world(DAILY_LOOKS)
    first = steps_of(DAYS[0])
    for step in [*first[:2], *itertools.chain(*map(steps_of, DAYS[1:]))]:
        step()
    before = lake.objects
    for day in DAYS[1:3]:
        lake.sql.execute(
            "insert into lacuna_evidence.log_objects values (?, 'b', 'k', 1, 'cloudtrail', 1)",
            [day],
        )
    assert lake.registered == set(DAYS[2:])
    for step in first[2:]:
        step()
    # each holds a line of the first day again
    assert lake.objects[DAYS[1]] == before[DAYS[1]]
    assert ("b", False) in before[DAYS[2]][0]
    assert ("b", True) in lake.objects[DAYS[2]][0]


def test_a_day_that_is_not_parsed_keeps_its_raw_partitions(open_world):
    lake = open_world(DAILY_LOOKS)
    *read, parse = steps_of(DAYS[0])[:3]
    for step in read:
        step()
    lake.writes_left = 2
    with pytest.raises(Killed):
        parse()
    lake.writes_left = None
    for step in steps_of(DAYS[3]):
        step()
    assert lake.registered == {DAYS[0], DAYS[3]}


def test_a_run_killed_after_its_catalog_takes_nothing_from_the_day_that_follows(open_world):
    """It cataloged that day again and did not parse it. The run of a later day does."""
    lake = open_world(DAILY_LOOKS)
    killed, second, third = map(steps_of, DAYS[:3])
    for step in [*second, *killed[:2], *third]:
        step()
    assert day_states.is_parsed(lake, DAYS[1])
    assert lake.marts[DAYS[1]]["as_of"] == 2
    assert lake.days(UNFINISHED_DAYS) == []


def test_a_day_that_the_gate_withholds_keeps_its_version_until_a_run_gets_it_right(
    open_world, in_order, monkeypatch
):
    expected = in_order(tuple(DAILY_LOOKS))
    lake = open_world(DAILY_LOOKS)
    for step in steps_of(DAYS[0]):
        step()
    before = lake.marts
    passing = suites.check

    def failing(mart: str, day: date, *arguments: Any, **about: Any) -> list[CheckResult]:
        results = passing(mart, day, *arguments, **about)
        return [replace(one, expectation="hours_not_judged") for one in results if day == DAYS[0]]

    with monkeypatch.context() as patch:
        patch.setattr(suites, "check", failing)
        *run, publish = steps_of(DAYS[1])
        for step in run:
            step()
        with pytest.raises(gate.DayWithheld, match="2026-11-20: built and not shown"):
            publish()
    assert lake.marts[DAYS[0]] == before[DAYS[0]]
    assert lake.marts[DAYS[1]] is not None
    told = [row for _, rows in lake.rows.items() for row in rows if row.get("suite") == gate.SUITE]
    assert [row["partition_day"] for row in told if not row["success"]] == [DAYS[0]]
    for step in itertools.chain(*map(steps_of, DAYS[2:])):
        step()
    assert lake.marts == expected.marts
    assert lake.days(UNFINISHED_DAYS) == []


def run_all(days: Sequence[date]) -> list[str]:
    """What the runs of these days say that they withhold."""
    told = []
    for day in days:
        try:
            for step in steps_of(day):
                step()
        except (build.BuildFailed, gate.DayWithheld) as error:
            told.append(str(error).partition(":")[0])
    return told


def refused_for(parts: str) -> Any:
    """A gate or a dbt that never accepts the first day; all else is as it was."""
    passing, building = suites.check, build.run_dbt

    def failing(mart: str, day: date, *arguments: Any, **about: Any) -> list[CheckResult]:
        results = passing(mart, day, *arguments, **about)
        code = "object_not_built" if mart == "fct_log_objects" else "hours_not_judged"
        is_wrong = code == parts and day == DAYS[0]
        return [replace(one, expectation=code) if is_wrong else one for one in results]

    def stopping(lake: Lake, arguments: Sequence[str], variables: Mapping[str, Any]) -> None:
        builds = str(DAYS[0]) in (variables["event_days"] or [variables["delivery_day"]])
        if builds and arguments[2] == parts:
            raise build.BuildFailed("first: refused")
        building(lake, arguments, variables)

    patch = pytest.MonkeyPatch()
    patch.setattr(suites, "check", failing)
    patch.setattr(build, "run_dbt", stopping)
    return patch


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("object_not_built", [f"2026-11-15 and {DAYS[0]}"] * 4),  # and what rests on it
        ("hours_not_judged", [str(DAYS[0])] * 4),
        ("tag:event_days", ["first"]),
        ("tag:delivery_day", ["first"]),
    ],
)
def test_a_day_that_stays_wrong_keeps_no_other_day_back(open_world, in_order, wrong, told):
    expected = in_order(tuple(DAILY_LOOKS))
    lake = open_world(DAILY_LOOKS)
    patch = refused_for(wrong)
    try:
        assert run_all(DAYS) == told
        is_shown = DAYS[0] in lake.marts  # what a run of the next day delivered for it, if anything
        assert is_shown == (wrong == "tag:delivery_day")
        assert set(DAYS[1:]) <= set(lake.marts)
        assert lake.days(UNFINISHED_DAYS) == [DAYS[0]]
        assert (gate.SUITE, DAYS[0]) in {(suite, day) for suite, day, _ in lake.found()}
    finally:
        patch.undo()
    assert run_all(DAYS[:1]) == []
    assert lake.marts == expected.marts
    assert lake.objects == expected.objects
    assert lake.found() == expected.found()
    assert lake.days(UNFINISHED_DAYS) == []


@pytest.mark.parametrize("at", [2, 3, 4, 5])
def test_a_run_that_stops_before_its_check_says_why_until_a_run_checks_the_day(
    open_world, in_order, monkeypatch, at
):
    """At its parse, its search for days, its build or its check; what is shown stays."""
    expected = in_order(tuple(DAILY_LOOKS))
    lake = open_world(DAILY_LOOKS)
    for step in itertools.chain(*map(steps_of, DAYS)):
        step()
    published = lake.found(), lake.marts
    again = steps_of(DAYS[1])
    for step in again[:at]:
        step()
    causes = "the test unique_x found 3 rows", "the model y was not built: no \\n such column"
    error = build.BuildFailed(*causes)

    def failing(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(build, "run_dbt", failing)
        patch.setattr(athena, "rows", failing)
        patch.setattr(suites, "check", failing)
        with pytest.raises(build.BuildFailed):
            again[at]()
    assert withholding.is_reported(error)
    ((suite, day, message),) = lake.found() - published[0]
    assert (suite, day) == (gate.SUITE, DAYS[1])
    assert message.splitlines()[:3] == [
        "day_withheld of 2026-11-21: 2 findings",
        *(f"  {cause}" for cause in causes),
    ]
    assert lake.marts == published[1]
    for step in again[at:]:
        step()
    assert lake.found() == expected.found()
    assert lake.marts == expected.marts


def test_a_published_day_whose_check_fails_when_it_is_repeated_is_not_called_withheld(
    open_world, monkeypatch
):
    lake = open_world(DAILY_LOOKS)
    for step in steps_of(DAYS[0]):
        step()
    found = lake.found()

    def failing(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(athena, "rows", failing)
    with pytest.raises(RuntimeError) as raised:
        check.check_delivery_day(SETTINGS, DAYS[0])
    assert not withholding.is_reported(raised.value)
    assert lake.found() == found


def test_a_day_that_another_run_begins_again_before_its_check_is_checked_by_that_run(
    open_world, in_order
):
    """Its own run would check what readers are shown, and find that nothing of it is built."""
    expected = in_order(tuple(DAILY_LOOKS))
    lake = open_world(DAILY_LOOKS)
    first, second = steps_of(DAYS[0]), steps_of(DAYS[1])
    for step in [*second[:5], *first[:3], *second[5:]]:
        step()
    assert lake.found() == set()
    for step in [*first[3:], *itertools.chain(*map(steps_of, DAYS[2:]))]:
        step()
    assert lake.marts == expected.marts
    assert lake.found() == expected.found()
    assert lake.days(UNFINISHED_DAYS) == []


def test_an_old_day_that_was_cataloged_again_and_killed_keeps_no_later_day_back(
    open_world, monkeypatch
):
    """It was built and not published; a log came, and the run again was killed before its parse."""
    lake = open_world(DAILY_LOOKS)
    for step in steps_of(DAYS[0])[:5] + steps_of(DAYS[0])[:2]:
        step()
    checked: list[date] = []
    passing = suites.check

    def noting(mart: str, day: date, *arguments: Any, **about: Any) -> list[CheckResult]:
        if mart == "fct_log_objects":
            checked.append(day)
        return passing(mart, day, *arguments, **about)

    monkeypatch.setattr(suites, "check", noting)
    for step in steps_of(DAYS[3]):
        step()
    assert checked == [DAYS[3]]
    assert DAYS[3] in lake.marts
    assert lake.days(UNFINISHED_DAYS) == [DAYS[0]]
    for step in steps_of(DAYS[0]):
        step()
    assert lake.days(UNFINISHED_DAYS) == []


def test_a_day_whose_build_is_gone_is_not_taken_for_published(open_world):
    """A run of another day has swept it, because this one waited so long."""
    lake = open_world(DAILY_LOOKS)
    *run, publish = steps_of(DAYS[0])
    for step in run:
        step()
    publishing.drop_builds(lake, DAYS[0])
    with pytest.raises(gate.NotChecked, match="is gone: run the day again"):
        publish()
    assert lake.days(UNFINISHED_DAYS) == [DAYS[0]]
    for step in steps_of(DAYS[1]):
        step()
    assert set(lake.marts) >= {DAYS[0], DAYS[1]}
    assert lake.days(UNFINISHED_DAYS) == []
