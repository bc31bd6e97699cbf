"""The suite of fct_findings, on the sandbox's Athena."""

from __future__ import annotations

from typing import Any

import pytest

from expectations.fct_findings import MANY
from lacuna.steps import suites

MART = "fct_findings"


def add(world: Any, finding_id: str = "f1", *, evidence: bool = True, **fields: Any) -> None:
    """A finding, and a request behind it."""
    row = {
        "finding_id": finding_id,
        "detection": "version_purge",
        "stage": "live",
        "title": "Versions deleted",
        "summary": "ann deleted 24 versions of photos",
        "severity": "critical",
        "confidence": "medium",
        "bucket_name": "photos",
        "subject": "ann",
        "is_observed_only": False,
    }
    world.rows[MART].append(row | fields)
    if evidence:
        world.rows["fct_finding_evidence"].append({"finding_id": finding_id, "rank": 1})


def test_a_day_without_findings_passes(new_world):
    assert new_world().findings(MART) == {}


@pytest.mark.parametrize(
    ("severity", "code"),
    [
        ("critical", "finding_critical"),
        ("high", "finding_high"),
        ("medium", "finding_other"),
        ("low", "finding_other"),
        ("informational", "finding_other"),
    ],
)
def test_a_finding_is_told_by_its_severity(new_world, text_of, severity, code):
    world = new_world()
    add(world, severity=severity)
    found = world.findings(MART)
    assert set(found) == {code}
    assert text_of(found[code]).splitlines()[0] == (
        "Versions deleted: ann deleted 24 versions of photos"
    )


def test_a_finding_of_low_confidence_says_so_and_one_on_trial_is_told_to_nobody(new_world, text_of):
    world = new_world()
    add(world, confidence="low", severity="high")
    add(world, "f2", stage="trial")
    found = world.findings(MART)
    assert set(found) == {"finding_high"}
    assert "(low confidence)" in text_of(found["finding_high"])


def test_a_finding_about_no_bucket_is_about_its_subject(new_world):
    world = new_world()
    add(world, bucket_name=None)
    (row,) = world.findings(MART).values()
    assert row.offending == ("ann",)


def test_a_finding_without_evidence_is_named_unless_only_observations_show_it(new_world, text_of):
    world = new_world()
    add(world, evidence=False, severity="low", stage="trial")
    add(world, "f2", evidence=False, is_observed_only=True, stage="trial")
    found = world.findings(MART)
    assert set(found) == {"finding_without_evidence"}
    assert text_of(found["finding_without_evidence"]) == (
        "version_purge found something about photos, and no evidence of it is kept"
    )


def test_a_detection_that_finds_too_much_is_named(new_world, text_of):
    world = new_world()
    for number in range(MANY + 1):
        add(world, f"f{number}", severity="low", subject=f"s{number}")
    found = world.findings(MART)
    assert set(found) == {"finding_other", "findings_many"}
    assert text_of(found["findings_many"]) == "version_purge has 51 findings"


def test_findings_that_make_a_case_are_told_together(new_world, text_of):
    world = new_world()
    case = {"meaning": "Taken, then destroyed.", "detections": ["a", "b"]}
    world.rows["fct_cases"] += [
        case | {"subject": "ann", "principal": "ann"},
        case | {"subject": "photos"},
    ]
    found = world.findings(MART)
    assert set(found) == {"case_found"}
    told = text_of(found["case_found"]).splitlines()
    assert {line.strip() for line in told} >= {
        "photos: Taken, then destroyed. (a, b)",
        "ann: Taken, then destroyed. (a, b)",
    }


@pytest.mark.parametrize("mart", suites.PARTITION_COLUMNS)
def test_the_checks_of_a_suite_are_counted_together(new_world, caplog, mart):
    """A count that fails is repeated check by check, which is slow and looks as good."""
    new_world().findings(mart)
    assert "one by one" not in caplog.text
