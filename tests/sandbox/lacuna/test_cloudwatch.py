"""What CloudWatch receives instead of S3, a trail or an event data store is never off or not covered."""

import pytest

from lacuna.aws import session
from lacuna.aws.deliveries import read_deliveries


def logging_of(row):
    return (row["logging_state"], row["reasons"])


def denied(operation):
    return {"operation": operation, "error": "AccessDeniedException", "status": 400}


def refused(row, prefix=""):
    names = ("error_operation", "error_code", "missing_permission")
    return tuple(row[f"{prefix}{name}"] for name in names)


def test_an_access_log_that_cloudwatch_delivers_is_elsewhere_and_not_off(cloud, observed):
    for name in ("photos", "planned", "stopped", "plain"):
        cloud.bucket(name)
    cloud.bucket("far", "eu-west-1")
    cloud.deliver_by_cloudwatch("photos")
    cloud.deliver_by_cloudwatch("far", "eu-west-1")
    # of a source alone nothing is delivered
    cloud.delivery_source("planned")
    cloud.client("logs").delete_delivery(id=cloud.deliver_by_cloudwatch("stopped"))
    rows = observed()
    elsewhere = ("elsewhere", ["logging_elsewhere"])
    assert logging_of(rows["photos"]) == logging_of(rows["far"]) == elsewhere
    for name in ("planned", "stopped", "plain"):
        assert logging_of(rows[name]) == ("off", [])


def test_a_name_that_was_taken_again_is_not_delivered_by_the_old_source(cloud, account):
    cloud.bucket("photos")
    cloud.deliver_by_cloudwatch("photos")
    cloud.client("s3").delete_bucket(Bucket="photos")
    assert read_deliveries(account, {"us-east-1"}).of("photos", "us-east-1") is False


def test_a_log_of_s3_is_judged_and_the_other_one_is_told(cloud, observed):
    cloud.log_to(cloud.bucket("photos"), cloud.log_bucket("logs"))
    cloud.deliver_by_cloudwatch("photos")
    photos = observed()["photos"]
    assert (photos["target_state"], *logging_of(photos)) == (
        "deliverable",
        "on",
        ["logging_elsewhere"],
    )


def test_a_source_is_found_beyond_one_page(cloud, observed):
    for number in range(51):
        cloud.deliver_by_cloudwatch(cloud.bucket(f"bucket-{number:02}"))
    states = [row["logging_state"] for row in observed().values()]
    assert states.count("elsewhere") == 51


@pytest.mark.parametrize("error", ["AccessDeniedException", "UnrecognizedClientException"])
def test_where_deliveries_cannot_be_read_no_bucket_is_off(cloud, observed, error):
    cloud.bucket("photos")
    cloud.log_to(cloud.bucket("logged"), cloud.log_bucket("logs"))
    cloud.faults({"operation": "DescribeDeliverySources", "error": error, "status": 400})
    rows = observed()
    assert logging_of(rows["photos"]) == ("unknown", ["deliveries_unreadable"])
    permission = "logs:DescribeDeliverySources" if error == "AccessDeniedException" else None
    assert refused(rows["photos"]) == ("DescribeDeliverySources", error, permission)
    assert (logging_of(rows["logged"]), refused(rows["logged"])) == (("on", []), (None,) * 3)


def test_a_source_whose_deliveries_cannot_be_read_hides_its_own_bucket_only(cloud, observed):
    cloud.bucket("photos")
    cloud.bucket("plain")
    cloud.deliver_by_cloudwatch("photos")
    cloud.faults(denied("DescribeDeliveries"))
    rows = observed()
    assert logging_of(rows["photos"]) == ("unknown", ["deliveries_unreadable"])
    assert rows["photos"]["missing_permission"] == "logs:DescribeDeliveries"
    assert rows["plain"]["logging_state"] == "off"


def coverage(row):
    return (row["read_coverage"], row["write_coverage"], row["coverage_reasons"])


def test_data_events_that_cloudwatch_ingests_are_unknown_and_witness_nothing(cloud, observed):
    cloud.bucket("photos")
    cloud.bucket("plain")
    cloud.ingest("photos", {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::photos/"]})
    rows = observed()
    assert coverage(rows["photos"]) == ("unknown", "unknown", ["recorded_elsewhere"])
    assert rows["photos"]["read_witness"] == "not_covered"
    (fault,) = rows["photos"]["coverage_faults"]
    assert ":channel/" in fault["arn"]
    assert coverage(rows["plain"]) == ("not_covered", "not_covered", ["no_trail"])
    cloud.trail("main", "trail-logs")
    assert coverage(observed()["photos"]) == ("covered", "covered", [])


def test_a_channel_of_an_integration_records_no_requests(cloud, observed):
    cloud.bucket("photos")
    cloud.client("cloudtrail").create_channel(
        Name="partner",
        Source="Custom",
        Destinations=[{"Type": "EVENT_DATA_STORE", "Location": "arn:aws:cloudtrail:::store"}],
    )
    assert coverage(observed()["photos"]) == ("not_covered", "not_covered", ["no_trail"])


@pytest.mark.parametrize(
    ("operation", "reason"),
    [("ListChannels", "channels_unreadable"), ("GetChannel", "channel_unreadable")],
)
def test_channels_that_may_not_be_read_may_hide_everything(cloud, observed, operation, reason):
    cloud.bucket("photos")
    cloud.ingest("everything")
    cloud.faults(denied(operation))
    photos = observed()["photos"]
    assert coverage(photos) == ("unknown", "unknown", [reason])
    assert refused(photos, "coverage_") == (
        operation,
        "AccessDeniedException",
        f"cloudtrail:{operation}",
    )


@pytest.fixture
def account(settings):
    return session.open_account(settings)
