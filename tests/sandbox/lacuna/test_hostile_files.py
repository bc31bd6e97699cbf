"""What a stranger puts among the files of a trail, or among logs, cannot stop a day or fill the memory."""

import gzip
import hashlib

import pytest

from lacuna.aws import objects as aws_objects
from lacuna.lake import athena, lake
from lacuna.steps import catalog_digest_files, catalog_trail_files
from lacuna.tables.evidence import TRAIL_DIGESTS
from lacuna.trail import log_files

pytestmark = pytest.mark.usefixtures("trail")


@pytest.fixture
def little_room(monkeypatch):
    """Limits that small files exceed."""
    monkeypatch.setattr(catalog_trail_files, "_SMALL_PACKED", 1000)
    monkeypatch.setattr(catalog_trail_files, "_SMALL", 4000)
    monkeypatch.setattr(catalog_trail_files, "MOST_BYTES", 2000)
    monkeypatch.setattr(log_files, "MOST_BYTES", 8000)
    monkeypatch.setattr(catalog_digest_files, "_MOST_PACKED", 1000)
    monkeypatch.setattr(catalog_digest_files, "_MOST_BYTES", 4000)


def document(size: int) -> bytes:
    return b'{"Records":[{}],"more":"' + b"x" * (size - 26) + b'"}'


def test_a_file_is_read_up_to_the_largest_that_cloudtrail_writes(
    cloud, little_room, at, run, objects
):
    small, large, bomb = (
        cloud.trail_file("trail-logs", at(9), document(size), number)[0]
        for number, size in enumerate((4000, 8000, 8001))
    )
    name = large.replace(f"{1:016d}", f"{3:016d}").removeprefix("s3://trail-logs/")
    packed = cloud.put("trail-logs", name, b"x" * 2001, at(9))
    run()
    found = {url: (row["readable"], row["problem"]) for url, row in objects().items()}
    too_large = (False, log_files.TOO_LARGE)
    assert found == {small: (True, None), large: (True, None), bomb: too_large, packed: too_large}
    assert objects()[large]["content_sha256"] == hashlib.sha256(document(8000)).hexdigest()


def test_a_file_of_very_many_members_is_one_corrupt_file(cloud, at, run, objects):
    good, _ = cloud.trail_file("trail-logs", at(9))
    name = good.removeprefix("s3://trail-logs/").replace(f"{0:016d}", f"{1:016d}")
    bad = cloud.put("trail-logs", name, gzip.compress(b"") * 160_000, at(9))
    run()
    assert {url: row["problem"] for url, row in objects().items()} == {
        good: None,
        bad: "corrupt gzip",
    }


def test_a_file_of_the_hour_before_midnight_is_not_read_without_a_limit(
    cloud, little_room, at, run, rows
):
    before = [
        cloud.trail_file("trail-logs", at(23, minute, days=-1), document(size))
        for minute, size in ((40, 4000), (50, 9000))
    ]
    cloud.digest("trail-logs", at(0, 30), before)
    run()
    (digest,) = [row for row in rows(TRAIL_DIGESTS) if row["object_key"]]
    assert (digest["missing_files"], digest["altered_files"]) == ([], [before[1][0]])


@pytest.mark.parametrize(
    "body", [b"x" * 1001, gzip.compress(b"\0" * 4001)], ids=["packed", "unpacked"]
)
def test_a_digest_of_any_size_is_one_unreadable_digest(cloud, little_room, at, run, rows, body):
    cloud.digest("trail-logs", at(10), [])
    key = cloud.digest("trail-logs", at(11), [])
    cloud.put("trail-logs", key, body, at(11, 2))
    run()
    states = {row["object_key"]: row["state"] for row in rows(TRAIL_DIGESTS) if row["object_key"]}
    assert states[key] == "unreadable"
    assert sorted(states.values()) == ["unreadable", "valid"]


def test_digests_of_strangers_fill_no_memory(cloud, at, run, rows, monkeypatch):
    monkeypatch.setattr(catalog_digest_files, "_MOST_BYTES_A_DAY", 2000)
    for minute in range(9):
        cloud.digest("trail-logs", at(10, minute), [])
    run()
    states = [row["state"] for row in rows(TRAIL_DIGESTS) if row["object_key"]]
    assert states.count("unreadable") >= 5


def test_strangers_without_number_are_a_few_rows_and_stop_no_query(
    cloud, at, run, objects, settings, monkeypatch
):
    monkeypatch.setattr(aws_objects, "_MOST_STRANGERS", 5)
    good, _ = cloud.trail_file("trail-logs", at(9))
    folder = good.removeprefix("s3://trail-logs/").rpartition("/")[0]
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", "web/")
    log_object = cloud.access_log("logs", "web/", at(9))
    for number in range(20):
        cloud.put("trail-logs", f"{folder}/{number}", b"no gzip", at(9))
        cloud.put("logs", f"web/2026-11-21-{number}", b"no log\n", at(9))
    run()
    kinds = [row["kind"] for row in objects().values()]
    assert {good, log_object} <= set(objects())
    assert kinds.count("other") == 10
    mine = lake.open_lake(settings)
    for table, rows in (("s3_access_logs", "1"), ("cloudtrail_events", "1")):
        counted = athena.rows(mine, f"select count(*) as n from lacuna_raw.{table}")
        assert counted == [{"n": rows}]
