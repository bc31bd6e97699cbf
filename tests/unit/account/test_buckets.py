from __future__ import annotations

import json

from sandbox.account import buckets as b
from sandbox.account import policies, selectors
from sandbox.account.buckets import BY_NAME


def test_good_targets_let_the_log_service_write_for_their_sources_only() -> None:
    by_bucket = policies.log_bucket_policies()
    statement = json.loads(by_bucket[b.EU_LOGS])["Statement"][0]
    assert statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert statement["Resource"] == f"arn:aws:s3:::{b.EU_LOGS}/*"
    sources = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    assert BY_NAME["meridian-eu-orders"].arn in sources
    assert BY_NAME["meridian-eu-contracts"].arn not in sources


def test_a_finance_log_bucket_has_no_policy() -> None:
    assert b.BARE_LOGS not in policies.log_bucket_policies()


def test_the_target_of_the_archive_is_no_bucket_of_the_account() -> None:
    assert BY_NAME["meridian-legacy-archive"].target_bucket not in BY_NAME


def test_sources_log_into_their_own_region_but_for_the_one_whose_target_moved() -> None:
    for bucket in b.SOURCES:
        if bucket.target_bucket in BY_NAME:
            is_there = BY_NAME[str(bucket.target_bucket)].region == bucket.region
            assert is_there == (bucket.trouble is not b.Trouble.ELSEWHERE)


def test_layouts_become_the_object_key_format_of_the_api() -> None:
    def key_format(name: str) -> object:
        return policies.logging_status(BY_NAME[name])["LoggingEnabled"].get("TargetObjectKeyFormat")

    assert key_format("meridian-web-assets") is None
    assert key_format("meridian-data-lake") == {
        "PartitionedPrefix": {"PartitionDateSource": "EventTime"}
    }
    assert key_format("meridian-backups") == {
        "PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}
    }
    assert policies.logging_status(BY_NAME["meridian-scratch"]) == {}


def test_selectors_name_buckets_with_their_slash() -> None:
    by_name = {
        selector["Name"]: selector["FieldSelectors"] for selector in selectors.event_selectors()
    }
    both = by_name["Object reads and writes"][2]["StartsWith"]
    assert "arn:aws:s3:::meridian-data-lake/" in both
    assert "arn:aws:s3:::meridian-eu-analytics/shared/" in both
    assert not any("build-artifacts" in arn or "ml-features" in arn for arn in both)
    writes = by_name["Object writes"]
    assert writes[2]["StartsWith"] == ["arn:aws:s3:::meridian-ml-features/"]
    assert {"Field": "readOnly", "Equals": ["false"]} in writes
