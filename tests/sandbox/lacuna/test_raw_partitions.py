"""The raw partitions of a day: what a query reads through them, and when they go."""

from collections import Counter
from datetime import timedelta

import pytest

from lacuna.lake import athena, lake
from lacuna.steps import catalog, day_states
from lacuna.tables import raw
from tests.sandbox.lacuna.conftest import DAY, OBSERVED_AT
from tests.support.shards import register_logs

READ = 'select "$path" as p from lacuna_raw.s3_access_logs where delivered_on = '
AGES = (10, 11, 40)


@pytest.fixture
def photos(cloud):
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", "web/")


def paths(settings, day=DAY):
    found = athena.rows(lake.open_lake(settings), f"{READ}'{day}'")
    return sorted(row["p"] for row in found)


def parts(settings):
    """The days and parts that Glue has of access logs, and the days of CloudTrail events."""
    client = lake.open_lake(settings).account.glue()
    logs, events = (
        sorted(
            tuple(one["Values"])
            for page in client.get_paginator("get_partitions").paginate(
                DatabaseName=raw.DATABASE, TableName=table.name
            )
            for one in page["Partitions"]
        )
        for table in raw.TABLES
    )
    return logs, sorted({values[0] for values in events})


def test_a_rerun_leaves_one_copy_whether_the_day_has_more_parts_or_fewer(
    cloud, photos, at, run, settings, monkeypatch
):
    monkeypatch.setattr(raw, "MANIFEST_LINES", 2)
    urls = [cloud.access_log("logs", "web/", at(9), unique=number) for number in range(3)]
    for number in (3, 5, 1, 0):
        for url in urls[number:]:
            cloud.client("s3").delete_object(Bucket="logs", Key=url.removeprefix("s3://logs/"))
        urls = urls[:number]
        for unique in range(len(urls), number):
            urls.append(cloud.access_log("logs", "web/", at(9), unique=unique))
        for _ in range(2):
            run()
            assert paths(settings) == urls
            expected = [(str(DAY), f"{part}") for part in range(max(1, -(-number // 2)))]
            assert parts(settings)[0] == expected


@pytest.mark.parametrize("layout", [None, "DeliveryTime"])
def test_what_arrives_after_the_listing_is_no_line_of_the_place(
    cloud, photos, at, run, objects, settings, layout
):
    cloud.log_to("photos", "logs", "web/", layout)
    folder = f"web/123456789012/us-east-1/photos/{DAY:%Y/%m/%d}/" if layout else "web/"
    midnight = at(0)
    cloud.access_log("logs", folder, midnight, unique=1)
    run()
    read = list(objects())
    assert len(read) == 1
    cloud.access_log("logs", folder, midnight, unique=2)  # a log
    cloud.put("logs", f"{folder}{DAY}-notes.gz", b"\x1f\x8b no gzip", midnight)  # a stranger
    assert paths(settings) == read
    run()
    assert len(paths(settings)) == 2


def catalog_parsed(settings, day):
    catalog.catalog_day(settings, day)
    mine = lake.open_lake(settings)
    as_of = day_states.catalogued_at(mine, day)
    assert as_of is not None
    day_states.mark_parsed(mine, day, as_of)


def test_a_run_drops_what_is_old_and_parsed_and_a_run_of_an_old_day_has_it_again(
    cloud, trail, photos, at, run, observed, settings
):
    observed(OBSERVED_AT)
    old = {age: DAY - timedelta(days=age) for age in AGES}
    for age, day in old.items():
        cloud.access_log("logs", "web/", at(9, days=-age))
        cloud.trail_file("trail-logs", at(9, days=-age))
        catalog_parsed(settings, day)
    unread = DAY - timedelta(days=30)
    catalog.catalog_day(settings, unread)
    catalog.catalog_day(settings, DAY)

    kept = [unread, old[10], DAY]
    assert parts(settings) == ([(str(day), "0") for day in kept], [str(old[10])])
    assert paths(settings, old[40]) == []
    mine = lake.open_lake(settings)
    assert [mine.is_registered(day) for day in (old[40], unread)] == [False, True]

    catalog.catalog_day(settings, old[40])
    assert len(paths(settings, old[40])) == 1
    assert parts(settings)[1] == [str(old[40]), str(old[10])]


@pytest.mark.parametrize("history", [1, 60])
def test_the_cost_of_dropping_does_not_grow_with_the_days_that_were(settings, history):
    mine = lake.open_lake(settings)
    for number in range(history):
        register_logs(mine, DAY - timedelta(days=number), ["s3://logs/a"])
    mine.unregister(DAY, lambda _: True)
    register_logs(mine, DAY, ["s3://logs/a"])
    calls = Counter[str]()
    client = mine.account.glue()
    client.meta.events.register("before-call.glue", lambda model, **_: calls.update([model.name]))
    mine.unregister(DAY + timedelta(days=1), lambda _: True)
    assert calls == {"GetPartitions": 2, "BatchDeletePartition": 1}
    assert parts(settings) == ([], [])


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_day_is_not_registered_as_soon_as_one_partition_of_it_is_dropped(
    settings, monkeypatch, left
):
    """A kill in between leaves the others, and the next run drops them."""
    monkeypatch.setattr(raw, "MANIFEST_LINES", 1)
    mine = lake.open_lake(settings)
    register_logs(mine, DAY, [f"s3://logs/{number}" for number in range(40)])
    client = mine.account.glue()
    real, calls = client.batch_delete_partition, iter(range(100))

    def dying(**arguments):
        if next(calls) == left:
            raise KeyboardInterrupt
        return real(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(client, "batch_delete_partition", dying)
        with pytest.raises(KeyboardInterrupt):
            mine.unregister(DAY + timedelta(days=1), lambda _: True)
    assert len(parts(settings)[0]) == (40, 39, 14)[left]
    assert mine.is_registered(DAY) is (left == 0)
    mine.unregister(DAY + timedelta(days=1), lambda _: True)
    assert parts(settings)[0] == []
