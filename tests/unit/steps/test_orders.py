"""Runs of several days in any order, side by side and killed anywhere, end as runs in order do.

The steps are the product's own. Below them is a lake in memory, in which a mart's row holds all that
its model would read. So a row that should have been built again and was not is a different row.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lacuna.lake import athena
from lacuna.settings import Settings
from lacuna.steps import build, catalog, check, day_states, event_days, snapshot, suites
from lacuna.tables.evidence import (
    CATALOGUED_DAYS,
    CHECK_RESULTS,
    LOGGING_SNAPSHOTS,
    TRAIL_DIGESTS,
    TRAIL_PLACES,
    CheckResult,
    EvidenceTable,
    LogObject,
    TrailDigest,
    TrailPlace,
)

SETTINGS = Settings()
DAYS = [date(2026, 11, 20) + timedelta(days=n) for n in range(4)]
HOUR = timedelta(hours=1)


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
create table lacuna_staging.int_access_log_records
    (delivered_on date, requested_at timestamp, head_requested_at timestamp, line_hash varchar);
create table lacuna_staging.int_data_events (delivered_on date, occurred_at timestamp);
create table lacuna_staging.int_configuration_changes
    (delivered_on date, changed_at timestamp, about varchar, effect varchar, error_code varchar);
create table lacuna.fct_delivery_hours (event_date date, status varchar);
create table lacuna.fct_log_objects
    (delivered_on date, log_bucket varchar, object_key varchar, size_bytes bigint);
create table lacuna_evidence.log_objects
    (delivered_on date, log_bucket varchar, object_key varchar, size_bytes bigint);
"""


@cache
def duck(sql: str) -> str:
    return sqlglot.transpile(sql, read="athena", write="duckdb")[0]


class Killed(BaseException):
    """The process ends: nothing handles that."""


class Lake:
    """A lake in memory, for what the steps ask of one. It can be killed at any of its writes."""

    def __init__(self, observed_on: Sequence[date]) -> None:
        self.rows: dict[tuple[str, tuple[date, ...]], list[dict[str, Any]]] = {}
        self.marts: dict[date, Any] = {}
        self.objects: dict[date, Any] = {}
        self.writes_left: int | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.sql = duckdb.connect(config={"threads": 1})
        self.sql.execute(TABLES)
        for day in observed_on:
            self.rows["logging_snapshots", (day,)] = [{}]

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

    account = None

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

    def read(self, table: EvidenceTable, partition: Mapping[str, date]) -> list[dict[str, Any]]:
        return self.rows.get((table.name, tuple(partition.values())), [])

    def days(self, table: EvidenceTable) -> list[date]:
        return sorted({days[0] for name, days in self.rows if name == table.name})

    def table_exists(self, database: str, table: str) -> bool:
        return True

    def unreadable_objects(self, day: date) -> list[str]:
        return []

    def write_manifest(self, day: date, log_objects: Sequence[str]) -> None:
        self.wrote()

    def run(self, sql: str) -> list[dict[str, Any]]:
        answer = self.sql.execute(duck(sql))
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    # what the models do

    def parse(self, day: date) -> None:
        number = DAYS.index(day)
        for table in ("int_access_log_records", "int_data_events", "int_configuration_changes"):
            self.sql.execute(f"delete from lacuna_staging.{table} where delivered_on = ?", [day])
            self.wrote()
        self._fill(day, number)
        self.let_another_run()
        self.count_copies(day)

    def _fill(self, day: date, number: int) -> None:
        for requested_at, line in RECORDS[number]:
            self.sql.execute(
                "insert into lacuna_staging.int_access_log_records values (?, ?, null, ?)",
                [day, requested_at, line],
            )
        self.wrote()
        for occurred_at in EVENTS[number]:
            self.sql.execute(
                "insert into lacuna_staging.int_data_events values (?, ?)", [day, occurred_at]
            )
        self.wrote()
        for changed_at, effect in CHANGES.get(number, ()):
            self.sql.execute(
                "insert into lacuna_staging.int_configuration_changes values (?, ?, 'trail', ?, null)",
                [day, changed_at, effect],
            )
        self.wrote()

    def count_copies(self, day: date) -> None:
        first = {}
        for delivered_on, line in self._asked(
            "select delivered_on, line_hash from lacuna_staging.int_access_log_records "
            f"where delivered_on between date '{day - timedelta(days=14)}' and date '{day}'"
        ):
            first[line] = min(delivered_on, first.get(line, delivered_on))
        own = self._asked(
            f"select line_hash from lacuna_staging.int_access_log_records where delivered_on = '{day}'"
        )
        digests = self.rows.get(("trail_digests", (day,)), [])
        self.objects[day] = (
            sorted((line, first[line] < day) for (line,) in own),
            [row["state"] for row in digests],
        )
        self.wrote()

    def build(self, days: Sequence[date]) -> None:
        for day in days:
            self.marts[day] = self._judged(day)
            self.sql.execute("delete from lacuna.fct_delivery_hours where event_date = ?", [day])
            self.wrote()
            if self.marts[day]["as_of"]:
                status = "idle" if self.marts[day]["as_of"] > 1 else "pending"
                self.sql.execute(
                    "insert into lacuna.fct_delivery_hours values (?, ?)", [day, status]
                )
            self.wrote()

    def _judged(self, day: date) -> dict[str, Any]:
        """All that the models of an event day read."""
        seen = {
            one
            for one in self.days(CATALOGUED_DAYS)
            if day_states.parsed_as_of(self, one)  # type: ignore[arg-type]
            == day_states.catalogued_at(self, one)  # type: ignore[arg-type]
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
        before = self.marts.get(day - event_days.WEEK)
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


def read_day(lake: Lake, accounts: None, settings: Settings, day: date, **_: bool) -> Any:
    """The catalog of a day: it follows the trail and the digests of the day before.

    One trail is seen today. Another cannot be asked, and was known on the first day.
    """
    before = lake.read(TRAIL_PLACES, {"delivered_on": day - timedelta(days=1)})
    arns = {"seen", *(row["trail_arn"] for row in before)}
    if day == DAYS[0]:
        arns.add("hidden")
    ends = [
        row["digest_end_at"]
        for row in lake.read(TRAIL_DIGESTS, {"delivered_on": day - timedelta(days=1)})
    ]
    lake.let_another_run()
    first = datetime.combine(day, datetime.min.time(), UTC)
    # the first digest of every day is gone: only who knows the one before can tell
    digests = [_digest(first + HOUR, "missing")] if ends else []
    digests.append(_digest(first + 23 * HOUR, "valid"))
    number = DAYS.index(day)
    return catalog._Catalog(
        log_objects=[
            LogObject(
                "access_log", "logs", f"{line}", f"s3://logs/{line}", None, None, None, None, None,
                1, "0", requested_at, None, None, True, None, None, None, None,
            )
            for requested_at, line in RECORDS[number]
        ],
        listings=[],
        trail_places=[TrailPlace(arn, "r", "b", "", True, False, True) for arn in sorted(arns)],
        digests=digests,
        manifest=[],
        trail_folders=[],
    )  # fmt: skip


def _digest(end: datetime, state: str) -> TrailDigest:
    return TrailDigest("seen", "a", "r", "b", None, end - HOUR, end, state, None, 0, (), ())


def check_one(mart: str, day: date, lake: Lake, settings: Settings) -> list[CheckResult]:
    """One check, which finds all that a mart holds of the day."""
    about = lake.objects if mart == "fct_log_objects" else lake.marts
    message = str(about.get(day))
    now = datetime.now(UTC)
    return [CheckResult(mart, "all", "info", False, False, "", message, (), day, now)]


def steps_of(day: date) -> list[Callable[[], None]]:
    """The tasks of a day's run; a killed run begins with the first again."""
    found: list[date] = []
    return [
        lambda: snapshot.prepare_lake(SETTINGS),
        lambda: catalog.catalog_day(SETTINGS, day) and None,
        lambda: build.parse_delivery_day(SETTINGS, day),
        lambda: found.extend(event_days.days_to_build(SETTINGS, day)),
        lambda: build.build_event_days(SETTINGS, day, [str(one) for one in found]),
        lambda: check.check_delivery_day(SETTINGS, day) and None,
    ]


@pytest.fixture(scope="module")
def open_world() -> Iterator[Callable[[Sequence[date]], Lake]]:
    """Makes lakes; the steps work in the one that was made last."""
    made: list[Lake] = []

    def run_dbt(lake: Lake, arguments: Sequence[str], variables: Mapping[str, Any]) -> None:
        day = date.fromisoformat(variables["delivery_day"])
        match arguments[2]:
            case "tag:delivery_day":
                lake.parse(day)
            case "fct_log_objects":
                lake.count_copies(day)
            case "tag:event_days":
                lake.build([date.fromisoformat(one) for one in variables["event_days"]])

    def make(observed_on: Sequence[date]) -> Lake:
        made.append(Lake(observed_on))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        for module in (build, catalog, check, event_days, snapshot):
            patch.setattr(module, "open_lake", lambda settings: made[-1])
        patch.setattr(athena, "rows", lambda lake, sql: lake.run(sql))
        patch.setattr(build, "run_dbt", run_dbt)
        patch.setattr(catalog, "_read_day", read_day)
        patch.setattr(catalog, "open_accounts", lambda account, settings: None)
        patch.setattr(catalog.catalog_trail_folders, "register", lambda lake, *_: lake.wrote())
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
MOVES = st.tuples(st.sampled_from(DAYS), st.none() | st.integers(0, 12))


READ_TWICE = [(DAYS[0], None)] * 9


@settings(max_examples=20)
@given(
    st.lists(MOVES, max_size=16), st.permutations(DAYS), st.sampled_from([LATE_LOOK, DAILY_LOOKS])
)
@example([], DAYS[::-1], LATE_LOOK)
@example([(DAYS[1], None)] * 2, DAYS, LATE_LOOK)
@example([(DAYS[1], None)] * 3, DAYS, DAILY_LOOKS)
# the second day's run is killed while it parses the third day again, whose own run goes on
@example(
    [*READ_TWICE, (DAYS[1], None), *[(DAYS[2], None)] * 3, (DAYS[1], None), (DAYS[1], 12)],
    DAYS,
    LATE_LOOK,
)
def test_any_order_ends_as_the_order_of_days_does(open_world, in_order, moves, order, looks):
    expected = in_order(tuple(looks))
    lake = open_world(looks)
    left: dict[date, list[Callable[[], None]]] = {}
    for day, writes in moves:
        steps = left.get(day) or steps_of(day)
        lake.writes_left = writes
        try:
            steps.pop(0)()
            left[day] = steps
        except (Killed, build.BuildFailed):
            left.pop(day, None)
    lake.writes_left = None
    # every run that did not end is ended or run again, and every day is run
    for day in order:
        try:
            for step in left.get(day) or steps_of(day):
                step()
        except build.BuildFailed:  # another run was killed while it wrote the catalog of this day
            for step in steps_of(day):
                step()

    assert lake.marts == expected.marts
    assert lake.objects == expected.objects
    assert lake.found() == expected.found()
    assert lake.days(day_states.UNFINISHED_DAYS) == []


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


def test_a_run_killed_after_its_catalog_takes_nothing_from_the_day_that_follows(open_world):
    """It cataloged that day again and did not parse it. The run of a later day does."""
    lake = open_world(DAILY_LOOKS)
    killed, second, third = map(steps_of, DAYS[:3])
    for step in [*second, *killed[:2], *third]:
        step()
    assert day_states.is_parsed(lake, DAYS[1])
    assert lake.marts[DAYS[1]]["as_of"] == 2
    assert lake.days(day_states.UNFINISHED_DAYS) == []
