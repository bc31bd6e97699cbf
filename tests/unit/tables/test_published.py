"""The plan of what readers are shown, without a lake."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.tables import published
from lacuna.tables.evidence import Publication
from lacuna.tables.published import Build, Change, Name
from tests.support import REPO

DAY = date(2026, 11, 20)
MODELS = REPO / "dbt_project" / "models"
OLD = "s3://lake/marts/fct_delivery_hours/event_date=2026-11-20"


def at(hour: int, mart: str = "fct_delivery_hours") -> str:
    """The folder of a run that found its days at that hour."""
    version = published.version(DAY, datetime(2026, 11, 21, hour, tzinfo=UTC))
    return f"s3://lake/marts/{mart}/run={version}-0a1b2c3d/event_date=2026-11-20"


def build(hour: int, days: set[str], partitions: dict[tuple[str, ...], str]) -> Build:
    moment = published.version_of(at(hour))
    return Build("lacuna", "fct_delivery_hours", "event_date", frozenset(days), moment, partitions)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({}, "create"),
        ({("2026-11-20",): OLD}, "update"),
        ({("2026-11-20",): at(3)}, "update"),
        ({("2026-11-20",): at(5)}, None),  # the same already
        ({("2026-11-20",): at(7)}, None),  # another run knew more
    ],
)
def test_a_day_is_shown_unless_it_is_or_a_run_that_knew_more_has_shown_it(shown, expected):
    built = build(5, {"2026-11-20"}, {("2026-11-20",): at(5)})
    kinds = [change.kind for change in published.changes(built, shown)]
    assert kinds == ([expected] if expected else [])


def test_a_day_without_rows_is_taken_away_and_days_of_others_are_left_alone():
    built = build(5, {"2026-11-20"}, {})
    shown = {("2026-11-20",): OLD, ("2026-11-21",): OLD.replace("-20", "-21")}
    gone = Change("lacuna", "fct_delivery_hours", ("2026-11-20",), OLD, None)
    assert list(published.changes(built, shown)) == [gone]
    assert list(published.changes(built, {("2026-11-20",): at(7)})) == []


def test_a_withheld_day_keeps_its_version_and_the_others_do_not():
    new = {("2026-11-20",): at(5), ("2026-11-21",): at(5)}
    built = build(5, {"2026-11-20", "2026-11-21"}, new)
    changed = published.changes(built, {("2026-11-20",): OLD}, withheld={"2026-11-20"})
    assert [change.values for change in changed] == [("2026-11-21",)]


# of each hour: whether it is a rollback, and whether the day has rows then
EVENTS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=6)


@given(st.data(), EVENTS)
def test_the_latest_event_decides_in_any_order_of_publishing(data, events):
    """A run publishes what it found at its hour, at any time later. A rollback is made at its hour."""
    values = ("2026-11-20",)
    shown: dict[tuple[str, ...], str] = {values: OLD}
    rows: list[Publication] = []
    done: list[int] = []
    after: dict[int, str | None] = {}

    def show(step: str, version: str, location: str | None) -> None:
        place = ("lacuna", "fct_delivery_hours", values)
        now = datetime(2026, 11, 22, tzinfo=UTC)
        rows.append(Publication(now, step, DAY, version, *place, shown.pop(values, None), location))
        if location is not None:
            shown[values] = location

    for hour in data.draw(st.permutations(range(len(events)))):
        is_rollback, has_rows = events[hour]
        if is_rollback and all(one < hour for one in done):
            moment = datetime(2026, 11, 21, hour, tzinfo=UTC)
            before = rows[-1].location_before if rows else None
            show("rollback", published.version(DAY, moment), before)
        elif not is_rollback and (has_rows or shown):  # else it leaves no trace (docs/limits.md)
            built = build(hour, {"2026-11-20"}, {values: at(hour)} if has_rows else {})
            for change in published.changes(built, shown, rows):
                show("publish", built.version, change.after)
        else:
            continue
        done.append(hour)
        after[hour] = shown.get(values)
    if done:
        is_rollback, has_rows = events[max(done)]
        assert shown.get(values) == after[max(done)]
        assert is_rollback or shown.get(values) == (at(max(done)) if has_rows else None)


def test_a_partition_that_a_later_run_removed_is_not_made_again():
    values = ("2026-11-20",)
    place = ("lacuna", "fct_delivery_hours", values)
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    later = published.version_of(at(7))
    gone = Publication(moment, "publish", DAY, later, *place, OLD, None)
    assert list(published.changes(build(5, {values[0]}, {values: at(5)}), {}, [gone])) == []
    assert len(list(published.changes(build(8, {values[0]}, {values: at(8)}), {}, [gone]))) == 1


def test_evidence_is_shown_before_verdicts_and_taken_away_after_them():
    def change(table: str, before: str | None, after: str | None) -> Change:
        database = "lacuna" if table in published.ORDER else "lacuna_staging"
        return Change(database, table, ("2026-11-20",), before, after)

    wanted = [
        change(table, *versions)
        for versions in (("old", "new"), ("old", None))
        for table in ("fct_control_results", "fct_delivery_hours", "int_a", "fct_log_objects")
    ]
    assert [(call.kind, call.table) for call in published.calls(wanted)] == [
        ("update", "int_a"),
        ("update", "fct_log_objects"),
        ("update", "fct_delivery_hours"),
        ("update", "fct_control_results"),
        ("delete", "fct_control_results"),
        ("delete", "fct_delivery_hours"),
        ("delete", "fct_log_objects"),
        ("delete", "int_a"),
    ]


@pytest.mark.parametrize(("after", "sizes"), [("new", [100, 1]), (None, [25, 25, 25, 25, 1])])
def test_no_call_has_more_partitions_than_glue_takes(after, sizes):
    days = [str(DAY + timedelta(days=number)) for number in range(101)]
    wanted = [Change("lacuna", "fct_log_objects", (day,), "old", after) for day in days]
    calls = published.calls(wanted)
    assert [len(call.changes) for call in calls] == sizes
    assert [change for call in calls for change in call.changes] in (wanted, wanted[::-1])


def test_every_mart_has_a_place_in_the_order_after_what_it_reads():
    sources = {path.stem: path.read_text() for path in (MODELS / "marts").glob("*.sql")}
    built = {name for name, sql in sources.items() if "partitioned_by" in sql}
    assert set(published.ORDER) == built
    for name in built:
        for read in built & set(re.findall(r"ref\('(\w+)'\)", sources[name])):
            assert published.ORDER.index(read) < published.ORDER.index(name)


def test_a_name_of_a_run_is_read_back_and_others_are_not():
    for is_rows in (True, False):
        name = Name("int_data_events", DAY, date(2006, 3, 13), is_rows)
        assert published.name_of(str(name)) == name
        beside = published.name_of(f"{name}__tmp_not_partitioned")
        assert beside is not None
        assert not beside.is_rows
    for other in ("fct_x", "fct_x__20261120_99999999", "fct_x__2026_20261120__rows"):
        assert published.name_of(other) is None


@pytest.mark.parametrize(
    ("location", "home"),
    [
        (OLD, ("lacuna", "fct_delivery_hours")),
        ("s3://lake/staging/int_data_events/", ("lacuna_staging", "int_data_events")),
        ("s3://lake/athena-results/tables/0a1b/", None),
    ],
)
def test_a_folder_says_whose_it_is(location, home):
    assert published.home_of(location) == home


def test_only_old_objects_that_nobody_points_to_are_unused():
    then = datetime(2026, 11, 1, tzinfo=UTC)
    written = {
        f"{OLD}/a": then,
        f"{OLD}/deeper/b": then,  # Athena reads a folder with all that lies below
        f"{OLD}2/c": then,
        f"{at(3)}/d": then + timedelta(days=9),
    }
    assert published.unused(written, [f"{OLD}/"], then + timedelta(days=1)) == [f"{OLD}2/c"]
