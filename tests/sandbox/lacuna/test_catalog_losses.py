"""A rerun of a day whose logs are gone keeps what was read of it."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest

from lacuna.lake import lake as lakes
from lacuna.steps import catalog, catalog_losses, day_states
from lacuna.tables.evidence import CATALOGUED_DAYS, LISTINGS, LOG_OBJECTS, TRAIL_DIGESTS
from tests.sandbox.lacuna.conftest import DAY

TABLES = (LOG_OBJECTS, LISTINGS, TRAIL_DIGESTS)


@pytest.fixture
def photos(cloud) -> str:
    cloud.log_bucket("logs")
    cloud.log_to(cloud.bucket("photos"), "logs", "photos/")
    return "photos/"


@pytest.fixture
def read_day(cloud, photos, trail, at, run, settings):
    """A day with two access logs, a trail file and a stranger, cataloged and parsed."""
    for minute in (1, 2):
        cloud.access_log("logs", photos, at(3, minute))
    cloud.put("logs", f"{photos}2026-11-21-inventory.csv", b"a stranger", at(4))
    cloud.trail_file("trail-logs", at(5))
    run()
    lake = lakes.open_lake(settings)
    day_states.mark_parsed(lake, DAY, day_states.catalogued_at(lake, DAY))
    return lake


def held(lake) -> list[object]:
    return [lake.read(table, {"delivered_on": DAY}) for table in TABLES]


def delete(cloud, bucket: str, key: str) -> None:
    cloud.client("s3").delete_object(Bucket=bucket, Key=key)


def logs(cloud) -> list[str]:
    return [key for key in cloud.keys("logs") if not key.endswith(".csv")]


def test_logs_that_expired_leave_the_catalog_as_it_was(cloud, read_day, settings, run, caplog):
    before = held(read_day)
    delete(cloud, "logs", logs(cloud)[0])
    summary = run()
    assert held(read_day) == before
    assert "its earlier catalog of 4 objects is kept" in str(summary)
    assert "1 logs or digests that were read before are gone" in caplog.text
    (row,) = read_day.read(CATALOGUED_DAYS, {"delivered_on": DAY})
    assert (row["objects_gone"], row["objects_catalogued"]) == (1, 4)
    assert catalog_losses.must_keep(read_day, DAY)
    run()
    assert held(read_day) == before


def test_a_place_that_refuses_to_be_listed_now_leaves_it_too(cloud, read_day, run):
    before = held(read_day)
    cloud.faults(
        {"operation": "ListObjectsV2", "resource": "logs", "error": "AccessDenied", "status": 403}
    )
    run()
    assert held(read_day) == before


def test_a_trail_file_that_is_archived_or_refused_now_leaves_it_too(cloud, read_day, run):
    before = held(read_day)
    (key,) = cloud.keys("trail-logs")
    cloud.faults(
        {
            "operation": "GetObject",
            "resource": f"trail-logs/{key}",
            "error": "InvalidObjectState",
            "status": 403,
        }
    )
    run()
    assert held(read_day) == before
    assert catalog_losses.must_keep(read_day, DAY)


def test_an_access_log_that_is_archived_now_leaves_it_too(cloud, read_day, at, run):
    before = held(read_day)
    cloud.archive("logs", logs(cloud)[0], at(3, 1))
    run()
    assert held(read_day) == before
    assert catalog_losses.must_keep(read_day, DAY)


def test_a_log_that_was_cut_short_since_leaves_it_too(cloud, read_day, at, run):
    before = held(read_day)
    cloud.put("logs", logs(cloud)[0], b"a", at(3, 1))
    run()
    assert held(read_day) == before
    assert catalog_losses.must_keep(read_day, DAY)


def codes(lake) -> dict[str, str | None]:
    """The error code of each place of logs, by the URL of its prefix."""
    return {
        f"s3://{row['log_bucket']}/{row['prefix']}": row["error_code"]
        for row in lake.read(LISTINGS, {"delivered_on": DAY})
        if row["objects_catalogued"] or row["error_code"]
    }


def test_logs_that_came_after_a_kept_catalog_make_their_places_unread(
    cloud, read_day, at, run, settings, objects
):
    """The day is wiped and filled again, also by a trail that its catalog does not know."""
    folder = "AWSLogs/123456789012/CloudTrail/us-east-1/"
    before = read_day.read(LOG_OBJECTS, {"delivered_on": DAY})
    for bucket in ("logs", "trail-logs"):
        for key in cloud.keys(bucket):
            delete(cloud, bucket, key)
    run()
    assert set(codes(read_day).values()) == {None}
    cloud.access_log("logs", "photos/", at(5))
    cloud.trail("second", "second-logs")
    cloud.trail_file("second-logs", at(6))
    for _ in range(2):
        run()
        assert read_day.read(LOG_OBJECTS, {"delivered_on": DAY}) == before
        assert codes(read_day) == {
            "s3://logs/photos/": "LogsUnread",
            f"s3://trail-logs/{folder}": None,
            f"s3://second-logs/{folder}": "LogsUnread",
        }
    (row,) = read_day.read(CATALOGUED_DAYS, {"delivered_on": DAY})
    assert row["places_unreadable"] == 2
    catalog.catalog_day(settings, DAY, accept_loss=True)
    assert codes(read_day) == {
        "s3://logs/photos/": "LogsGone",
        f"s3://trail-logs/{folder}": "LogsGone",
        f"s3://second-logs/{folder}": None,
    }
    assert len(objects()) == 2


def test_a_file_with_another_content_was_not_read(cloud, read_day, at, run):
    (key,) = cloud.keys("trail-logs")
    delete(cloud, "logs", logs(cloud)[0])
    cloud.put("trail-logs", key, gzip.compress(b'{"Records":[{}, {}]}'), at(5))
    run()
    assert set(codes(read_day).values()) == {None, "LogsUnread"}


def test_a_loss_that_is_accepted_replaces_the_day(cloud, read_day, settings, run, objects):
    gone = logs(cloud)[0]
    delete(cloud, "logs", gone)
    run()
    catalog.catalog_day(settings, DAY, accept_loss=True)
    assert f"s3://logs/{gone}" not in objects()
    assert len(objects()) == 3
    assert not catalog_losses.must_keep(read_day, DAY)


def test_a_place_whose_loss_was_accepted_proves_nothing_any_more(cloud, read_day, settings, run):
    """Else its hours would be idle, or missing: nothing says that there were logs."""
    for bucket in ("logs", "trail-logs"):
        for key in cloud.keys(bucket):
            delete(cloud, bucket, key)
    catalog.catalog_day(settings, DAY, accept_loss=True)
    marked = codes(read_day)
    assert set(marked.values()) == {"LogsGone"}
    assert {url.split("/")[2] for url in marked} == {"logs", "trail-logs"}
    run()
    assert codes(read_day) == marked


def test_logs_that_came_back_are_read_again(cloud, read_day, at, run, objects):
    key = logs(cloud)[0]
    body = cloud.client("s3").get_object(Bucket="logs", Key=key)["Body"].read()
    delete(cloud, "logs", key)
    run()
    cloud.put("logs", key, body, at(3, 1))
    run()
    assert len(objects()) == 4
    assert not catalog_losses.must_keep(read_day, DAY)


def test_a_stranger_that_is_gone_is_no_loss(cloud, read_day, photos, run, objects):
    delete(cloud, "logs", f"{photos}2026-11-21-inventory.csv")
    run()
    assert len(objects()) == 3
    assert not catalog_losses.must_keep(read_day, DAY)


def test_a_day_that_was_never_read_loses_nothing(cloud, read_day, run, objects):
    day_states.forget_parsed(read_day)
    delete(cloud, "logs", logs(cloud)[0])
    run()
    assert len(objects()) == 3


def test_a_kill_while_the_loss_is_noted_loses_nothing(cloud, read_day, run):
    before = held(read_day)
    delete(cloud, "logs", logs(cloud)[0])
    read_day.drop(CATALOGUED_DAYS, {"delivered_on": DAY})
    run()
    assert held(read_day) == before
    assert catalog_losses.must_keep(read_day, DAY)


def test_a_kill_between_catalog_and_parse_loses_nothing(cloud, read_day, photos, at, run):
    """The day was cataloged again with one log more, which nobody parsed before logs expired."""
    cloud.access_log("logs", photos, at(3, 7))
    run()
    assert not day_states.is_parsed(read_day, DAY)
    delete(cloud, "logs", logs(cloud)[0])
    run()
    assert catalog_losses.must_keep(read_day, DAY)


def test_other_days_are_cataloged_as_ever(cloud, read_day, settings, objects):
    for key in logs(cloud):
        delete(cloud, "logs", key)
    catalog.catalog_day(settings, DAY + timedelta(days=1))
    assert objects(DAY + timedelta(days=1)) == {}


def digests_of(lake) -> list[tuple[str, list[str]]]:
    rows = lake.read(TRAIL_DIGESTS, {"delivered_on": DAY})
    return [(row["state"], list(row["missing_files"])) for row in rows]


@pytest.fixture
def signed_day(cloud, trail, at, run, settings):
    """A parsed day with one digest, which names a file of the day before; that file's key."""
    name, content = cloud.trail_file("trail-logs", at(23, 50, days=-1))
    cloud.digest("trail-logs", at(0, 40), [(name, content)])
    run()
    lake = lakes.open_lake(settings)
    day_states.mark_parsed(lake, DAY, day_states.catalogued_at(lake, DAY))
    assert ("valid", []) in digests_of(lake)
    return lake, name


def test_digests_that_expired_are_not_missing(cloud, signed_day, run):
    lake, _ = signed_day
    before = held(lake)
    (digest,) = [key for key in cloud.keys("trail-logs") if "CloudTrail-Digest" in key]
    delete(cloud, "trail-logs", digest)
    run()
    assert held(lake) == before
    assert catalog_losses.must_keep(lake, DAY)


def test_a_file_of_an_expired_day_before_is_not_missing(cloud, signed_day, run):
    lake, name = signed_day
    before = held(lake)
    delete(cloud, "trail-logs", name.removeprefix("s3://trail-logs/"))
    run()
    assert held(lake) == before
    assert catalog_losses.must_keep(lake, DAY)


def test_a_digest_that_came_late_still_shows_what_is_missing(cloud, signed_day, at, run):
    lake, _ = signed_day
    name, content = cloud.trail_file("trail-logs", at(1, 10))
    cloud.digest("trail-logs", at(1, 40), [(name, content)])
    delete(cloud, "trail-logs", name.removeprefix("s3://trail-logs/"))
    run()
    assert any(len(missing) == 1 for _, missing in digests_of(lake))
    assert not catalog_losses.must_keep(lake, DAY)
