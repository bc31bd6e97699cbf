from __future__ import annotations

from lacuna.cli import reasons_page
from sandbox.account import behaviour
from sandbox.account.buckets import BUCKETS, BY_NAME, LOG_BUCKETS, SOURCES, Layout, Seen
from sandbox.account.truth import Fault
from tests.unit.account.conftest import Made, make, readable

KINDS = {
    "logging_off",
    "sensitive_not_recorded",
    "turned_off",
    "logging_interrupted",
    "target_policy_denies",
    "target_gone",
    "target_kms_encryption",
    "target_object_lock",
    "target_requester_pays",
    "target_policy_other_partition",
    "target_policy_misses_prefix",
    "target_policy_explicit_deny",
    "target_other_region",
    "target_other_account",
    "target_policy_condition_unknown",
    "target_policy_deny_uncertain",
    "target_acl_incomplete",
    "target_grants_not_applicable",
    "target_policy_unreadable",
    "target_by_acl",
    "region_not_enabled",
    "store_only",
    "logging_elsewhere",
    "recorded_elsewhere",
    "config_unreadable",
    "log_bucket_weak",
    "silent",
    "idle",
    "partly_recorded",
    "trail_stopped",
    "trail_failing",
    "trail_bucket_gone",
    "trail_narrowed",
    "trail_deleted",
    "store_stopped",
    "log_bucket_policy_changed",
    "account_block_changed",
    "protection_weakened",
    "protection_refused",
    "hour_lost",
    "hour_partly_lost",
    "late_within_budget",
    "late_beyond_budget",
    "duplicate_lines",
    "duplicate_object",
    "malformed_lines",
    "stray_object",
    "trail_file_truncated",
    "trail_file_deleted",
    "trail_file_invented",
    *(plant.__name__ for plant in behaviour.PLANTED),
}


def only(made: Made, kind: str) -> Fault:
    [fault] = [fault for fault in made.truth.faults if fault.kind == kind]
    return fault


def body(made: Made, fault: Fault) -> bytes:
    [found] = [one for one in made.objects if f"s3://{one.bucket}/{one.key}" == fault.log_object]
    return found.body


def test_everything_is_planted_whatever_the_length_of_the_period(made: Made) -> None:
    assert {fault.kind for fault in made.truth.faults} == KINDS
    assert {fault.kind for fault in make(1200, 1, 2).truth.faults} == KINDS


def test_fault_ids_are_unique(made: Made) -> None:
    ids = [fault.id for fault in made.truth.faults]
    assert len(ids) == len(set(ids))


def test_the_account_is_as_large_and_as_varied_as_asked() -> None:
    assert len(SOURCES) >= 14
    logged = {bucket.region for bucket in SOURCES if bucket.target_bucket}
    assert logged == {bucket.region for bucket in LOG_BUCKETS}
    assert {bucket.layout for bucket in SOURCES} >= set(Layout)
    covered = {(bucket.reads, bucket.writes) for bucket in SOURCES}
    assert covered >= {(Seen.ALL, Seen.ALL), (Seen.NONE, Seen.ALL), (Seen.NONE, Seen.NONE)}


def test_every_bucket_has_a_verdict_for_every_day(made: Made) -> None:
    assert [bucket.bucket_name for bucket in made.truth.buckets] == [b.name for b in BUCKETS]
    assert all(len(bucket.expected) == 4 for bucket in made.truth.buckets)
    verdicts = {day["verdict"] for bucket in made.truth.buckets for day in bucket.expected.values()}
    assert verdicts == {"delivering", "silent", "idle", "broken_target", "off", "unknown"}


def test_the_verdict_of_a_bucket_agrees_with_its_fault(made: Made) -> None:
    expected = {bucket.bucket_name: bucket.expected for bucket in made.truth.buckets}
    for fault in made.truth.faults:
        verdict = fault.expect.where.get("verdict")
        if verdict is not None:
            days = expected[str(fault.bucket_name)].values()
            assert {day["verdict"] for day in days} == {verdict}


def test_every_weakness_that_is_judged_is_planted(made: Made) -> None:
    planted = {code for bucket in made.truth.buckets for code in bucket.weaknesses}
    # where the account's block is hidden, nothing else can be known of public access
    weaknesses = {row["code"] for row in reasons_page.rows() if row["question"] == "weakness"}
    assert planted == weaknesses - {"target_account_block_unreadable"}


def test_repeated_lines_stand_twice_in_one_object(made: Made) -> None:
    fault = only(made, "duplicate_lines")
    lines = body(made, fault).splitlines(keepends=True)
    assert len(lines) - len(set(lines)) == fault.lines == 5
    assert fault.expect.at_least == {"lines_duplicate": 5}


def test_a_duplicated_object_has_its_twins_content_and_a_later_key(made: Made) -> None:
    fault = only(made, "duplicate_object")
    twins = [one for one in made.logs if one.body == body(made, fault)]
    assert len(twins) == 2
    early, late = sorted(twins, key=lambda one: one.delivered_at)
    assert f"s3://{late.bucket}/{late.key}" == fault.log_object
    assert 0 < late.delivered_at - early.delivered_at <= 600
    assert late.key > early.key


def test_malformed_lines_are_where_the_answer_sheet_says(made: Made) -> None:
    fault = only(made, "malformed_lines")
    lines = body(made, fault).decode().split("\n")[:-1]
    bad = [line for line in lines if readable(line) is None]
    assert len(bad) == fault.lines == 7
    cut = [line for line in bad if any(other != line and other.startswith(line) for other in lines)]
    assert len(cut) == 2


def test_a_stray_object_lies_where_the_days_listing_sees_it(made: Made) -> None:
    strays = [fault for fault in made.truth.faults if fault.kind == "stray_object"]
    for fault in strays:
        bucket = BY_NAME[str(fault.bucket_name)]
        key = str(fault.expect.where["object_key"])
        assert key.startswith(str(bucket.target_prefix))
        assert str(fault.delivery_day) in key or str(fault.delivery_day).replace("-", "/") in key
        assert readable(body(made, fault).decode()) is None


def test_the_intruder_is_seen_by_both_logs_as_often_as_told(made: Made) -> None:
    fault = only(made, "exfiltration")
    who = str(fault.expect.where["requester"])
    records = [line for line in made.lines if f" {who} " in line]
    events = [event for event in made.events if event["userIdentity"].get("arn") == who]
    assert len(records) == len(events) == fault.lines


def test_the_intruder_comes_at_night_from_an_address_of_his_own(made: Made) -> None:
    fault = only(made, "exfiltration")
    address = str(fault.expect.where["remote_ip"])
    lines = [line for line in made.lines if f"] {address} " in line]
    assert lines
    assert all(f" {fault.expect.where['requester']} " in line for line in lines)
    assert all(int(hour[11:13]) < 5 for hour in fault.hours)


def test_a_larger_account_has_a_larger_intrusion() -> None:
    count = {
        requests: only(make(requests, 1), "exfiltration").lines or 0 for requests in (1200, 6000)
    }
    assert count[6000] > count[1200] >= 100
