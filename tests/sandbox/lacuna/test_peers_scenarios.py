"""What posture scanners set up in the tests of their logging checks, and what is said of it here.

Where the answer differs from theirs (they pass what is only configured), the reason code says why.
"""

from typing import Any

import boto3

LOG_DELIVERY = "uri=http://acs.amazonaws.com/groups/s3/LogDelivery"
OBJECT = "AWS::S3::Object"


def basic(value: str, mode: str = "All", kind: str = OBJECT) -> dict[str, Any]:
    resources = [{"Type": kind, "Values": [value]}]
    selector = {"ReadWriteType": mode, "IncludeManagementEvents": True, "DataResources": resources}
    return {"EventSelectors": [selector]}


def advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    data = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": [OBJECT]},
    ]
    return {"AdvancedEventSelectors": [{"Name": "test", "FieldSelectors": [*data, *fields]}]}


def arn(operator: str, value: str) -> dict[str, Any]:
    return {"Field": "resources.ARN", operator: [value]}


COVERED, NOT, PARTLY = "covered", "not_covered", "partly_covered"
NEITHER = ["reads_not_selected", "writes_not_selected"]
# Nothing here is made for objects, and trails of other Regions select all of them
ELSEWHERE = ["trail_other_region", *NEITHER]
# By name: the selectors, the coverage of reads and of writes, the reasons. Each is the only trail of
# a Region, and records the bucket of the same name, which is in that Region.
SCENARIOS: dict[str, tuple[dict[str, Any], str, str, list[str]]] = {
    "no-data-events": ({}, NOT, NOT, ELSEWHERE),
    "lambda-only": (basic("arn:aws:lambda", kind="AWS::Lambda::Function"), NOT, NOT, ELSEWHERE),
    "all": (basic("arn:aws:s3"), COVERED, COVERED, []),
    "all-with-colons": (basic("arn:aws:s3:::"), COVERED, COVERED, []),
    # Prowler passes it; CloudTrail knows no wildcards
    "star": (basic("arn:aws:s3:::*/*"), NOT, NOT, ["selector_wildcard", *NEITHER]),
    "read-only": (basic("arn:aws:s3", "ReadOnly"), COVERED, NOT, ["writes_not_selected"]),
    "write-only": (basic("arn:aws:s3", "WriteOnly"), NOT, COVERED, ["reads_not_selected"]),
    "this-bucket": (basic("arn:aws:s3:::this-bucket/"), COVERED, COVERED, []),
    "other": (basic("arn:aws:s3:::other-archive/"), NOT, NOT, NEITHER),
    "prefix": (
        basic("arn:aws:s3:::prefix/finance/"),
        PARTLY,
        PARTLY,
        ["reads_partly_selected", "writes_partly_selected"],
    ),
    "advanced-all": (advanced(), COVERED, COVERED, []),
    "advanced-reads": (
        advanced({"Field": "readOnly", "Equals": ["true"]}),
        COVERED,
        NOT,
        ["writes_not_selected"],
    ),
    "advanced-writes": (
        advanced({"Field": "readOnly", "Equals": ["false"]}),
        NOT,
        COVERED,
        ["reads_not_selected"],
    ),
    "advanced-this": (
        advanced(arn("StartsWith", "arn:aws:s3:::advanced-this/")),
        COVERED,
        COVERED,
        [],
    ),
    "advanced-but-this": (
        advanced(arn("NotStartsWith", "arn:aws:s3:::advanced-but-this/")),
        NOT,
        NOT,
        NEITHER,
    ),
    "advanced-deletes": (
        advanced({"Field": "eventName", "Equals": ["DeleteObject"]}),
        NOT,
        PARTLY,
        ["reads_not_selected", "writes_partly_selected"],
    ),
    # most of their tests never start the trail, and pass it
    "stopped": (basic("arn:aws:s3"), NOT, NOT, ["trail_not_logging"]),
}


def test_data_events_of_a_bucket_as_its_regions_only_trail_selects_them(cloud, observed):
    regions = [one for one in boto3.Session().get_available_regions("s3") if one != "us-east-1"]
    for (name, (selectors, *_)), region in zip(SCENARIOS.items(), regions, strict=False):
        cloud.bucket(name, region)
        cloudtrail = cloud.client("cloudtrail", region)
        cloud.bucket(f"trail-of-{name}", region)
        trail = cloudtrail.create_trail(Name=name, S3BucketName=f"trail-of-{name}")["TrailARN"]
        if selectors:
            cloudtrail.put_event_selectors(TrailName=trail, **selectors)
        if name != "stopped":
            cloudtrail.start_logging(Name=trail)
    rows = observed()
    found = {
        name: (
            rows[name]["read_coverage"],
            rows[name]["write_coverage"],
            list(rows[name]["coverage_reasons"]),
        )
        for name in SCENARIOS
    }
    assert found == {name: tuple(expected) for name, (_, *expected) in SCENARIOS.items()}
    # no trail is made for the Region of the lake
    lake_row = rows["lacuna-lake-123456789012-us-east-1"]
    assert lake_row["coverage_reasons"] == ["trail_other_region"]


def test_a_multi_region_trail_is_seen_from_elsewhere_than_its_home(cloud, observed):
    cloud.bucket("photos", "eu-west-1")
    cloud.bucket("trail-logs", "us-east-1")
    cloudtrail = cloud.client("cloudtrail", "ap-south-1")
    cloudtrail.create_trail(Name="main", S3BucketName="trail-logs", IsMultiRegionTrail=True)
    cloudtrail.put_event_selectors(TrailName="main", **basic("arn:aws:s3"))
    cloudtrail.start_logging(Name="main")
    photos = observed()["photos"]
    assert (photos["read_coverage"], photos["coverage_reasons"]) == ("covered", [])


def granted(cloud, name):
    cloud.client("s3").put_bucket_acl(
        Bucket=cloud.bucket(name), GrantWrite=LOG_DELIVERY, GrantReadACP=LOG_DELIVERY
    )
    return name


def test_access_logs_as_they_are_configured(cloud, observed):
    s3 = cloud.client("s3")
    cloud.bucket("bucket_no_logging")
    # the older, looser names of us-east-1; one that logs into itself, with grants
    grants = [
        {"Grantee": {"ID": "5" * 64, "Type": "CanonicalUser"}, "Permission": permission}
        for permission in ("READ", "WRITE")
    ]
    enabled = {
        "TargetBucket": granted(cloud, "bucket_to_itself"),
        "TargetPrefix": "bucket_to_itself/",
        "TargetGrants": grants,
    }
    s3.put_bucket_logging(
        Bucket="bucket_to_itself", BucketLoggingStatus={"LoggingEnabled": enabled}
    )
    cloud.log_to(cloud.bucket("by-acl"), granted(cloud, "logging"), "logging")
    account_logs = cloud.log_bucket("123456789012-us-east-1-s3-logs")
    cloud.log_to(cloud.bucket("by-template"), account_logs, "123456789012/by-template/")
    cloud.log_to(cloud.bucket("partitioned"), account_logs, "p/", "DeliveryTime")
    cloud.log_to(cloud.bucket("let-in-by-nobody"), cloud.bucket("closed"))
    cloud.log_to(cloud.bucket("into-nothing"), cloud.bucket("gone"))
    s3.delete_bucket(Bucket="gone")
    rows = observed()
    found = {
        name: (row["logging_state"], row["target_state"], list(row["reasons"]))
        for name, row in rows.items()
        if row["logging_state"] != "off"
    }
    assert found == {
        "bucket_to_itself": ("on", "deliverable", []),
        "by-acl": ("on", "deliverable", []),
        "by-template": ("on", "deliverable", []),
        "partitioned": ("on", "deliverable", []),
        # all the scanners pass these two
        "let-in-by-nobody": ("on", "broken", ["target_policy_missing"]),
        "into-nothing": ("on", "broken", ["target_missing"]),
    }
    assert "bucket_no_logging" in rows
    assert "target_logs_itself" in rows["bucket_to_itself"]["weaknesses"]
    assert rows["by-template"]["target_prefix"] == "123456789012/by-template/"
    assert rows["partitioned"]["key_layout"] == "delivery_time"
