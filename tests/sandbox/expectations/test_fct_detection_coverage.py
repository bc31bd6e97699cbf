"""The suite of fct_detection_coverage, on the sandbox's Athena."""

from __future__ import annotations

from typing import Any

MART = "fct_detection_coverage"


def answer(world: Any, bucket_name: str = "photos", state: str = "clear", **fields: Any) -> None:
    """The answer of one detection for a bucket that was observed."""
    if bucket_name not in {row["bucket_name"] for row in world.rows["logging_snapshots"]}:
        world.observe(bucket_name)
    row = {"detection": "public_write", "bucket_name": bucket_name, "state": state}
    seen = {"coverage": 1.0, "hours_unknown": 0, "unknown_reasons": []}
    world.rows[MART].append(row | seen | fields)


def test_a_day_of_answers_passes(new_world):
    world = new_world()
    answer(world)
    answer(
        world, "dark", "unknown", coverage=0.0, hours_unknown=24, unknown_reasons=["logging_off"]
    )
    answer(world, "odd", "found", coverage=0.5, hours_unknown=12)
    answer(world, "nearly", coverage=0.99)
    answer(world, "plain", "not_applicable", coverage=0.0, hours_unknown=24)
    world.rows["fct_findings"].append(
        {"finding_id": "f", "detection": "public_write", "bucket_names": ["odd"]}
    )
    assert world.findings(MART) == {}


def test_a_bucket_without_an_answer_of_a_detection_is_named(new_world, text_of):
    world = new_world()
    answer(world)
    world.observe("films")
    found = world.findings(MART)
    assert set(found) == {"detection_not_judged"}
    assert text_of(found["detection_not_judged"]) == "public_write has no answer for films"


def test_clear_without_every_hour_is_no_answer(new_world, text_of):
    world = new_world()
    answer(world, coverage=0.96, hours_unknown=1)
    answer(world, "films", coverage=0.97)
    found = world.findings(MART)
    assert set(found) == {"clear_without_proof"}
    assert text_of(found["clear_without_proof"]).splitlines() == [
        "public_write is clear for films, and 0 hours are unknown (coverage 0.97)",
        "public_write is clear for photos, and 1 hours are unknown (coverage 0.96)",
    ]


def test_unknown_says_why(new_world, text_of):
    world = new_world()
    answer(world, state="unknown", coverage=0.5)
    found = world.findings(MART)
    assert set(found) == {"unknown_without_reason"}
    assert text_of(found["unknown_without_reason"]) == (
        "public_write is unknown for photos, and says not why"
    )


def test_found_is_a_finding_and_a_finding_is_found(new_world, text_of):
    world = new_world()
    answer(world)
    answer(world, "films", "found")
    world.rows["fct_findings"].append(
        {"finding_id": "f", "detection": "public_write", "bucket_names": ["photos"]}
    )
    found = world.findings(MART)
    assert set(found) == {"found_without_finding"}
    assert text_of(found["found_without_finding"]).splitlines() == [
        "public_write is found for films, and fct_findings has no finding",
        "public_write is clear for photos, and fct_findings has a finding",
    ]
