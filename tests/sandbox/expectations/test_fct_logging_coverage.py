"""The suite of fct_logging_coverage, on the sandbox's Athena."""

from __future__ import annotations

import pytest

from lacuna.cli import advice
from lacuna.lake import athena
from lacuna.lake.lake import open_lake
from lacuna.settings import Settings
from tests.sandbox.expectations.conftest import DAY

MART = "fct_logging_coverage"
VENDORS = "arn:aws:cloudtrail:us-east-1:1:trail/vendors"
# named by a snapshot of an older version
OLDER = "arn:aws:cloudtrail:us-east-1:1:trail/older"


def remedy(text: str, **fields: object) -> dict[str, object]:
    """A row of a verdict's advice."""
    return {"code": "a", "remedy": text, "is_action": True} | fields


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
        advice=[remedy("Allow logging.s3.amazonaws.com to write.")],
    )
    world.add_verdict("attic", "off", sensitivity="high")
    world.add_verdict(
        "vault",
        "unknown",
        reasons=["logging_unreadable"],
        config_error_code="AccessDenied",
        config_error_operation="GetBucketLogging",
    )
    world.add_verdict("vended", "unknown", reasons=["logging_elsewhere"], logging_state="elsewhere")
    for number in range(5):
        weak = ["target_not_versioned", "of_a_later_version"] if number else ["prefix_shared"]
        world.add_verdict(
            f"weak-{number}",
            "delivering",
            target_bucket="logs",
            weaknesses=weak,
        )
    half = {"read_coverage": "covered", "write_coverage": "partly_covered"}
    world.add_verdict(
        "payroll",
        "delivering",
        is_sensitive=True,
        sensitivity="high",
        coverage_reasons=["writes_partly_selected"],
        coverage_details=["writes recorded: all but DeleteObject"],
        **half,
    )
    world.add_verdict("plain", "delivering", is_sensitive=False, **half)
    world.add_verdict("untold", "delivering", is_sensitive=None, **half)
    for number in range(4):
        world.add_verdict(
            f"hidden-{number}",
            "delivering",
            is_sensitive=None,
            sensitivity_error_operation="GetTable",
            sensitivity_error_code="AccessDeniedException",
            sensitivity_missing_permission="glue:GetTable",
        )
    world.add_verdict(
        "named",
        "delivering",
        is_sensitive=True,
        read_coverage="covered",
        write_coverage="covered",
        sensitivity_error_operation="GetTable",
        sensitivity_error_code="AccessDeniedException",
    )
    world.add_verdict(
        "lost-table",
        "delivering",
        is_sensitive=None,
        sensitivity_error_operation="GetTable",
        sensitivity_error_code="EntityNotFoundException",
    )
    seen = {"read_coverage": "covered", "write_coverage": "unknown"}
    world.add_verdict("perhaps", "delivering", is_sensitive=True, **seen)
    world.observe_account("111111111111", "observed")
    world.observe_account(
        "222222222222",
        "unreadable",
        name="shop",
        error_operation="AssumeRole",
        error_code="AccessDenied",
        missing_permission="sts:AssumeRole",
    )
    # in a later snapshot
    world.observe_account("333333333333", "unreadable", minutes=16)
    for name in ("files-1", "files-2", "files-3", "files-4"):
        faults = [
            {"reason": "trail_delivery_error", "arn": VENDORS},
            {"reason": "trail_bucket_missing", "arn": "arn:aws:cloudtrail:us-east-1:1:trail/gone"},
        ]
        world.observe(name, coverage_faults=faults)
        world.add_verdict(name, "idle")
    texts = [f"trail_delivery_error {OLDER}", "trail_bucket_missing arn:of:gone"]
    world.observe("files-5", coverage_at_fault=texts)
    world.add_verdict("files-5", "idle")
    world.observe("absent")
    world.observe("absent-and-off", "off")
    return world.findings(MART)


def test_buckets_that_deliver_or_are_idle_pass(new_world):
    world = new_world()
    world.add_verdict("fine", "delivering")
    world.add_verdict("quiet", "idle", reasons=["no_requests"])
    assert world.findings(MART) == {}


@pytest.mark.parametrize("reason", ["no_witness", "records_pending", "hours_unknown"])
def test_a_day_without_logs_and_witness_is_no_finding(new_world, reason):
    world = new_world()
    world.add_verdict("quiet", "unknown", reasons=["target_uncertain", reason])
    assert world.findings(MART) == {}


def test_an_account_without_buckets_passes(new_world):
    assert new_world().findings(MART) == {}


def test_an_account_that_could_not_be_read_is_reported(findings, text_of):
    found = findings["account_unreadable"]
    assert text_of(found) == (
        "account 222222222222 (shop) could not be read (AssumeRole: AccessDenied, "
        "sts:AssumeRole is not allowed)\n  to do: Deploy infra/member.yaml there for Lacuna's role, "
        "or take the account out of LACUNA_ACCOUNTS."
    )
    assert found.offending == ("account 222222222222",)


def test_a_silent_bucket_is_reported(findings, text_of):
    assert text_of(findings["bucket_silent"]) == (
        "mute is silent: logging is on and requests were seen, but no access log arrived"
    )


def test_a_broken_target_is_reported_with_its_address_the_reason_and_what_to_do(findings, text_of):
    assert text_of(findings["target_broken"]) == (
        "access logs of lossy cannot be delivered to s3://logs/eu/, all are lost "
        "(target_policy_missing)\n  to do: Allow logging.s3.amazonaws.com to write."
    )


def test_a_bucket_without_logging_is_reported_with_its_sensitivity(findings, text_of):
    assert text_of(findings["logging_off"]) == (
        "access logging of attic was off (sensitivity: high)"
    )


def test_a_bucket_whose_read_was_refused_is_unknown_and_not_off(findings, text_of):
    assert text_of(findings["logging_unknown"]) == (
        "whether access to vault was logged is unknown "
        "(logging_unreadable; GetBucketLogging: AccessDenied)"
    )


def test_a_bucket_whose_log_cloudwatch_delivers_is_told_and_is_not_unknown(findings, text_of):
    assert text_of(findings["logging_elsewhere"]) == (
        "the access log of vended is delivered by CloudWatch only, where Lacuna does not read it"
    )


def test_a_sensitive_bucket_that_no_trail_records_completely_is_reported(findings, text_of):
    assert text_of(findings["sensitive_not_recorded"]) == (
        "payroll is sensitive (high) and not every request is a data event: reads covered, "
        "writes partly covered (writes_partly_selected; writes recorded: all but DeleteObject)"
    )


def test_a_weak_log_bucket_is_reported_once_for_each_weakness(findings, text_of):
    assert text_of(findings["log_bucket_weak"]) == (
        "log bucket logs is weak (of_a_later_version; logs of weak-1, weak-2, weak-3 and 1 more)\n"
        "log bucket logs gets the logs of several buckets under one prefix: a key does not say whose "
        "log it is (prefix_shared; logs of weak-0)\n"
        "log bucket logs has no versioning: a log that is overwritten or deleted is gone "
        "(target_not_versioned; logs of weak-1, weak-2, weak-3 and 1 more)"
    )
    assert findings["log_bucket_weak"].offending == ("logs",) * 3


@pytest.mark.parametrize("missing", [set(), {"advice"}], ids=["another day built since", "none"])
def test_a_day_that_an_older_version_built_keeps_its_recommendations(new_world, text_of, missing):
    world = new_world()
    world.missing_columns = missing
    texts = ["Turn it on.\naws s3api attic", "Ask.", "Nothing for the days to come: it is on."]
    world.add_verdict("attic", "off", recommendations=texts, advice=None)
    weak = {"target_bucket": "logs", "weaknesses": ["target_not_versioned"]}
    world.add_verdict("web", "delivering", recommendations=[], advice=None, **weak)
    findings = world.findings(MART)
    assert text_of(findings["logging_off"]).split("\n") == [
        "access logging of attic was off",
        "  to do: Turn it on. Ask.",
    ]
    assert text_of(findings["log_bucket_weak"]).startswith("log bucket logs has no versioning")

    def advised(bucket=None):
        lake = open_lake(Settings(lake_bucket=world.name))
        return advice.read(lake, DAY, bucket, marts_database=f"{world.name}_marts")

    attic = ["attic: off", "  - Turn it on.", "aws s3api attic", "  - Ask."]
    assert advised() == [*attic, ""]
    assert advised("attic") == [*attic, "  - Nothing for the days to come: it is on.", ""]
    assert advised("web") == ["web: delivering", ""]


def test_a_day_that_was_not_checked_for_weaknesses_has_none(new_world):
    world = new_world()
    world.add_verdict("old", "delivering", target_bucket="logs", weaknesses=None)
    assert world.findings(MART) == {}


def test_the_buckets_that_one_refused_read_hides_are_one_finding(findings, text_of):
    assert text_of(findings["sensitivity_unknown"]).split("\n") == [
        "whether these buckets are sensitive is unknown: hidden-0, hidden-1, hidden-2 and 1 more "
        "(GetTable: AccessDeniedException, glue:GetTable is not allowed)",
        "whether these buckets are sensitive is unknown: lost-table "
        "(GetTable: EntityNotFoundException)",
    ]


def test_every_observed_bucket_must_have_a_verdict(findings, text_of):
    assert text_of(findings["bucket_not_judged"]) == (
        "absent has no logging verdict\nabsent-and-off has no logging verdict"
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
    *_, last, rest = off.message.splitlines()
    assert last == "  access logging of attic-19 was off"
    assert rest == f"  and 10 more; all: {off.query_of_all}"
    assert (off.findings, len(off.sentences)) == (30, 20)
    rows = athena.rows(open_lake(Settings(lake_bucket=world.name)), off.query_of_all)
    assert [row["bucket_name"] for row in rows] == [f"attic-{number:02}" for number in range(30)]
    assert off.offending == tuple(f"attic-{number:02}" for number in range(20))
    assert off.observed == "30 offending"


def test_a_trail_that_cannot_deliver_is_reported_once_for_all_that_it_alone_records(
    findings, text_of
):
    found = findings["trail_not_delivering"]
    assert text_of(found) == (
        f"{OLDER} logs and cannot deliver: what it alone records of files-5 may be lost\n"
        f"{VENDORS} logs and cannot deliver: what it alone records of files-1, files-2, files-3 "
        "and 1 more may be lost"
    )
    assert found.offending == (OLDER, VENDORS)


def test_severities_distinguish_a_loss_from_a_choice(findings):
    assert {code: result.severity for code, result in findings.items()} == {
        "bucket_not_judged": "critical",
        "account_unreadable": "critical",
        "bucket_silent": "critical",
        "target_broken": "critical",
        "logging_off": "warning",
        "logging_unknown": "warning",
        "logging_elsewhere": "info",
        "sensitive_not_recorded": "warning",
        "trail_not_delivering": "warning",
        "sensitivity_unknown": "warning",
        "log_bucket_weak": "warning",
    }


def test_what_to_do_follows_once_all_that_it_repairs(new_world, text_of):
    world = new_world()
    for name, cure in (("a", "Turn it on."), ("b", "Widen it."), ("c", "Turn it on.")):
        world.add_verdict(name, "off", advice=[remedy(cure)])
    assert text_of(world.findings(MART)["logging_off"]).split("\n") == [
        "access logging of a was off",
        "access logging of c was off",
        "  to do: Turn it on.",
        "access logging of b was off",
        "  to do: Widen it.",
    ]


def test_the_exact_calls_of_each_bucket_stay_in_the_mart(new_world, text_of):
    world = new_world()
    for name in ("a", "b"):
        advice = [
            remedy("Turn it on.", call=f"aws s3api {name}"),
            remedy("Ask."),
            remedy("A trail was changed.", is_action=False),
        ]
        world.add_verdict(name, "off", advice=advice)
    assert text_of(world.findings(MART)["logging_off"]).split("\n") == [
        "access logging of a was off",
        "access logging of b was off",
        "  to do: Turn it on. Ask.",
    ]


def test_buckets_meant_not_to_be_logged_are_no_finding_if_they_are_off(new_world, text_of):
    world = new_world()
    for name in ("lake-1", "eu-logs", "eulogs", "Old_Logs", "logs.eu", "logsxeu"):
        world.add_verdict(name, "off")
    world.add_verdict("lake-broken", "broken_target")
    globs = {"LACUNA_UNLOGGED_BUCKETS": "lake-*,*-logs,Old?Logs,logs.eu"}
    findings = world.findings(MART, unlogged_buckets=Settings.from_env(globs).unlogged_buckets)
    assert text_of(findings["logging_off"]).split("\n") == [
        "access logging of eulogs was off",
        "access logging of logsxeu was off",
    ]
    assert "target_broken" in findings
