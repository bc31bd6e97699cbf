"""The suite of fct_bucket_days, on the sandbox's Athena."""

from __future__ import annotations

from typing import Any

MART = "fct_bucket_days"


def add_day(world: Any, bucket_name: str, **fields: Any) -> None:
    """A bucket that was observed, and whose day is counted."""
    world.observe(bucket_name)
    counted = {"bucket_name": bucket_name, "requests_seen": 1000}
    world.rows[MART].append(counted | fields)


def estimate(middle: float, seen: int = 1000) -> dict[str, Any]:
    """An estimate of what neither log shows, in an interval from half of it to its double."""
    bounds = {"unseen_lower": middle / 2, "unseen_upper": middle * 2}
    return {"unseen_estimate": middle, "requests_seen": seen} | bounds


def test_a_day_of_counted_buckets_passes(new_world):
    world = new_world()
    add_day(world, "one-log")
    add_day(world, "both-logs", **estimate(0.3, seen=20))
    # a few of very many
    add_day(world, "large", **estimate(9.9))
    world.observe("off", "off")
    world.rows[MART].append({"bucket_name": "off", "requests_seen": 0})
    assert world.findings(MART) == {}


def test_a_bucket_without_a_row_is_named(new_world, text_of):
    world = new_world()
    add_day(world, "counted")
    world.observe("off", "off")
    found = world.findings(MART)
    assert set(found) == {"bucket_day_not_counted"}
    assert text_of(found["bucket_day_not_counted"]) == (
        "off has no row: how much of its day was seen is unknown"
    )


def test_requests_that_are_in_neither_log_are_told_with_their_interval(new_world, text_of):
    world = new_world()
    add_day(world, "lossy", **estimate(20.4))
    found = world.findings(MART)
    assert set(found) == {"requests_unseen"}
    assert text_of(found["requests_unseen"]) == (
        "of lossy at least 1,000 requests were made, and about 20 more that no log shows (10 to 41)"
    )
