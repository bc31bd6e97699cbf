"""The suite of fct_logging_coverage, on the sandbox's Athena."""

from __future__ import annotations

import pytest

MART = "fct_logging_coverage"


@pytest.fixture(scope="module")
def findings(new_world):
    """What is found on a day on which every expectation is broken, each by a bucket of its own."""
    world = new_world()
    world.add_verdict("fine", "delivering")
    world.add_verdict("quiet", "idle", reasons=["no_requests"])
    world.add_verdict("mute", "silent")
    world.add_verdict(
        "lossy",
        "broken_target",
        reasons=["target_policy_missing"],
        target_bucket="logs",
        target_prefix="eu/",
        recommendations=["Allow logging.s3.amazonaws.com to write."],
    )
    world.add_verdict("attic", "off", sensitivity="high")
    world.add_verdict(
        "vault",
        "unknown",
        reasons=["logging_unreadable"],
        config_error_code="AccessDenied",
        config_error_operation="GetBucketLogging",
    )
    world.observe("absent")
    world.observe("absent-and-off", "off")
    return world.findings(MART)


def test_buckets_that_deliver_or_are_idle_pass(new_world):
    world = new_world()
    world.add_verdict("fine", "delivering")
    world.add_verdict("quiet", "idle", reasons=["no_requests"])
    assert world.findings(MART) == {}


@pytest.mark.parametrize("reason", ["no_witness", "records_pending", "hours_unknown"])
def test_a_quiet_day_that_nobody_witnessed_is_no_alert(new_world, reason):
    world = new_world()
    world.add_verdict("quiet", "unknown", reasons=["target_uncertain", reason])
    assert world.findings(MART) == {}


def test_an_account_without_buckets_passes(new_world):
    assert new_world().findings(MART) == {}


def test_a_silent_bucket_is_told(findings):
    assert findings["bucket_silent"].message == (
        "mute is silent: logging is on and requests were seen on 2026-11-20, but no access log came"
    )


def test_a_broken_target_is_told_with_its_address_the_reason_and_what_to_do(findings):
    assert findings["target_broken"].message == (
        "access logs of lossy cannot be delivered to s3://logs/eu/, on 2026-11-20 all are lost "
        "(target_policy_missing). Allow logging.s3.amazonaws.com to write."
    )


def test_a_bucket_without_logging_is_told_with_its_sensitivity(findings):
    assert findings["logging_off"].message == (
        "access logging of attic was off on 2026-11-20 (sensitivity: high)"
    )


def test_a_denied_bucket_is_unknown_and_not_off(findings):
    assert findings["logging_unknown"].message == (
        "it is unknown if access to vault was logged on 2026-11-20 "
        "(logging_unreadable; GetBucketLogging: AccessDenied)"
    )


def test_every_observed_bucket_must_have_a_verdict(findings):
    assert findings["bucket_not_judged"].message == (
        "absent has no logging verdict for 2026-11-20; "
        "absent-and-off has no logging verdict for 2026-11-20"
    )


def test_an_empty_day_fails_because_its_buckets_are_expected(new_world):
    world = new_world()
    world.observe("photos-eu")
    assert set(world.findings(MART)) == {"bucket_not_judged"}


def test_a_long_list_of_findings_says_how_many_are_left(new_world):
    world = new_world()
    for number in range(30):
        world.add_verdict(f"attic-{number:02}", "off")
    off = world.findings(MART)["logging_off"]
    assert off.message.endswith("of attic-04 was off on 2026-11-20; and 25 more")
    assert off.offending == tuple(f"attic-{number:02}" for number in range(20))
    assert off.observed == "30 offending"


def test_severities_tell_a_loss_from_a_choice(findings):
    assert {code: result.severity for code, result in findings.items()} == {
        "bucket_not_judged": "critical",
        "bucket_silent": "critical",
        "target_broken": "critical",
        "logging_off": "warning",
        "logging_unknown": "warning",
    }
