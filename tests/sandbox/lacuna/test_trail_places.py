"""Where trails delivered, also those that are gone: pure, and in the sandbox."""

from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from lacuna.tables import evidence
from lacuna.tables.evidence import TrailPlace
from lacuna.trail.places import follow, trails
from lacuna.trail.recorders import Trail
from tests.sandbox.lacuna.conftest import DAY

ARN = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main"
SEEN = Trail(ARN, "main", "us-east-1", True, "logs", has_digests=True)
PLACE = TrailPlace(ARN, "us-east-1", True, "logs", "", False, is_present=True)


def followed(seen=(), of_day=(), day_before=(), could_be_seen=True):
    return follow(seen, map(asdict, of_day), map(asdict, day_before), lambda _: could_be_seen)


def test_a_trail_that_is_seen_is_there():
    assert followed([SEEN], day_before=[PLACE]) == [PLACE]


def test_a_trail_of_the_day_before_that_is_not_seen_is_gone():
    assert followed(day_before=[PLACE]) == [replace(PLACE, is_present=False)]


def test_nothing_is_called_gone_that_could_not_have_been_seen():
    assert followed(day_before=[PLACE], could_be_seen=False) == [PLACE]


def test_what_was_gone_the_day_before_is_no_news():
    assert followed(day_before=[replace(PLACE, is_present=False)]) == []


@pytest.mark.parametrize("was_there", [True, False])
def test_the_places_of_an_earlier_catalog_of_the_day_stay(was_there):
    written = replace(PLACE, is_present=was_there)
    for seen in ([], [SEEN]):
        assert followed(seen, [written], [PLACE]) == [written]


def test_a_trail_that_moved_is_followed_to_both_places():
    old = replace(PLACE, log_bucket="old")
    places = followed([SEEN], day_before=[old])
    assert places == [PLACE, replace(old, is_present=False)]
    before, now = trails(places, [SEEN])
    assert (before.log_bucket, before.name, before.has_digests) == ("old", "main", False)
    assert now is SEEN


def test_a_deleted_trail_hides_nothing(cloud, at, run, rows, objects):
    cloud.trail("main", "trail-logs", EnableLogFileValidation=True)
    for hour in range(1, 25):
        cloud.digest("trail-logs", at(hour, days=-1), [])
    run(DAY - timedelta(days=1))
    file = cloud.trail_file("trail-logs", at(9, 30))
    cloud.digest("trail-logs", at(10), [file])
    cloud.client("cloudtrail").delete_trail(Name="main")
    for _ in range(2):
        run()
        assert objects()[file[0]]["digest_state"] == "attested"
        assert [row["is_present"] for row in rows(evidence.TRAIL_PLACES)] == [False]
    run(DAY + timedelta(days=1))
    assert len(rows(evidence.TRAIL_PLACES, DAY + timedelta(days=1))) == 0


def test_a_rerun_after_a_trail_was_deleted_leaves_the_day_as_it_was(cloud, trail, at, run, rows):
    file, _ = cloud.trail_file("trail-logs", at(9, 30))
    run()
    before = rows(evidence.LOG_OBJECTS)
    cloud.client("cloudtrail").delete_trail(Name="main")
    run()
    assert [row["log_object"] for row in before] == [file]
    assert rows(evidence.LOG_OBJECTS) == before
    assert [row["is_present"] for row in rows(evidence.TRAIL_PLACES)] == [True]
