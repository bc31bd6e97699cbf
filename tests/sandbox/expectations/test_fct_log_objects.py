"""The suite of fct_log_objects, on the sandbox's Athena."""

from __future__ import annotations

from datetime import date

import pytest

from expectations import fct_log_objects
from expectations.shared import Partition

DAY = date(2026, 11, 20)
MART = "fct_log_objects"
INVALID = ("invalid_signature", "foreign_key", "broken_chain", "moved", "unreadable")


@pytest.fixture(scope="module")
def spoiled(new_world):
    """A day on which every expectation on objects is broken, each by objects of its own."""
    world = new_world()
    # enough good lines to keep the whole day's quarantine share under its limit
    world.add_object("fine", source_bucket="videos-eu", lines_parsed=10_000)
    world.add_object("final-newline-missing", size_bytes=999)
    world.add_object("crlf", size_bytes=1010)
    world.add_object("small", lines_parsed=20, lines_quarantined=1, source_bucket="small-eu")
    world.add_object("odd", lines_parsed=120, lines_quarantined=40)
    world.add_object("cut", bytes_read=600, status="unaccounted")
    world.add_object("cut-unnoticed", bytes_read=600)
    world.add_object("unlike-its-size", bytes_read=1002, status="unaccounted")
    world.add_object("bytes-that-are-no-text", bytes_read=1040)
    world.add_object("never-read", bytes_read=None, lines_parsed=None, lines_quarantined=None)
    world.add_object("repeated", lines_duplicate=10, status="duplicate")
    world.add_object("partly-repeated", lines_duplicate=2)
    world.add_object("not-\x1b[31mred\x07", status="not_a_log")
    no_lines = {"bytes_read": None, "lines_parsed": None, "lines_quarantined": None}
    for status in ("accounted", "corrupt", "altered", "missing"):
        world.add_object(f"ct/{status}", kind="cloudtrail", status=status, **no_lines)
    world.rows[MART][-3]["problem"] = "truncated gzip"
    refused = {"status": "corrupt", "problem": "GetObject: AccessDenied"}
    world.add_object("ct/refused", kind="cloudtrail", **refused, **no_lines)
    world.add_object(
        "ct/short",
        kind="cloudtrail",
        status="unaccounted",
        record_count=3,
        records_read=1,
        **no_lines,
    )
    odd = {"records_set_aside": 2, "set_aside_reasons": ["bad_time", "no_event_id"]}
    world.add_object("ct/odd", kind="cloudtrail", **odd, **no_lines)
    torn = {"kind": "cloudtrail", "status": "corrupt", "problem": "not gzip"}
    world.add_object("ct/cut", digest_state="altered", **torn, **no_lines)
    world.add_object("ct/disowned", kind="cloudtrail", digest_state="disowned", **no_lines)
    world.add_object("ct/signed", kind="cloudtrail", digest_state="attested", **no_lines)
    world.rows["log_objects"].append(
        {"kind": "access_log", "log_bucket": "logs", "object_key": "never-built"}
    )
    listed = {"kind": "access_log", "error_code": None, "source_buckets": ["photos-eu"]}
    closed = {"error_code": "AccessDenied", "source_buckets": ["music-eu", "radio-eu"]}
    gone = {"log_bucket": "gone", "error_code": "NoSuchBucket", "source_buckets": []}
    foreign = {
        "kind": "cloudtrail",
        "trail_arn": "arn:aws:cloudtrail:us-east-1:9:trail/org",
        "log_bucket": "archive",
        "prefix": "",
        "error_code": "AccessDenied",
        "source_buckets": [],
    }
    world.rows["listings"] = [
        {**listed, "log_bucket": "logs", "prefix": ""},
        {**listed, "log_bucket": "copied", "prefix": "eu/", "objects_out_of_time": 2}
        | {"days_out_of_time": ["2026-11-09", "2026-11-10"]},
        {**listed, "log_bucket": "copied", "prefix": "us/", "objects_out_of_time": 1},
        {**listed, "log_bucket": "late", "prefix": "", "kind": "cloudtrail"}
        | {"objects_out_of_time": 1, "days_out_of_time": ["2026-11-17"]},
        {**listed, "log_bucket": "late", "prefix": "", "kind": "digest"}
        | {"objects_out_of_time": 2, "days_out_of_time": ["2026-11-17", "2026-11-18"]},
        {**listed, "log_bucket": "closed", "prefix": "eu/", **closed},
        {**listed, "log_bucket": "refilled", "prefix": "eu/", "error_code": "LogsUnread"},
        *(
            {**listed, "log_bucket": "keyed", "prefix": f"{name}/", "kind": "cloudtrail"}
            | {"error_code": "GetObject: AccessDenied", "source_buckets": []}
            for name in "abc"
        ),
        *({**gone, "kind": kind, "prefix": f"{kind}/"} for kind in ("cloudtrail", "digest")),
        *({**foreign, "prefix": f"AWSLogs/o-1/{account}/"} for account in ("2", "3")),
        {**foreign, "trail_arn": "arn:aws:cloudtrail:us-east-1:1:trail/ours", "log_bucket": "ours"},
        {**foreign, "trail_arn": None, "log_bucket": "", "account_id": "1", "region": "eu-west-1"},
    ]
    world.observe_account("1", "observed")
    old = {"trail_arn": "arn:aws:cloudtrail:us-east-1:1:trail/old", "log_bucket": "gone"}
    world.rows["trail_places"].append({**old, "key_prefix": "", "is_present": True})
    for state in ("valid", "key_unknown", "pending", *INVALID):
        world.add_digest(state, state)
    world.add_digest(None, "missing")
    for name in ("main", "deleted"):
        place = {"trail_arn": name, "log_bucket": "trail", "key_prefix": "p"}
        world.rows["trail_places"].append(place | {"is_present": name == "main"})
    switched = {"trail_arn": "switched", "log_bucket": "trail", "key_prefix": "p"}
    for is_present in (True, False):
        world.rows["trail_places"].append(switched | {"is_present": is_present})
    return world


@pytest.fixture(scope="module")
def findings(spoiled):
    return spoiled.findings(MART)


def test_a_day_with_every_byte_accounted_for_passes(new_world):
    world = new_world()
    world.add_object("fine")
    world.add_object("final-newline-missing", size_bytes=999)
    world.add_object("at-the-limit", lines_parsed=79, lines_quarantined=1)
    world.add_digest("valid", "valid")
    assert world.findings(MART) == {}


def test_an_account_without_logs_passes(new_world):
    world = new_world()
    world.rows["catalogued_days"][0].update(places=0, objects_catalogued=0)
    assert world.findings(MART) == {}


def test_bytes_that_were_not_read_are_reported_whatever_status_the_mart_gives(findings, text_of):
    assert text_of(findings["bytes_unaccounted"]) == (
        "only 600 of the 1,000 bytes of s3://logs/cut were read\n"
        "only 600 of the 1,000 bytes of s3://logs/cut-unnoticed were read\n"
        "only 0 of the 1,000 bytes of s3://logs/never-read were read\n"
        "1,002 of the 1,000 bytes of s3://logs/unlike-its-size were read"
    )


def test_a_corrupt_object_is_reported(findings, text_of):
    assert text_of(findings["object_corrupt"]) == (
        "s3://logs/ct/corrupt cannot be read (truncated gzip): "
        "the requests it records are in no mart\n"
        "s3://logs/ct/cut cannot be read (not gzip): the requests it records are in no mart; "
        "it is not what CloudTrail signed in its digest, treat this as tampering"
    )


def test_records_that_were_not_read_or_not_used_are_reported(findings, text_of):
    assert text_of(findings["records_unaccounted"]) == (
        "1 of the 3 records of s3://logs/ct/short were read: each must be read once"
    )
    assert text_of(findings["records_set_aside"]) == (
        "2 records of s3://logs/ct/odd could not be used (bad_time, no_event_id)"
    )


def test_an_altered_object_is_reported(findings, text_of):
    assert text_of(findings["object_altered"]) == (
        "s3://logs/ct/altered was altered after CloudTrail delivered it"
    )


def test_an_object_that_no_digest_names_is_reported(findings, text_of):
    assert text_of(findings["object_disowned"]) == (
        "s3://logs/ct/disowned is named by none of the CloudTrail digests that cover its delivery: "
        "its content is no evidence"
    )


def test_a_deleted_object_is_reported(findings, text_of):
    assert text_of(findings["object_missing"]) == (
        "s3://logs/ct/missing was deleted after CloudTrail delivered it"
    )


def test_a_foreign_object_is_reported_without_the_control_characters_of_its_key(findings, text_of):
    found = findings["object_not_a_log"]
    assert text_of(found).isprintable()
    assert "[31mred" in text_of(found)
    assert [subject.isprintable() for subject in found.offending] == [True]


def test_an_object_that_no_mart_holds_is_reported(findings, text_of):
    assert text_of(findings["object_not_built"]) == (
        "s3://logs/never-built was delivered on 2026-11-20 and is in no mart"
    )


def test_a_place_that_could_not_be_listed_is_reported_with_the_buckets_that_log_there(
    findings, text_of
):
    assert set(text_of(findings["place_unreadable"]).split("\n")) == {
        "s3://closed/eu/ could not be listed (AccessDenied): what was delivered there on "
        "2026-11-20 is unknown (access logs of music-eu, radio-eu)",
        "s3://keyed/a/ and 2 other folders could not be read (GetObject: AccessDenied): what was "
        "delivered there on 2026-11-20 is unknown; the run needs s3:GetObject there and, if a KMS key "
        "encrypts the logs, kms:Decrypt on that key",
        "s3://refilled/eu/ holds logs of 2026-11-20 that were not read (access logs of photos-eu): "
        "others of the day are gone, so what was read before is kept",
        "s3://gone does not exist: what arn:aws:cloudtrail:us-east-1:1:trail/old records is lost",
        "s3://ours/ could not be listed (AccessDenied): what was delivered there on 2026-11-20 is "
        "unknown",
        "the trails of account 1 in eu-west-1 could not be listed (AccessDenied): they are unknown",
    }


def test_a_place_of_a_trail_of_nobody_observed_is_named_once(findings, text_of):
    assert text_of(findings["foreign_place_unreadable"]) == (
        "s3://archive/AWSLogs/o-1/2/ could not be listed (AccessDenied): there "
        "arn:aws:cloudtrail:us-east-1:9:trail/org delivers, a trail of account 9, which is not observed"
    )


def test_objects_that_no_catalog_has_are_counted(findings, text_of):
    assert set(text_of(findings["object_out_of_time"]).split("\n")) == {
        "2 access-log objects under s3://copied/eu/, seen by the run of 2026-11-20, are in the catalog "
        "of no day: written long after the time in the key",
        "  to do: They were written on 2026-11-09, 2026-11-10: run that day again with a larger "
        "LACUNA_EVENT_DAY_FOLDERS.",
        "1 access-log object under s3://copied/us/, seen by the run of 2026-11-20, is in the catalog "
        "of no day: written long after the time in the key",
        "1 CloudTrail file under s3://late/, seen by the run of 2026-11-20, is in the catalog of no "
        "day: written after the catalog of the day of its folder",
        "  to do: Run again: 2026-11-17.",
        "2 digests under s3://late/, seen by the run of 2026-11-20, are in the catalog of no day: "
        "written after the catalog of the day of its folder",
        "  to do: Run again: 2026-11-17, 2026-11-18.",
    }


def test_without_a_snapshot_of_the_accounts_every_refused_place_counts(new_world):
    world = new_world()
    place = {
        "kind": "cloudtrail",
        "log_bucket": "archive",
        "prefix": "",
        "error_code": "AccessDenied",
    }
    arn = "arn:aws:cloudtrail:us-east-1:9:trail/org"
    world.rows["listings"] = [{**place, "source_buckets": [], "trail_arn": arn}]
    assert set(world.findings(MART)) == {"place_unreadable"}


def test_digests_that_do_not_pass_validation_are_reported(findings, text_of):
    found = findings["digest_not_valid"]
    assert set(text_of(found).split("\n")) == {
        "the digest s3://trail/broken_chain does not pass validation: broken chain",
        "the digest s3://trail/foreign_key does not pass validation: foreign key",
        "the digest s3://trail/invalid_signature does not pass validation: invalid signature",
        "the digest s3://trail/moved does not pass validation: moved",
        "the digest s3://trail/unreadable does not pass validation: unreadable",
        "the digest of arn:aws:cloudtrail:us-east-1:123456789012:trail/all in eu-west-1 for the hour "
        "that ends at 2026-11-20 13:00 UTC is missing",
    }


def test_the_missing_digests_of_a_chain_are_one_finding(new_world, text_of):
    world = new_world()
    for hour in (9, 11, 12):
        world.add_digest(None, "missing", hour)
    found = world.findings(MART)["digest_not_valid"]
    assert text_of(found) == (
        "3 digests of arn:aws:cloudtrail:us-east-1:123456789012:trail/all in eu-west-1 are missing, "
        "for hours that end between 2026-11-20 09:00 and 2026-11-20 12:00 UTC"
    )


def test_a_trail_that_no_longer_delivers_is_reported(findings, text_of):
    assert text_of(findings["trail_gone"]) == (
        "deleted no longer delivers to s3://trail/p: it was deleted or moved\n"
        "switched delivers to other folders of s3://trail/p: it became an organization's trail, or "
        "stopped being one"
    )


def test_a_digest_without_a_published_key_is_not_called_invalid(findings):
    assert findings["digest_unverified"].offending == ("s3://trail/key_unknown",)


def test_a_bucket_over_the_quarantine_limit_is_reported_though_the_day_is_under_it(
    findings, text_of
):
    assert text_of(findings["quarantine_share"]) == (
        "40 access-log lines of photos-eu delivered on 2026-11-20 could not be read "
        "(16 % of 250), see quarantined_lines"
    )


def test_the_quarantine_limit_holds_for_the_whole_day_too(new_world, text_of):
    world = new_world()
    world.add_object("odd", lines_parsed=79, lines_quarantined=1)
    assert text_of(world.findings(MART, quarantine_share=0.0124)["quarantine_share"]) == (
        "1 access-log line of all buckets delivered on 2026-11-20 could not be read "
        "(1.2 % of 80), see quarantined_lines"
    )


def test_duplicates_are_reported_with_the_number_of_lines_and_whole_objects(findings, text_of):
    assert text_of(findings["lines_duplicate"]) == (
        "12 access-log lines of photos-eu delivered on 2026-11-20 had been delivered before, "
        "including 1 whole object; they count once"
    )


def test_an_empty_day_fails_because_its_objects_are_expected(new_world):
    world = new_world()
    world.add_object("delivered")
    world.rows[MART] = []
    assert set(world.findings(MART)) == {"object_not_built"}


def test_a_day_that_was_not_cataloged_fails(new_world, text_of):
    world = new_world()
    del world.rows["catalogued_days"][0]
    assert text_of(world.findings(MART)["day_not_catalogued"]) == (
        "the listing of the logs delivered on 2026-11-20 did not finish: what arrived is unknown"
    )


def test_a_day_on_which_nothing_was_delivered_anywhere_is_reported(new_world, text_of):
    world = new_world()
    world.rows["catalogued_days"][0].update(places=3, objects_catalogued=0)
    assert text_of(world.findings(MART)["nothing_delivered"]) == (
        "no log object was delivered on 2026-11-20 to any of 3 log places"
    )


def test_logs_that_are_gone_are_reported(new_world, text_of):
    world = new_world()
    world.rows["catalogued_days"][0].update(objects_catalogued=1_200, objects_gone=2)
    assert text_of(world.findings(MART)["logs_gone"]) == (
        "2 files behind the catalog of 1,200 log objects could not be read again: what was read "
        "before is kept"
    )


def test_every_check_of_objects_has_a_case_that_trips_it(findings):
    checks = {check.code for check in fct_log_objects.checks(Partition(DAY))}
    # a day without a listing or without an object has a test of its own
    assert set(findings) == checks - {"day_not_catalogued", "logs_gone", "nothing_delivered"}


def test_severities_distinguish_lost_evidence_from_a_curiosity(findings):
    severities = {code: result.severity for code, result in findings.items()}
    assert {code for code, severity in severities.items() if severity != "critical"} == {
        "digest_unverified",
        "foreign_place_unreadable",
        "object_not_a_log",
        "object_out_of_time",
        "quarantine_share",
        "records_set_aside",
        "lines_duplicate",
    }
    assert severities["lines_duplicate"] == "info"
    assert severities["foreign_place_unreadable"] == "info"
