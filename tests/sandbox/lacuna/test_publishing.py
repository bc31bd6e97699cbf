"""Readers see a version of a day or the one before, whatever happens between the two.

The marts are two small tables that Athena makes as dbt lets it make them.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from lacuna.cli.commands import app
from lacuna.lake import athena, publishing
from lacuna.lake.lake import Lake, open_lake
from lacuna.steps import publish_day
from lacuna.tables import published
from lacuna.tables.published import Name

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)
# what a verdict rests on comes first
MARTS = ("fct_delivery_hours", "fct_logging_coverage")
FOUND = datetime(2026, 11, 21, 2, tzinfo=UTC)


class Killed(BaseException):
    """The process ends: nothing handles that."""


@pytest.fixture
def lake(settings: Any) -> Lake:
    return open_lake(settings)


def stage(lake: Lake, rows: dict[date, int], hours: int, run: date = DAY) -> None:
    """What dbt leaves of a run: for each mart a table of so many rows a day."""
    values = [f"({n}, date '{day}')" for day, number in rows.items() for n in range(number)]
    publishing.drop_builds(lake, run)
    for mart in MARTS:
        version = published.version(run, FOUND + timedelta(hours=hours))
        athena.rows(
            lake,
            f'create table lacuna_build."{Name(mart, run, run, is_rows=True)}" with ('
            f"external_location = 's3://{lake.bucket}/marts/{mart}/run={version}-{hours:08}', "
            "format = 'parquet', partitioned_by = array['event_date']) as "
            f"select * from (values {', '.join(values)}) as t (n, event_date)",
        )


def show(lake: Lake, run: date = DAY) -> int:
    built = publishing.builds(lake, run, {run}, {DAY, NEXT})
    return publishing.publish(lake, built, "publish", run)


def seen(lake: Lake) -> dict[str, tuple[int, ...]]:
    """The rows of each mart on the two days, as a query counts them."""
    (row,) = athena.rows(
        lake,
        "select "
        + ", ".join(
            f"(select count(*) from lacuna.{mart} where event_date = date '{day}') as {mart}_{n}"
            for mart in MARTS
            for n, day in enumerate((DAY, NEXT))
        ),
    )
    return {mart: tuple(int(row[f"{mart}_{n}"] or 0) for n in (0, 1)) for mart in MARTS}


@contextmanager
def reading(lake: Lake) -> Iterator[list[dict[str, tuple[int, ...]]]]:
    """A reader that asks again and again."""
    answers: list[dict[str, tuple[int, ...]]] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(seen(lake))

    reader = threading.Thread(target=ask)
    reader.start()
    try:
        yield answers
    finally:
        stop.set()
        reader.join()


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The process ends before it makes that call of Glue."""
    made = iter(range(100))

    def make(make: Callable[..., None] = publishing._make, *arguments: Any) -> None:
        if next(made) == number:
            raise Killed
        make(*arguments)

    original = publishing._make
    monkeypatch.setattr(publishing, "_make", lambda *arguments: make(original, *arguments))


def test_a_reader_never_sees_other_counts_than_those_of_a_version(lake, settings, monkeypatch):
    """Through a first run, a second one that is killed at each of its calls, a rollback and back."""
    stage(lake, {DAY: 3}, 0)
    assert show(lake) == len(MARTS)
    first, second = (3, 0), (5, 2)
    assert seen(lake) == dict.fromkeys(MARTS, first)
    with reading(lake) as answers:
        stage(lake, {DAY: 5, NEXT: 2}, 1)
        for number in (0, 1, 1, 1):  # each time it comes one call further
            with monkeypatch.context() as patch:
                kill_at(patch, number)
                with pytest.raises(Killed):
                    show(lake)
            assert seen(lake)[MARTS[0]][0] >= seen(lake)[MARTS[1]][0]
        show(lake)
        assert seen(lake) == dict.fromkeys(MARTS, second)
        assert show(lake) == 0
        with monkeypatch.context() as patch:
            kill_at(patch, 1)
            with pytest.raises(Killed):
                publish_day.rollback(settings, DAY)
        publish_day.rollback(settings, DAY)  # ends what was killed
        assert seen(lake) == dict.fromkeys(MARTS, (3, 2))
        publish_day.rollback(settings, DAY)
    assert seen(lake) == dict.fromkeys(MARTS, second)
    counts = {(mart, n): {one[mart][n] for one in answers} for mart in MARTS for n in (0, 1)}
    assert all(counts[mart, 0] <= {3, 5} for mart in MARTS)
    assert all(counts[mart, 1] <= {0, 2} for mart in MARTS)
    assert len(answers) > 5


def test_a_day_that_has_no_rows_any_more_is_taken_away(lake):
    stage(lake, {DAY: 3, NEXT: 1}, 0)
    show(lake)
    stage(lake, {DAY: 4}, 1)
    show(lake)
    assert seen(lake) == dict.fromkeys(MARTS, (4, 0))


def test_a_run_of_many_days_is_published(lake):
    """Of as many days as a backfill touches, all in one filter of Glue."""
    days = [DAY + timedelta(days=n) for n in range(90)]
    stage(lake, {days[0]: 3, days[-1]: 1}, 0)
    built = publishing.builds(lake, DAY, {DAY}, days)
    assert publishing.publish(lake, built, "publish", DAY) == 2 * len(MARTS)
    assert publishing.publish(lake, built, "publish", DAY) == 0


def test_a_run_that_found_its_days_earlier_does_not_overwrite_a_later_one(lake):
    stage(lake, {DAY: 3}, 0, run=DAY)
    stage(lake, {DAY: 4, NEXT: 2}, 1, run=NEXT)
    show(lake, NEXT)
    assert show(lake, DAY) == 0
    assert seen(lake) == dict.fromkeys(MARTS, (4, 2))


def test_a_run_that_was_under_way_overwrites_no_rollback_and_a_later_one_does(lake, settings):
    for hours, rows in enumerate((3, 4)):
        stage(lake, {DAY: rows}, hours)
        show(lake)
    stage(lake, {DAY: 5}, 2, run=NEXT)
    publish_day.rollback(settings, DAY)
    assert show(lake, NEXT) == 0
    assert seen(lake) == dict.fromkeys(MARTS, (3, 0))
    from_now = (datetime.now(UTC) - FOUND) // timedelta(hours=1) + 1
    stage(lake, {DAY: 6}, from_now, run=NEXT)
    assert show(lake, NEXT) == len(MARTS)
    assert seen(lake) == dict.fromkeys(MARTS, (6, 0))


def test_partitions_of_an_older_version_are_read_replaced_and_restored(lake, settings):
    """They lie below the table itself, and nothing says when they were built."""
    for mart in MARTS:
        athena.rows(
            lake,
            f"create table lacuna.{mart} with (external_location = 's3://{lake.bucket}/marts/{mart}', "
            "format = 'parquet', partitioned_by = array['event_date']) as "
            f"select * from (values (1, date '{DAY}'), (1, date '{NEXT}')) as t (n, event_date)",
        )
    stage(lake, {DAY: 3}, 0)
    built = publishing.builds(lake, DAY, {DAY}, {DAY})
    publishing.publish(lake, built, "publish", DAY)
    assert seen(lake) == dict.fromkeys(MARTS, (3, 1))
    publish_day.rollback(settings, DAY)
    assert seen(lake) == dict.fromkeys(MARTS, (1, 1))


def test_what_glue_does_not_take_is_told_and_done_by_the_task_again(cloud, lake, monkeypatch):
    stage(lake, {DAY: 3}, 0)
    built = publishing.builds(lake, DAY, {DAY}, {DAY})
    # another run registers the partition between the look and the call
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "partitions", lambda *_: {})
        publishing.publish(lake, built, "publish", DAY)
        with pytest.raises(publishing.NotPublished, match="AlreadyExistsException"):
            publishing.publish(lake, built, "publish", DAY)
    assert show(lake) == 0
    assert seen(lake) == dict.fromkeys(MARTS, (3, 0))


def test_rows_that_lie_elsewhere_are_not_published(lake):
    name = Name(MARTS[0], DAY, DAY, is_rows=True)
    athena.rows(
        lake,
        f'create table lacuna_build."{name}" with ('
        f"external_location = 's3://{lake.bucket}/athena-results/tables/x', format = 'parquet', "
        f"partitioned_by = array['event_date']) as select 1 as n, date '{DAY}' as event_date",
    )
    with pytest.raises(publishing.NotPublished, match="no folder of a run"):
        publishing.builds(lake, DAY, {DAY}, {DAY})


def test_without_a_version_before_nothing_is_restored(cloud, lake, settings):
    with pytest.raises(
        publish_day.NoVersion, match="2026-11-20 has no marts, or they last changed"
    ):
        publish_day.rollback(settings, DAY)
    stage(lake, {DAY: 3}, 0)
    show(lake)
    with pytest.raises(publish_day.NoVersion, match="there was no version"):
        publish_day.rollback(settings, DAY)
    stage(lake, {DAY: 4}, 1)
    show(lake)
    first = published.version(DAY, FOUND)
    for key in [key for key in cloud.keys(lake.bucket) if f"/run={first}" in key]:
        cloud.client("s3").delete_object(Bucket=lake.bucket, Key=key)
    with pytest.raises(publish_day.NoVersion, match="is gone from s3://"):
        publish_day.rollback(settings, DAY)
    assert seen(lake) == dict.fromkeys(MARTS, (4, 0))


def test_a_version_that_was_never_shown_is_not_the_one_that_is_taken_back(
    lake, settings, monkeypatch
):
    """It was written down, and the run was killed before its first call."""
    for hours, rows in enumerate((3, 4)):
        stage(lake, {DAY: rows}, hours)
        show(lake)
    stage(lake, {DAY: 5}, 2)
    with monkeypatch.context() as patch:
        kill_at(patch, 0)
        with pytest.raises(Killed):
            show(lake)
    publish_day.rollback(settings, DAY)
    assert seen(lake) == dict.fromkeys(MARTS, (3, 0))
    publish_day.rollback(settings, DAY)
    assert seen(lake) == dict.fromkeys(MARTS, (4, 0))


def test_the_command_prints_what_it_restored_and_refuses_in_one_line(lake, settings):
    refused = CliRunner().invoke(app, ["rollback", str(DAY)])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "has no marts, or they last changed before" in refused.stderr
    for hours, rows in enumerate((3, 4)):
        stage(lake, {DAY: rows}, hours)
        show(lake)
    done = CliRunner().invoke(app, ["rollback", str(DAY)])
    assert done.exit_code == 0
    assert [line.partition(":")[0] for line in done.stdout.splitlines()[:2]] == list(MARTS)
    assert seen(lake) == dict.fromkeys(MARTS, (3, 0))


def test_the_sweep_deletes_what_nobody_points_to_and_nothing_else(cloud, lake, settings):
    """Three versions, one restored, one that no run has published; the reader notices nothing."""
    for hours, rows in enumerate((3, 4, 5)):
        stage(lake, {DAY: rows}, hours)
        show(lake)
    stage(lake, {DAY: 6}, 3)
    versions = [published.version(DAY, FOUND + timedelta(hours=hours)) for hours in range(4)]

    def kept() -> list[bool]:
        keys = cloud.keys(lake.bucket)
        return [any(f"/run={version}" in key for key in keys) for version in versions]

    assert publish_day.sweep(settings) == 0
    assert kept() == [True] * 4
    # a week later: what was replaced then may go, but not what a build or a partition points to
    later = datetime.now(UTC) + timedelta(days=8)
    keep = timedelta(days=7)
    with reading(lake) as answers:
        swept = publishing.sweep(lake, keep, later)
    assert {one for url in swept for one in versions if one in url} == set(versions[:2])
    assert kept() == [False, False, True, True]
    assert {counts[0] for one in answers for counts in one.values()} == {5}
    # the build is given up: its entries first, then its files
    assert publishing.drop_old_builds(lake, later)
    publishing.sweep(lake, keep, later)
    assert kept() == [False, False, True, False]
    assert seen(lake) == dict.fromkeys(MARTS, (5, 0))


def test_the_sweep_deletes_what_a_killed_build_of_many_days_left(cloud, lake, settings):
    """dbt makes a table of its own on the way to more than 100 partitions."""
    left = f"{Name(MARTS[0], NEXT, NEXT, is_rows=True)}__tmp_not_partitioned"
    athena.rows(
        lake,
        f"create table lacuna_build.\"{left}\" with (format = 'parquet', "
        f"external_location = 's3://{lake.bucket}/marts/{left}') as select 1 as n",
    )
    others = "marts/of_an_analyst__tmp/a"
    cloud.client("s3").put_object(Bucket=lake.bucket, Key=others, Body=b"")
    later, keep = datetime.now(UTC) + timedelta(days=8), timedelta(days=7)
    assert publish_day.sweep(settings) == 0
    assert publishing.sweep(lake, keep, later) == []  # the build may go on
    assert publishing.drop_old_builds(lake, later) == [left]
    swept = publishing.sweep(lake, keep, later)
    assert {url.rpartition("/")[0] for url in swept} == {f"s3://{lake.bucket}/marts/{left}"}
    assert [key for key in cloud.keys(lake.bucket) if key.startswith("marts/")] == [others]


def test_the_sweep_goes_on_while_another_run_ends(lake, settings, monkeypatch):
    stage(lake, {DAY: 3}, 0)
    listed = publishing._built

    def dropped_just_then(*arguments: Any) -> Any:
        found = listed(*arguments)
        with monkeypatch.context() as patch:
            patch.setattr(publishing, "_built", listed)
            publishing.drop_builds(lake, DAY)
        return found

    monkeypatch.setattr(publishing, "_built", dropped_just_then)
    assert publishing.sweep(lake, timedelta(days=7), datetime.now(UTC)) == []
