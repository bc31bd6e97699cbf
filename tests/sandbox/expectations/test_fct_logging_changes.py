"""The suite of fct_logging_changes, on the sandbox's Athena."""

from __future__ import annotations

from datetime import datetime

import pytest

MART = "fct_logging_changes"
KIM = "arn:aws:iam::123456789012:user/kim"


@pytest.fixture(scope="module")
def findings(new_world):
    """What is found on a day on which every expectation is broken."""
    world = new_world()
    world.add_change("off", bucket_name="photos")
    world.add_change("on", hour=8, bucket_name="photos")
    world.add_change("off", bucket_name="scratch-1")
    for hour in (1, 2, 3):
        world.add_change(
            "off", hour, about="trail", trail_name="main", event_name="StopLogging",
            error_code="AccessDenied",
        )  # fmt: skip
    world.add_change("off", about="trail", trail_name="scratch-2", event_name="DeleteTrail")
    for name, hour in (("main", 10), ("arn:aws:cloudtrail:us-east-1:1:trail/other", 11)):
        world.add_change("off", hour, about="trail", trail_name=name, event_name="StopLogging")
    # by another name, too early, refused, or another account's
    for effect, hour, fields in (
        ("on", 12, {"trail_name": "other"}),
        ("on", 9, {"trail_name": "main"}),
        ("on", 13, {"trail_name": "main", "error_code": "AccessDenied"}),
        ("on", 14, {"trail_name": "main", "account_id": "999999999999"}),
    ):
        world.add_change(effect, hour, about="trail", event_name="StartLogging", **fields)
    world.add_change(
        "changed", about="log_bucket", bucket_name="logs", event_name="PutBucketPolicy"
    )
    world.add_change("changed", about="account", event_name="PutAccountPublicAccessBlock")
    for event, refused in (
        ("DeleteBucketTagging", None),
        ("PutBucketTagging", None),
        ("PutBucketTagging", "AccessDenied"),
    ):
        world.add_change("changed", bucket_name="payroll", event_name=event, error_code=refused)
    for name in ("photos", "music"):
        world.observe(name, region="eu-west-1", changes_witness="not_covered")
    world.observe("videos", region="us-east-1", changes_witness="partly_covered")
    world.observe("papers", region="us-west-2", changes_witness=None)
    world.observe("plans", region=None, changes_witness="unknown")
    start = {"changes_witness": "covered", "changes_witnessed_since": datetime(2026, 11, 20, 9)}
    world.observe("begun", region="ap-south-1", **start)
    world.add_change("redirected", hour=9, bucket_name="photos")
    world.add_change(
        "changed", about="trail", trail_name="x\x1b[31m", event_name="UpdateTrail",
        error_code="AccessDenied",
    )  # fmt: skip
    return world.findings(MART, unlogged_buckets=("scratch-*",))


def test_a_day_without_changes_passes(new_world):
    assert new_world().findings(MART) == {}


def test_logging_that_is_turned_on_is_no_finding(new_world):
    world = new_world()
    world.add_change("on", bucket_name="photos")
    assert world.findings(MART) == {}


def test_changes_that_a_trail_would_have_recorded_are_no_finding(new_world):
    world = new_world()
    world.observe("photos", changes_witness="covered")
    since = {"changes_witnessed_since": datetime(2026, 11, 20)}
    world.observe("music", changes_witness="covered", **since)
    # a later snapshot does not say how the day ended
    world.observe("music", minutes=24 * 60, changes_witness="not_covered")
    assert world.findings(MART) == {}


def test_changes_that_no_trail_would_have_recorded_are_reported(findings, text_of):
    calls = "calls that change what is logged in {} of account 123456789012 ({}) {}"
    assert text_of(findings["changes_not_witnessed"]).split("\n") == [
        calls.format(*words)
        for words in (
            ("ap-south-1", "1 bucket",
             "are recorded by a trail only since 2026-11-20 09:00:00 UTC, when it was started"),
            ("eu-west-1", "2 buckets", "are recorded by no trail"),
            ("us-east-1", "1 bucket", "are recorded by trails only in part"),
            ("us-west-2", "1 bucket", "are possibly recorded by no trail: the trails could not be read"),
            ("an unknown Region", "1 bucket",
             "are possibly recorded by no trail: the trails could not be read"),
        )
    ]  # fmt: skip
    assert findings["changes_not_witnessed"].severity == "warning"


def test_the_caller_who_turned_logging_off_is_reported(findings, text_of):
    assert text_of(findings["logging_weakened"]) == (
        f"{KIM} called StopLogging on arn:aws:cloudtrail:us-east-1:1:trail/other at 11:00:00 UTC: "
        "off from 11:00:00 until 12:00:00\n"
        f"{KIM} called StopLogging on main at 10:00:00 UTC: "
        "off from 10:00:00 until the end of the day, as far as a trail recorded\n"
        f"{KIM} called PutBucketLogging on photos at 07:00:00 UTC: off from 07:00:00 until 08:00:00\n"
        f"{KIM} called DeleteTrail on scratch-2 at 07:00:00 UTC"
    )
    assert findings["logging_weakened"].severity == "critical"


def test_attempts_of_one_caller_are_one_finding(findings, text_of):
    assert text_of(findings["weakening_refused"]) == (
        f"{KIM} called StopLogging on main 3 times at "
        "01:00:00 to 03:00:00 UTC and was refused (AccessDenied)\n"
        rf"{KIM} called UpdateTrail on x\x1b[31m at 07:00:00 UTC and was refused (AccessDenied)"
    )


def test_other_changes_that_were_carried_out_are_reported(findings, text_of):
    assert text_of(findings["logging_changed"]) == (
        f"{KIM} called PutAccountPublicAccessBlock on account 123456789012 at 07:00:00 UTC\n"
        f"{KIM} called PutBucketPolicy on logs at 07:00:00 UTC"
    )
    assert findings["logging_changed"].severity == "warning"


def test_changed_tags_are_reported_and_are_no_weakness(findings, text_of):
    assert text_of(findings["tags_changed"]) == (
        f"{KIM} called DeleteBucketTagging on payroll at 07:00:00 UTC\n"
        f"{KIM} called PutBucketTagging on payroll at 07:00:00 UTC"
    )
    assert findings["tags_changed"].severity == "info"


def test_logs_that_are_sent_elsewhere_are_reported(findings, text_of):
    assert text_of(findings["logging_redirected"]) == (
        f"{KIM} called PutBucketLogging on photos at 09:00:00 UTC"
    )
    assert findings["logging_redirected"].severity == "critical"


def test_every_expectation_has_a_case_that_trips_it(findings):
    assert set(findings) == {
        "changes_not_witnessed",
        "logging_weakened",
        "logging_redirected",
        "weakening_refused",
        "logging_changed",
        "tags_changed",
    }
