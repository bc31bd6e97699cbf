"""The suite of fct_delivery_hours, on the sandbox's Athena."""

from __future__ import annotations

import json
import urllib.request
from datetime import datetime

import pytest

MART = "fct_delivery_hours"
NOT_FINDINGS = {0: {"status": "idle"}, 1: {"status": "pending"}, 2: {"status": "unknown"}}


@pytest.fixture(scope="module")
def spoiled(new_world):
    """A day on which every expectation is broken, each by a bucket of its own."""
    world = new_world()
    world.add_hours("fine")
    world.add_hours("quiet", NOT_FINDINGS)
    world.add_hours("lost", {13: {"status": "missing", "data_event_requests": 142}})
    gap = {"status": "missing", "data_event_requests": 1}
    world.add_hours("gaps", {9: gap, 10: gap, 11: gap, 13: gap})
    world.add_hours("part", {13: {"status": "partial", "access_log_completeness": 0.6149}})
    nearly_all = {"status": "partial", "access_log_completeness": 0.0999}
    few = {"status": "partial", "access_log_completeness": 0.9999}
    world.add_hours("mixed", {13: nearly_all, 14: few})
    world.add_hours("unseen", {13: {"data_event_completeness": 0.5}})
    world.add_hours("late", {13: {"latency_p99_seconds": 30.25 * 3600}})
    world.add_hours("in-time", {13: {"latency_p99_seconds": 6 * 3600.0}})
    world.add_hours("short")
    del world.rows[MART][-1]
    world.observe("absent")
    world.observe("denied", "unknown")
    world.observe("off", "off")
    world.observe("switched-on-later", "off")
    world.observe("switched-on-later", "on", minutes=30)
    world.observe("created-later", "on", minutes=30)
    return world


@pytest.fixture(scope="module")
def findings(spoiled):
    return spoiled.findings(MART)


def test_a_day_with_every_hour_delivered_passes(new_world):
    world = new_world()
    world.add_hours("fine")
    world.add_hours("quiet", NOT_FINDINGS)
    assert world.findings(MART) == {}


def test_an_account_without_buckets_passes(new_world):
    assert new_world().findings(MART) == {}


def test_a_lost_hour_is_reported_with_the_bucket_the_hour_and_the_requests_seen(findings, text_of):
    assert text_of(findings["hour_lost"]).endswith(
        "lost lost all access-log records of 13:00 UTC (CloudTrail saw 142 requests)"
    )


def test_hours_lost_in_a_row_are_one_span(findings, text_of):
    assert text_of(findings["hour_lost"]).startswith(
        "gaps lost all access-log records of 09:00-11:59, 13:00-13:59 UTC "
        "(CloudTrail saw 4 requests)\n"
    )


def test_only_the_buckets_with_lost_hours_are_named(findings):
    assert findings["hour_lost"].offending == (
        "gaps 2026-11-20 09:00-11:59, 13:00-13:59 UTC",
        "lost 2026-11-20 13:00 UTC",
    )


def test_a_partly_lost_hour_is_reported_with_the_share_that_arrived(findings, text_of):
    assert text_of(findings["hour_partly_lost"]) == (
        "part lost part of its access-log records of 13:00 UTC "
        "(61.4 % of the requests that CloudTrail saw have a record)"
    )


def test_how_severe_a_partly_lost_hour_is_depends_on_the_share_that_arrived(findings, text_of):
    assert text_of(findings["hour_mostly_lost"]) == (
        "mixed lost part of its access-log records of 13:00 UTC "
        "(9.9 % of the requests that CloudTrail saw have a record)"
    )
    assert text_of(findings["hour_barely_lost"]) == (
        "mixed lost part of its access-log records of 14:00 UTC "
        "(99.9 % of the requests that CloudTrail saw have a record)"
    )


@pytest.mark.parametrize(
    ("completeness", "code"),
    [
        (0.09, "hour_mostly_lost"),
        (0.1, "hour_partly_lost"),
        (0.98, "hour_partly_lost"),
        (0.99, "hour_barely_lost"),
    ],
)
def test_each_partly_lost_hour_is_one_finding(new_world, completeness, code):
    world = new_world()
    world.add_hours("part", {13: {"status": "partial", "access_log_completeness": completeness}})
    assert set(world.findings(MART)) == {code}


def test_a_share_of_lost_data_events_may_be_tolerated(new_world):
    world = new_world()
    world.add_hours("unseen", {13: {"data_event_completeness": 0.99}})
    assert set(world.findings(MART)) == {"data_events_lost"}
    assert world.findings(MART, completeness_tolerance=0.01) == {}


def test_hours_without_a_status_are_reported_for_every_bucket_that_may_log(findings, text_of):
    assert text_of(findings["hours_not_judged"]) == (
        "24 hours of absent have no status: whether an access log arrived is unknown\n"
        "24 hours of denied have no status: whether an access log arrived is unknown\n"
        "1 hour of short has no status: whether an access log arrived is unknown"
    )


def test_how_old_a_snapshot_may_be_is_a_setting(new_world):
    world = new_world()
    world.observe("photos-eu", minutes=8 * 24 * 60)
    assert world.findings(MART) == {}
    assert set(world.findings(MART, config_max_age_days=8)) == {"hours_not_judged"}


def test_an_empty_day_fails_because_its_buckets_are_expected(new_world):
    world = new_world()
    world.observe("photos-eu")
    assert set(world.findings(MART)) == {"hours_not_judged"}


def test_requests_without_a_data_event_are_a_loss_of_the_witness(findings, text_of):
    assert text_of(findings["data_events_lost"]) == (
        "CloudTrail did not deliver all data events of unseen of 13:00 UTC "
        "(50 % of the requests in the access log have an event)"
    )


def test_data_events_may_still_arrive_until_the_budget_is_spent(new_world):
    world = new_world()
    # only the day itself was read: six hours have passed since the end of 17:00, not of 18:00
    lost = {"data_event_completeness": 0.5, "judged_as_of": datetime(2026, 11, 21)}
    world.add_hours("overdue", {17: lost})
    world.add_hours("too-early", {18: lost})
    findings = world.findings(MART)
    assert set(findings) == {"data_events_lost"}
    assert findings["data_events_lost"].offending == ("overdue 2026-11-20 17:00 UTC",)


def test_records_that_arrived_after_the_budget_are_reported(findings, text_of):
    assert text_of(findings["records_late"]) == (
        "access-log records of late of 13:00 UTC arrived up to 30.2 hours after the request"
    )


def test_the_lateness_budget_is_a_setting(spoiled):
    tolerant = spoiled.findings(MART, lateness_hours=31)
    assert "records_late" not in tolerant


def test_severities_distinguish_a_loss_from_a_delay(findings):
    assert {code: result.severity for code, result in findings.items()} == {
        "hours_not_judged": "critical",
        "hour_lost": "critical",
        "hour_mostly_lost": "critical",
        "hour_partly_lost": "warning",
        "hour_barely_lost": "info",
        "data_events_lost": "warning",
        "records_late": "info",
    }


def test_a_check_without_its_evidence_is_errored_and_the_others_still_report(new_world, caplog):
    world = new_world()
    world.add_hours("lost", {13: {"status": "missing"}})
    world.write()
    world.glue.delete_table(DatabaseName=f"{world.name}_evidence", Name="logging_snapshots")
    results = {result.expectation: result for result in world.results(MART)}
    assert {code for code, result in results.items() if result.errored} == {"hours_not_judged"}
    assert "logging_snapshots" in results["hours_not_judged"].message
    assert results["hour_lost"].offending == ("lost 2026-11-20 13:00 UTC",)
    assert "the checks of fct_delivery_hours are carried out one by one" in caplog.text


def test_a_suite_costs_one_statement_and_one_more_for_each_check_that_finds_something(
    new_world, sandbox
):
    def statements() -> int:
        with urllib.request.urlopen(f"{sandbox.url}/_sandbox/calls") as answer:
            return json.load(answer).get("athena:StartQueryExecution", 0)

    spoiled = new_world()
    lost, quarter = {"status": "missing"}, {"status": "partial", "access_log_completeness": 0.25}
    spoiled.add_hours("lost", {13: lost, 14: quarter})
    for world, findings in ((new_world(), 0), (spoiled, 2)):
        before = statements()
        results = world.results(MART)
        assert (len(results), sum(result.findings for result in results)) == (7, findings)
        assert statements() - before == 1 + findings
