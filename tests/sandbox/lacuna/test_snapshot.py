"""Observing a whole account, through the APIs, in the sandbox."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from botocore.awsrequest import AWSRequest

from lacuna.access_log.weaknesses import PUBLIC_ACCESS_FLAGS
from lacuna.aws import session
from lacuna.aws.session import AccountError
from lacuna.aws.trails import read_stores
from lacuna.lake import athena, lake
from lacuna.refusals import Refusal
from lacuna.steps import snapshot
from lacuna.tables import evidence
from lacuna.tables.evidence import ACCOUNTS, LOGGING_SNAPSHOTS, AccountObserved, LoggingSnapshot
from lacuna.tables.evidence_table import read_back
from lacuna.trail.coverage import judge
from tests.sandbox.lacuna.conftest import OBSERVED_AT

OBSERVED_ON = {"observed_on": date(2026, 11, 22)}


@pytest.fixture
def account(settings):
    return session.open_account(settings)


def test_an_account_without_buckets_has_only_the_lake(settings, observed):
    assert list(observed()) == ["lacuna-lake-123456789012-us-east-1"]
    assert snapshot.observe(settings, OBSERVED_AT) == 1


def test_logging_is_on_or_off_as_configured(cloud, observed):
    cloud.bucket("quiet")
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", "web/")
    rows = observed()
    assert rows["quiet"]["logging_state"] == "off"
    assert rows["quiet"]["target_state"] is None
    photos = rows["photos"]
    assert (photos["logging_state"], photos["target_bucket"], photos["target_prefix"]) == (
        "on",
        "logs",
        "web/",
    )
    assert (photos["key_layout"], photos["target_state"], photos["reasons"]) == (
        "simple",
        "deliverable",
        [],
    )
    assert photos["account_id"] == "123456789012"
    assert photos["observed_at"].replace(tzinfo=UTC) == OBSERVED_AT


@pytest.mark.parametrize(
    ("layout", "expected"),
    [(None, "simple"), ("EventTime", "event_time"), ("DeliveryTime", "delivery_time")],
)
def test_the_key_layout_is_read(cloud, observed, layout, expected):
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", "web/", layout)
    assert observed()["photos"]["key_layout"] == expected


def test_a_denied_read_is_unknown_not_off_and_says_which(cloud, observed):
    cloud.bucket("secret")
    cloud.bucket("open-data")
    cloud.faults(
        {
            "operation": "GetBucketLogging",
            "resource": "secret",
            "error": "AccessDenied",
            "status": 403,
        }
    )
    rows = observed()
    assert rows["secret"]["logging_state"] == "unknown"
    assert (rows["secret"]["error_code"], rows["secret"]["error_operation"]) == (
        "AccessDenied",
        "GetBucketLogging",
    )
    assert rows["open-data"]["logging_state"] == "off"


def test_throttling_is_waited_out(cloud, observed):
    cloud.bucket("photos")
    cloud.faults({"operation": "GetBucketLogging", "error": "SlowDown", "status": 503, "times": 2})
    assert observed()["photos"]["logging_state"] == "off"


def test_a_target_without_permission_is_broken(cloud, observed):
    cloud.bucket("photos")
    cloud.bucket("logs")
    cloud.log_to("photos", "logs")
    photos = observed()["photos"]
    assert (photos["target_state"], photos["reasons"]) == ("broken", ["target_policy_missing"])


def test_a_target_that_is_gone_is_broken(cloud, observed):
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs")
    cloud.client("s3").delete_bucket(Bucket="logs")
    photos = observed()["photos"]
    assert (photos["logging_state"], photos["reasons"]) == ("on", ["target_missing"])


def test_a_target_whose_policy_may_not_be_read_is_unknown_with_the_call(cloud, observed):
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs")
    cloud.faults(
        {"operation": "GetBucketPolicy", "resource": "logs", "error": "AccessDenied", "status": 403}
    )
    photos = observed()["photos"]
    assert (photos["logging_state"], photos["target_state"]) == ("on", "unknown")
    assert (photos["error_code"], photos["error_operation"]) == ("AccessDenied", "GetBucketPolicy")


@pytest.mark.parametrize(
    ("settle", "reason"),
    [
        (
            lambda s3: s3.put_bucket_encryption(
                Bucket="logs",
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
                },
            ),
            "target_kms_encryption",
        ),
        (
            lambda s3: (
                s3.put_bucket_versioning(
                    Bucket="logs", VersioningConfiguration={"Status": "Enabled"}
                )
                and s3.put_object_lock_configuration(
                    Bucket="logs",
                    ObjectLockConfiguration={
                        "ObjectLockEnabled": "Enabled",
                        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
                    },
                )
            ),
            "target_object_lock",
        ),
        (
            lambda s3: s3.put_bucket_policy(
                Bucket="logs",
                Policy='{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", '
                '"Resource": "*"}]}',
            ),
            "target_policy_denies",
        ),
        (
            lambda s3: s3.put_bucket_request_payment(
                Bucket="logs", RequestPaymentConfiguration={"Payer": "Requester"}
            ),
            "target_requester_pays",
        ),
    ],
)
def test_a_hardened_target_is_broken(cloud, observed, settle, reason):
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs")
    settle(cloud.client("s3"))
    photos = observed()["photos"]
    assert (photos["target_state"], photos["reasons"]) == ("broken", [reason])


TARGET_READS = (
    "GetBucketPolicy",
    "GetBucketAcl",
    "GetBucketOwnershipControls",
    "GetBucketEncryption",
    "GetObjectLockConfiguration",
    "GetBucketRequestPayment",
    "GetBucketLifecycleConfiguration",
    "GetBucketVersioning",
    "GetPublicAccessBlock",
)


def test_each_target_is_read_once_and_not_asked_what_follows_from_an_answer(cloud, observed):
    cloud.sound_log_bucket("logs")
    cloud.log_bucket("older-logs")
    for number in range(5):
        cloud.log_to(cloud.bucket(f"source-{number}"), "logs", f"{number}/")
    before = {name: cloud.calls(name) for name in TARGET_READS}
    assert sum(row["logging_state"] == "on" for row in observed().values()) == 5
    asked = {name: cloud.calls(name) - before[name] for name in TARGET_READS}
    assert asked == dict.fromkeys(TARGET_READS, 1) | {"GetBucketAcl": 0}

    for number in range(5):
        cloud.log_to(f"source-{number}", "older-logs", f"{number}/")
    before = {name: cloud.calls(name) for name in TARGET_READS}
    observed()
    asked = {name: cloud.calls(name) - before[name] for name in TARGET_READS}
    # the second one is about the account
    assert asked == dict.fromkeys(TARGET_READS, 1) | {
        "GetObjectLockConfiguration": 0,
        "GetPublicAccessBlock": 2,
    }


def test_a_sound_log_bucket_has_no_weakness_and_a_bare_one_has_its_own(cloud, observed):
    cloud.log_to(cloud.bucket("photos"), cloud.sound_log_bucket("logs"), "photos/")
    cloud.log_to(cloud.bucket("videos"), cloud.log_bucket("older-logs"))
    rows = observed()
    assert (rows["photos"]["reasons"], rows["photos"]["weaknesses"]) == ([], [])
    assert rows["videos"]["weaknesses"] == [
        "target_not_versioned",
        "target_public_access_not_blocked",
    ]
    assert rows["logs"]["weaknesses"] == []


def block_public_access(cloud, account_id="123456789012", **flags):
    client = cloud.session.client("s3control", endpoint_url=cloud.url, region_name="us-east-1")
    client.meta.events.register("before-sign.s3-control", session._address_without_account)
    client.put_public_access_block(
        AccountId=account_id,
        PublicAccessBlockConfiguration=dict.fromkeys(PUBLIC_ACCESS_FLAGS, True) | flags,
    )


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://123456789012.127.0.0.1:5000/v1/block?a=b", "http://127.0.0.1:5000/v1/block?a=b"),
        ("http://123456789012.10.0.0.7/v1", "http://10.0.0.7/v1"),
        (None, "https://123456789012.s3-control.eu-west-1.amazonaws.com/v1"),
        (None, "http://123456789012.localhost:5000/v1"),
        (None, "http://127.0.0.1:5000/v1"),
    ],
)
def test_an_address_has_no_subdomain_for_the_account(url, asked):
    request = AWSRequest("GET", url or asked)
    session._address_without_account(request)
    assert request.url == asked


def test_what_the_account_blocks_is_no_weakness_of_a_bucket(cloud, observed):
    cloud.log_to(cloud.bucket("photos"), cloud.log_bucket("older-logs"))
    block_public_access(cloud)
    assert observed()["photos"]["weaknesses"] == ["target_not_versioned"]
    block_public_access(cloud, IgnorePublicAcls=False)
    assert observed()["photos"]["weaknesses"] == [
        "target_not_versioned",
        "target_public_access_not_blocked",
        "target_public_acls_not_ignored",
    ]


def test_the_accounts_block_is_read_once_and_only_where_a_bucket_leaves_something_open(
    cloud, observed
):
    cloud.log_to(cloud.bucket("photos"), cloud.sound_log_bucket("logs"), "photos/")
    before = cloud.calls("GetPublicAccessBlock")
    observed()
    assert cloud.calls("GetPublicAccessBlock") - before == 1
    for name in ("older-logs", "oldest-logs"):
        cloud.log_to(cloud.bucket(f"of-{name}"), cloud.log_bucket(name))
    before = cloud.calls("GetPublicAccessBlock")
    observed()
    assert cloud.calls("GetPublicAccessBlock") - before == 3 + 1


def test_an_accounts_block_that_may_not_be_read_hides_only_what_a_bucket_leaves_open(
    cloud, observed
):
    cloud.log_to(cloud.bucket("photos"), cloud.sound_log_bucket("logs"), "photos/")
    cloud.log_to(cloud.bucket("videos"), cloud.log_bucket("older-logs"))
    cloud.faults(
        {
            "operation": "GetPublicAccessBlock",
            "resource": "123456789012",
            "error": "AccessDenied",
            "status": 403,
        }
    )
    rows = observed()
    assert (rows["photos"]["weaknesses"], rows["photos"]["missing_permission"]) == ([], None)
    videos = rows["videos"]
    assert videos["weaknesses"] == ["target_not_versioned", "target_account_block_unreadable"]
    assert videos["missing_permission"] == "s3:GetAccountPublicAccessBlock"
    assert videos["target_state"] == "deliverable"


def test_weaknesses_that_others_cause_are_seen_across_the_account(cloud, observed):
    for name in ("logs", "far-logs", "last-logs"):
        cloud.sound_log_bucket(name)
    for source, target, prefix in (
        ("photos", "logs", "web/"),
        ("videos", "logs", "web/"),
        ("music", "logs", ""),
        ("logs", "far-logs", "logs/"),
        ("far-logs", "last-logs", "far-logs/"),
        ("last-logs", "last-logs", "own/"),
    ):
        if source not in {"logs", "far-logs", "last-logs"}:
            cloud.bucket(source)
        cloud.log_to(source, target, prefix)
    found = {name: row["weaknesses"] for name, row in observed().items()}
    assert found["photos"] == found["videos"] == ["target_chain", "prefix_shared"]
    assert found["music"] == ["target_chain", "prefix_unattributable"]
    assert found["logs"] == ["target_chain"]
    assert found["far-logs"] == found["last-logs"] == ["target_logs_itself"]


def test_a_lifecycle_rule_is_held_against_the_retention_of_the_settings(
    cloud, observed, settings, monkeypatch
):
    cloud.log_to(cloud.bucket("photos"), cloud.sound_log_bucket("logs"), "photos/")
    rule = {
        "ID": "tidy",
        "Status": "Enabled",
        "Filter": {"Prefix": "photos/"},
        "Expiration": {"Days": 60},
    }
    cloud.client("s3").put_bucket_lifecycle_configuration(
        Bucket="logs", LifecycleConfiguration={"Rules": [rule]}
    )
    assert observed()["photos"]["weaknesses"] == ["lifecycle_too_short"]
    snapshot.observe(replace(settings, log_retention_days=60), OBSERVED_AT)
    rows = lake.open_lake(settings).read(LOGGING_SNAPSHOTS, OBSERVED_ON)
    assert all(row["weaknesses"] == [] for row in rows)


@pytest.mark.parametrize(
    ("operation", "weakness"),
    [
        ("GetBucketLifecycleConfiguration", "target_lifecycle_unreadable"),
        ("GetBucketVersioning", "target_versioning_unreadable"),
        ("GetPublicAccessBlock", "target_public_access_unreadable"),
        ("GetBucketLogging", "target_logging_unreadable"),
    ],
)
def test_an_unreadable_weakness_is_reported_and_changes_no_verdict(
    cloud, observed, operation, weakness
):
    cloud.log_to(cloud.bucket("photos"), cloud.sound_log_bucket("logs"), "photos/")
    cloud.faults(
        {"operation": operation, "resource": "logs", "error": "AccessDenied", "status": 403}
    )
    photos = observed()["photos"]
    assert (photos["target_state"], photos["weaknesses"]) == ("deliverable", [weakness])


def test_a_region_that_is_not_enabled_differs_from_a_missing_permission(cloud, observed):
    cloud.bucket("photos", "af-south-1")
    cloud.faults(
        {
            "operation": "GetBucketLogging",
            "resource": "photos",
            "error": "InvalidToken",
            "status": 400,
        }
    )
    photos = observed()["photos"]
    assert (photos["logging_state"], photos["reasons"]) == ("unknown", ["region_not_enabled"])


def test_a_trail_covers_the_buckets_of_every_region(cloud, observed):
    cloud.bucket("photos", "eu-west-1")
    cloud.trail("main", "trail-logs")
    photos = observed()["photos"]
    assert photos["region"] == "eu-west-1"
    assert (photos["read_coverage"], photos["write_coverage"]) == ("covered", "covered")


def test_without_a_trail_nothing_is_covered(cloud, observed):
    cloud.bucket("photos")
    photos = observed()["photos"]
    assert (photos["read_coverage"], photos["coverage_reasons"]) == ("not_covered", ["no_trail"])


def test_whether_a_trail_would_show_a_change_is_written_down(cloud, observed):
    cloud.bucket("photos", "eu-west-1")
    arn = cloud.trail("main", "trail-logs")
    assert observed()["photos"]["changes_witness"] == "not_covered"
    for tells, witness in ((True, "covered"), (False, "not_covered")):
        selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": tells}
        cloud.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[selector])
        assert observed()["photos"]["changes_witness"] == witness
    cloud.faults({"operation": "DescribeTrails", "error": "AccessDeniedException", "status": 400})
    assert observed()["photos"]["changes_witness"] == "unknown"


def test_a_stopped_trail_covers_nothing(cloud, observed):
    cloud.bucket("photos")
    arn = cloud.trail("main", "trail-logs")
    cloud.client("cloudtrail").stop_logging(Name=arn)
    assert observed()["photos"]["coverage_reasons"] == ["trail_not_logging"]


def test_a_trail_covers_since_it_was_last_started(cloud, observed):
    cloud.bucket("photos")
    arn = cloud.trail("main", "trail-logs")
    tag = {"Key": "started-at", "Value": "2026-11-20T14:30:00Z"}
    cloud.client("cloudtrail").add_tags(ResourceId=arn, TagsList=[tag])
    photos = observed()["photos"]
    assert photos["read_coverage"] == "covered"
    assert photos["read_covered_since"] == photos["write_covered_since"]
    assert photos["read_covered_since"] == datetime(2026, 11, 20, 14, 30)

    cloud.client("cloudtrail").stop_logging(Name=arn)
    cloud.client("cloudtrail").start_logging(Name=arn)
    since = observed()["photos"]["read_covered_since"].replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - since).total_seconds() < 60


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ("DescribeTrails", "trails_unreadable"),
        ("GetTrailStatus", "trail_status_unreadable"),
        ("GetEventSelectors", "trail_selectors_unreadable"),
    ],
)
def test_trails_that_may_not_be_read_make_coverage_unknown(
    cloud, observed, soon_tired, operation, reason
):
    cloud.bucket("photos")
    cloud.trail("main", "trail-logs")
    cloud.faults({"operation": operation, "error": "AccessDeniedException", "status": 400})
    photos = observed()["photos"]
    assert (photos["read_coverage"], photos["coverage_reasons"]) == ("unknown", [reason])
    assert refused_coverage(photos) == (
        operation,
        "AccessDeniedException",
        f"cloudtrail:{operation}",
    )
    # to the end of all tries, and nothing that anybody could allow
    cloud.faults({"operation": operation, "error": "ThrottlingException", "status": 400})
    assert refused_coverage(observed()["photos"]) == (operation, "ThrottlingException", None)


def refused_coverage(row):
    return tuple(
        row[f"coverage_{name}"] for name in ("error_operation", "error_code", "missing_permission")
    )


def test_a_trail_is_asked_once_however_many_regions_show_it(cloud, observed):
    cloud.bucket("photos", "eu-west-1")
    cloud.trail("main", "trail-logs")
    before = cloud.calls("GetEventSelectors")
    assert observed()["photos"]["read_coverage"] == "covered"
    assert cloud.calls("GetEventSelectors") - before == 1


def test_a_trail_whose_log_bucket_is_gone_records_nothing(cloud, observed):
    cloud.bucket("photos")
    cloud.trail("main", "trail-logs")
    assert observed()["photos"]["missing_trail_buckets"] == []
    cloud.client("s3").delete_bucket(Bucket="trail-logs")
    photos = observed()["photos"]
    assert (photos["read_coverage"], photos["read_witness"]) == ("not_covered", "not_covered")
    assert photos["coverage_reasons"] == ["trail_bucket_missing"]
    arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main"
    assert photos["coverage_faults"] == [{"reason": "trail_bucket_missing", "arn": arn}]
    assert photos["missing_trail_buckets"] == ["trail-logs"]


def test_an_unreadable_log_bucket_does_not_weaken_its_trail(cloud, observed):
    cloud.bucket("photos")
    cloud.trail("main", "trail-logs")
    cloud.faults(
        {
            "operation": "HeadBucket",
            "resource": "trail-logs",
            "error": "AccessDenied",
            "status": 403,
        }
    )
    assert observed()["photos"]["read_coverage"] == "covered"


def test_what_is_recorded_of_a_bucket_is_reported(cloud, observed):
    cloud.bucket("photos")
    arn = cloud.trail("main", "trail-logs")
    selector = {
        "ReadWriteType": "WriteOnly",
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::photos/a/"]}],
    }
    cloud.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[selector])
    photos = observed()["photos"]
    assert (photos["read_coverage"], photos["write_coverage"]) == ("not_covered", "partly_covered")
    assert photos["coverage_details"] == ["writes recorded: keys that begin with 'a/'"]


def test_a_store_of_another_region_records_and_is_no_witness(cloud, observed):
    cloud.bucket("photos", "eu-west-1")
    cloud.store("lake")
    photos = observed()["photos"]
    assert (photos["read_coverage"], photos["write_coverage"]) == ("covered", "covered")
    assert (photos["read_witness"], photos["write_witness"]) == ("not_covered", "not_covered")
    assert photos["coverage_reasons"] == []


def test_a_store_that_was_made_where_the_account_has_no_bucket_records_too(cloud, observed):
    cloud.bucket("photos", "eu-west-1")
    cloud.store("lake", "ap-south-1")
    cloud.store("local", "ap-south-2", MultiRegionEnabled=False)
    photos = observed(store_regions=())["photos"]
    assert (photos["read_coverage"], photos["write_coverage"]) == ("covered", "covered")


def shut_off(error):
    """Refuses the first Region that is asked, whichever it is: all but two have no bucket."""
    return {"operation": "ListEventDataStores", "error": error, "status": 400, "times": 1}


@pytest.mark.parametrize(
    ("error", "coverage", "reason"),
    [
        ("AccessDeniedException", "unknown", "stores_unreadable"),
        # a Region that is not enabled
        ("UnrecognizedClientException", "not_covered", "no_trail"),
    ],
)
def test_a_region_that_refuses_to_list_event_data_stores_may_hide_one(
    account, cloud, error, coverage, reason
):
    cloud.bucket("photos")
    cloud.faults(shut_off(error))
    stores = read_stores(account, [])
    assert cloud.fired() == [1]
    found = judge("photos", "us-east-1", (), stores.stores, all_stores_seen=not stores.refusals)
    assert (found.reads, found.reasons) == (coverage, (reason,))


def test_event_data_stores_are_read_in_the_named_regions_and_those_of_the_buckets(
    cloud, observed, settings
):
    cloud.bucket("photos", "eu-west-1")
    cloud.store("lake", "ap-south-1")
    before = cloud.calls("ListEventDataStores")
    assert observed(store_regions=("us-west-2",))["photos"]["read_coverage"] == "not_covered"
    assert cloud.calls("ListEventDataStores") - before == 3
    assert observed(store_regions=("ap-south-1",))["photos"]["read_coverage"] == "covered"


def test_a_store_that_takes_nothing_in_covers_nothing(cloud, observed):
    cloud.bucket("photos")
    arn = cloud.store("lake")
    cloud.client("cloudtrail").stop_event_data_store_ingestion(EventDataStore=arn)
    assert observed()["photos"]["coverage_reasons"] == ["store_not_ingesting"]
    cloud.client("cloudtrail").start_event_data_store_ingestion(EventDataStore=arn)
    assert observed()["photos"]["read_coverage"] == "covered"
    cloud.client("cloudtrail").delete_event_data_store(EventDataStore=arn)
    assert observed()["photos"]["coverage_reasons"] == ["store_not_ingesting"]


def test_stores_are_listed_beyond_one_page(cloud, observed):
    cloud.bucket("photos")
    for number in range(26):
        cloud.store(f"lake-{number}", StartIngestion=False)
    before = cloud.calls("GetEventDataStore")
    observed()
    assert cloud.calls("GetEventDataStore") - before == 26


def test_one_refusal_of_all_regions_is_one_of_the_account(cloud, observed, caplog):
    """As an account may get it that CloudTrail Lake never opened for."""
    cloud.bucket("photos")
    cloud.faults(
        {
            "operation": "ListEventDataStores",
            "error": "OperationNotPermittedException",
            "status": 400,
        }
    )
    photos = observed(store_regions=("eu-west-1", "us-west-2"))["photos"]
    assert photos["read_coverage"] == "unknown"
    assert photos["coverage_reasons"] == ["all_stores_unreadable"]
    assert photos["coverage_error_code"] == "OperationNotPermittedException"
    said = [line for line in caplog.messages if "ListEventDataStores" in line]
    assert len(said) == 2
    # the account has one elsewhere: then it is the Regions that refuse
    cloud.store("lake", "ap-south-1")
    cloud.faults(
        {"operation": "ListEventDataStores", "error": "AccessDenied", "status": 403, "times": 1}
    )
    photos = observed(store_regions=("ap-south-1",))["photos"]
    assert photos["read_coverage"] == "covered"


@pytest.mark.parametrize(
    ("operation", "reason"),
    [("ListEventDataStores", "stores_unreadable"), ("GetEventDataStore", "store_unreadable")],
)
def test_stores_that_may_not_be_read_hide_only_what_no_trail_records(
    cloud, observed, operation, reason
):
    cloud.bucket("photos")
    cloud.store("lake")
    cloud.faults({"operation": operation, "error": "AccessDeniedException", "status": 400})
    photos = observed()["photos"]
    assert (photos["read_coverage"], photos["read_witness"]) == ("unknown", "not_covered")
    assert photos["coverage_reasons"] == [reason]
    assert refused_coverage(photos) == (
        operation,
        "AccessDeniedException",
        f"cloudtrail:{operation}",
    )
    cloud.trail("main", "trail-logs")
    photos = observed()["photos"]
    assert (photos["read_coverage"], photos["coverage_error_code"]) == ("covered", None)


def test_a_region_without_event_data_stores_hides_none(cloud, observed):
    cloud.bucket("photos")
    cloud.faults(
        {
            "operation": "ListEventDataStores",
            "error": "UnsupportedOperationException",
            "status": 400,
        }
    )
    assert observed()["photos"]["coverage_reasons"] == ["no_trail"]


def test_the_sensitivity_is_the_buckets_tag(cloud, observed):
    for name in ("photos", "other"):
        cloud.bucket(name)
    cloud.client("s3").put_bucket_tagging(
        Bucket="photos", Tagging={"TagSet": [{"Key": "sensitivity", "Value": "high"}]}
    )
    rows = observed()
    assert rows["photos"]["sensitivity"] == "high"
    assert rows["other"]["sensitivity"] is None


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_tag_without_a_value_says_nothing_and_fails_no_snapshot(cloud, observed, one_by_one):
    s3 = cloud.client("s3")
    for name, value in {"photos": "", "payroll": "high"}.items():
        cloud.bucket(name)
        tags = [{"Key": "sensitivity", "Value": value}, {"Key": "owner", "Value": ""}]
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    # or neither call would be held to it
    assert {"Key": "owner"} in s3.get_bucket_tagging(Bucket="photos")["TagSet"]
    if one_by_one:
        cloud.faults({"operation": "GetResources", "error": "AccessDeniedException", "status": 400})
    rows = observed()
    assert (rows["photos"]["sensitivity"], rows["photos"]["is_sensitive"]) == (None, False)
    assert (rows["payroll"]["sensitivity"], rows["payroll"]["is_sensitive"]) == ("high", True)


KEPT = """
create external table governance.buckets (bucket_name string, {column} string)
row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
location 's3://governance/buckets/'
"""


def keep_table(cloud, settings, text, column="sensitivity"):
    """The table of a user who keeps a CSV file in a bucket; the settings that name it."""
    cloud.bucket("governance")
    cloud.client("s3").put_object(Bucket="governance", Key="buckets/1.csv", Body=text)
    cloud.client("glue").create_database(DatabaseInput={"Name": "governance"})
    athena.rows(lake.open_lake(settings), KEPT.format(column=column))
    return replace(settings, sensitivity_table="governance.buckets")


def look(settings):
    snapshot.observe(settings, OBSERVED_AT)
    rows = lake.open_lake(settings).read(LOGGING_SNAPSHOTS, OBSERVED_ON)
    return {
        row["bucket_name"]: {name: row[name] for name in row if "sensitiv" in name} for row in rows
    }


UNTOLD = {
    "sensitivity": None,
    "is_sensitive": False,
    "sensitive_by": None,
    "sensitivity_error_code": None,
    "sensitivity_error_operation": None,
    "sensitivity_missing_permission": None,
}


def test_the_table_of_the_user_says_what_no_tag_says(cloud, settings):
    for name in ("photos", "videos", "contracts", "payroll"):
        cloud.bucket(name)
    cloud.client("s3").put_bucket_tagging(
        Bucket="payroll", Tagging={"TagSet": [{"Key": "sensitivity", "Value": "high"}]}
    )
    text = b'contr*,"Confidential "\nphotos,public\npayroll,public\n'
    rows = look(keep_table(cloud, settings, text))
    assert rows["contracts"] == UNTOLD | {
        "sensitivity": "Confidential",
        "is_sensitive": True,
        "sensitive_by": "table",
    }
    assert rows["photos"] == UNTOLD | {"sensitivity": "public"}
    assert rows["videos"] == UNTOLD
    assert (rows["payroll"]["sensitivity"], rows["payroll"]["sensitive_by"]) == ("high", "tag")


def test_the_table_is_read_once_however_many_buckets_there_are(cloud, settings):
    for number in range(5):
        cloud.bucket(f"bucket-{number}")
    named = keep_table(cloud, settings, b"photos,secret\n")
    before = cloud.calls("StartQueryExecution")
    assert len(look(named)) == 7
    assert cloud.calls("StartQueryExecution") - before == 1


def test_a_table_that_is_missing_or_denied_hides_what_only_it_could_say(cloud, settings):
    cloud.bucket("photos")
    cloud.bucket("acme-payroll")
    named = replace(
        settings, sensitivity_table="governance.buckets", sensitive_buckets=("*-payroll",)
    )
    rows = look(named)
    hidden = UNTOLD | {"is_sensitive": None, "sensitivity_error_operation": "GetTable"}
    assert rows["photos"] == hidden | {"sensitivity_error_code": "EntityNotFoundException"}
    assert rows["acme-payroll"] == UNTOLD | {"is_sensitive": True, "sensitive_by": "name"}

    fault = {"operation": "GetTable", "resource": "buckets", "status": 400}
    cloud.faults(fault | {"error": "AccessDeniedException"})
    assert look(named)["photos"] == hidden | {
        "sensitivity_error_code": "AccessDeniedException",
        "sensitivity_missing_permission": "glue:GetTable",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"'photos','secret'\n", "NoUsableRows"),
        (b"photos\n", "NoUsableRows"),
        (b"videos,public\n'photos','secret'\n", "RowsUnusable"),
        (b'videos,public\n"; drop table x",secret\n', "RowsUnusable"),
        (b"videos,public\nphotos,\n", "WordMissing"),
    ],
)
def test_a_table_in_another_format_calls_no_bucket_harmless(cloud, settings, text, code):
    cloud.bucket("photos")
    photos = look(keep_table(cloud, settings, text))["photos"]
    assert photos == UNTOLD | {
        "is_sensitive": None,
        "sensitivity_error_code": code,
        "sensitivity_error_operation": "StartQueryExecution",
    }


def test_a_table_without_the_columns_is_no_such_table(cloud, settings):
    cloud.bucket("photos")
    named = keep_table(cloud, settings, b"photos,secret\n", column="level")
    photos = look(named)["photos"]
    assert (photos["is_sensitive"], photos["sensitivity_error_code"]) == (None, "ColumnsMissing")


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        ("StartQueryExecution", "athena:StartQueryExecution"),
        ("GetQueryResults", "athena:GetQueryResults"),
    ],
)
def test_a_query_that_is_denied_names_what_is_missing(cloud, settings, operation, permission):
    cloud.bucket("photos")
    named = keep_table(cloud, settings, b"photos,secret\n")
    cloud.faults({"operation": operation, "error": "AccessDeniedException", "status": 400})
    assert look(named)["photos"] == UNTOLD | {
        "is_sensitive": None,
        "sensitivity_error_code": "AccessDeniedException",
        "sensitivity_error_operation": operation,
        "sensitivity_missing_permission": permission,
    }


def test_a_table_whose_files_are_gone_does_not_say_that_nothing_is_sensitive(cloud, settings):
    cloud.bucket("photos")
    named = keep_table(cloud, settings, b"photos,secret\n")
    cloud.client("s3").delete_object(Bucket="governance", Key="buckets/1.csv")
    photos = look(named)["photos"]
    assert (photos["is_sensitive"], photos["sensitivity_error_code"]) == (None, "TableEmpty")
    cloud.client("s3").delete_bucket(Bucket="governance")
    assert look(named)["photos"]["is_sensitive"] is None


@pytest.mark.parametrize(
    ("reason", "refused"),
    [
        (
            "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved",
            Refusal("StartQueryExecution", "COLUMN_NOT_FOUND"),
        ),
        (
            "PERMISSION_DENIED: Access Denied (Service: Amazon S3; Status Code: 403)",
            Refusal("GetObject", "AccessDenied"),
        ),
        (
            "Insufficient permissions to execute the query. User is not authorized to perform",
            Refusal("GetObject", "AccessDenied"),
        ),
        ("no reason given", Refusal("StartQueryExecution", "QueryFailed")),
    ],
)
def test_a_code_says_why_a_query_failed(reason, refused):
    assert athena.refused_by(reason) == refused


def test_an_account_whose_buckets_may_not_be_listed_fails_with_the_permission(cloud, settings):
    cloud.faults({"operation": "ListBuckets", "error": "AccessDenied", "status": 403})
    with pytest.raises(AccountError, match=r"ListBuckets.*AccessDenied.*s3:ListAllMyBuckets"):
        snapshot.observe(settings, OBSERVED_AT)


def test_credentials_that_fail_are_named(cloud, settings):
    cloud.faults({"operation": "GetCallerIdentity", "error": "ExpiredToken", "status": 403})
    with pytest.raises(AccountError, match=r"GetCallerIdentity.*ExpiredToken"):
        snapshot.observe(settings, OBSERVED_AT)


def test_a_repair_between_two_snapshots_of_a_day_does_not_change_the_first(cloud, settings):
    """The day before is judged by the first: run again after a repair it says the same."""
    for name in ("photos", "gone", "steady"):
        cloud.bucket(name)
    snapshot.observe(settings, OBSERVED_AT)
    cloud.log_to("photos", cloud.sound_log_bucket("made-since"), "photos/")
    cloud.client("s3").delete_bucket(Bucket="gone")
    for hours in (9, 10):
        snapshot.observe(settings, OBSERVED_AT + timedelta(hours=hours))
    rows = lake.open_lake(settings).read(LOGGING_SNAPSHOTS, OBSERVED_ON)
    looks = sorted(
        (row["bucket_name"], row["observed_at"].hour, row["logging_state"]) for row in rows
    )
    assert [one for one in looks if not one[0].startswith("lacuna")] == [
        ("gone", 1, "off"),
        ("photos", 1, "off"),
        # of the later looks the last, with what it saw otherwise
        ("photos", 11, "on"),
        ("steady", 1, "off"),
    ]


def test_a_snapshot_that_is_taken_again_leaves_one_copy(cloud, settings, observed):
    cloud.bucket("photos")
    first = observed()
    assert observed(OBSERVED_AT + timedelta(hours=1)) == first


def test_a_snapshot_that_names_a_recorder_at_fault_leaves_one_copy_too(cloud, settings, observed):
    cloud.bucket("photos")
    cloud.trail("main", "trail-logs")
    cloud.client("cloudtrail").stop_logging(Name="main")
    first = observed()
    assert [fault["reason"] for fault in first["photos"]["coverage_faults"]] == [
        "trail_not_logging"
    ]
    assert observed(OBSERVED_AT + timedelta(hours=1)) == first


class Killed(BaseException):
    """What a SIGKILL is to the code that it hits: nothing after it runs."""


@pytest.mark.parametrize("is_first", [True, False], ids=["first-of-the-day", "later"])
def test_a_snapshot_killed_at_any_write_and_taken_again_leaves_the_same_rows(
    cloud, settings, monkeypatch, is_first
):
    """The killed run has written neither table, or the accounts only."""
    mine, write = lake.open_lake(settings), lake.Lake.write
    kinds = {ACCOUNTS: AccountObserved, LOGGING_SNAPSHOTS: LoggingSnapshot}

    def contents():
        return {
            table: [read_back(kind, row) for row in mine.read(table, OBSERVED_ON)]
            for table, kind in kinds.items()
        }

    cloud.bucket("photos")
    if not is_first:
        snapshot.observe(settings, OBSERVED_AT)
        cloud.log_to("photos", cloud.sound_log_bucket("logs"), "photos/")
    before = contents()
    again_at = OBSERVED_AT + timedelta(hours=1)
    snapshot.observe(settings, again_at)
    undisturbed = contents()
    assert len(undisturbed[LOGGING_SNAPSHOTS]) == len(before[LOGGING_SNAPSHOTS]) + (
        2 if is_first else 1
    )
    for writes in range(2):
        for table, rows in before.items():
            write(mine, table, rows, OBSERVED_ON)
        written = []

        def killing(self, table, *arguments, most=writes, written=written):
            if len(written) == most:
                raise Killed
            written.append(table)
            write(self, table, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(lake.Lake, "write", killing)
            with pytest.raises(Killed):
                snapshot.observe(settings, again_at)
        assert written == [ACCOUNTS][:writes]
        assert contents()[LOGGING_SNAPSHOTS] == before[LOGGING_SNAPSHOTS]
        snapshot.observe(settings, again_at)
        assert contents() == undisturbed


def test_a_snapshot_of_an_older_version_keeps_the_recorders_that_it_names(cloud, settings):
    cloud.bucket("photos")
    mine = lake.open_lake(settings)
    texts = ("trail_not_logging arn:t",)
    older = evidence.LoggingSnapshot(
        "123456789012", "us-east-1", "photos", OBSERVED_AT, coverage_at_fault=texts
    )
    mine.write(LOGGING_SNAPSHOTS, [older], OBSERVED_ON)
    snapshot.observe(settings, OBSERVED_AT + timedelta(hours=1))
    rows = mine.read(LOGGING_SNAPSHOTS, OBSERVED_ON)
    assert [
        (row["observed_at"].hour, row["coverage_at_fault"])
        for row in rows
        if row["bucket_name"] == "photos"
    ] == [(1, list(texts)), (2, None)]


def test_an_observation_is_kept_under_its_own_day(cloud, settings, observed):
    observed()
    observed(datetime(2026, 11, 23, 1, 30, tzinfo=UTC))
    days = lake.open_lake(settings).days(LOGGING_SNAPSHOTS)
    assert days == [date(2026, 11, 22), date(2026, 11, 23)]


def test_many_buckets_are_listed_beyond_one_page(cloud, observed):
    for number in range(1, 12):
        cloud.bucket(f"bucket-{number}")
    assert len(observed()) == 12
