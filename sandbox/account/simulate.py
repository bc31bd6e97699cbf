"""Write the simulated account into a running sandbox."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

import boto3

from sandbox.account import buckets as b
from sandbox.account import policies, selectors
from sandbox.account.account import Account, StoredObject
from sandbox.account.buckets import Bucket, Hardening
from sandbox.account.digests import signing_key
from sandbox.account.faults import make_plan
from sandbox.account.period import Period, moment
from sandbox.account.truth import Truth

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_s3 import S3Client

# (key, body, LastModified, user metadata)
Put = tuple[str, bytes, datetime, dict[str, str]]
PutObjects = Callable[[str, Iterable[Put]], object]


def simulate(url: str, seed: int, requests: int, until: date, days: int = 4) -> Truth:
    """Fill the sandbox at `url`, which runs in this process; return what was planted.

    `until` is the last delivery day; the logs of its last requests are not delivered yet.
    """
    from sandbox.athena.moto_fixes.cloudtrail import record_delivery, record_delivery_error
    from sandbox.athena.moto_fixes.s3 import put_objects

    account = Account(make_plan(seed, requests, Period(until, days)))
    configure(url)
    store(account.objects(), put_objects)
    register_keys(seed, account.plan.period)
    record_delivery(b.TRAIL_ARN, moment(account.newest_trail_file), moment(account.newest_digest))
    record_delivery_error(b.trail_arn(b.FAILING_TRAIL), "AccessDenied")
    return account.truth()


def store(objects: Iterable[StoredObject], put_objects: PutObjects) -> None:
    """Pass the stream on, one bucket at a time."""
    for bucket, of_bucket in groupby(objects, key=lambda item: item.bucket):
        put_objects(bucket, _puts(of_bucket))


def _puts(objects: Iterable[StoredObject]) -> Iterator[Put]:
    for item in objects:
        yield item.key, item.body, moment(item.delivered_at), item.metadata


def register_keys(seed: int, period: Period) -> None:
    """Make ListPublicKeys return the keys that the digests were signed with."""
    from sandbox.athena.moto_fixes.cloudtrail import register_public_key

    for region in b.REGIONS:
        key = signing_key(seed, region)
        register_public_key(
            region, key.public_der, key.fingerprint, moment(period.start), moment(period.end)
        )


def configure(url: str) -> None:
    """Create the buckets, their logging and the trails, and refuse the calls of REFUSED."""
    regions = {bucket.region for bucket in b.BUCKETS}
    clients: dict[str, S3Client] = {region: _client("s3", url, region) for region in regions}
    _create_buckets(clients)
    for name, hardening in b.HARDENING.items():
        _harden(clients[b.BY_NAME[name].region], name, hardening)
    for name, policy in policies.log_bucket_policies().items():
        clients[b.BY_NAME[name].region].put_bucket_policy(Bucket=name, Policy=policy)
    clients["us-east-1"].put_bucket_policy(
        Bucket=b.TRAIL_BUCKET, Policy=policies.trail_bucket_policy()
    )
    inventory_region = b.BY_NAME[b.INVENTORY_BUCKET].region
    _create_governance(clients[inventory_region], _client("glue", url, "us-east-1"))
    _create_trails(_client("cloudtrail", url, b.TRAIL_HOME))
    clients[b.TRAIL_HOME].delete_bucket(Bucket=b.GONE_TRAIL_BUCKET)
    _create_stores(url)
    _turn_on_telemetry(url)
    _refuse(url)


def _create_buckets(clients: dict[str, S3Client]) -> None:
    """Create the buckets and their logging, then delete the log buckets that are gone.

    S3 accepts a log bucket only while it exists, in the same Region, and grants on log objects only
    while the log bucket accepts ACLs. So the log buckets are hardened afterwards.
    """
    former = [
        Bucket(name, b.REGIONS[0], "none", 0) for name in (b.GONE_LOGS, b.TAKEN_LOGS, b.MOVED_LOGS)
    ]
    existing = [bucket for bucket in b.LOG_BUCKETS if bucket.name != b.MOVED_LOGS]
    trail_bucket = Bucket(b.GONE_TRAIL_BUCKET, b.TRAIL_HOME, "none", 0)
    for bucket in (*existing, *former, trail_bucket, *b.SOURCES):
        _create(clients[bucket.region], bucket)
    for bucket in b.SOURCES:
        if bucket.target_bucket is not None:
            clients[bucket.region].put_bucket_logging(
                Bucket=bucket.name,
                BucketLoggingStatus=policies.logging_status(bucket),  # type: ignore[arg-type]
            )
    for bucket in former:
        clients[bucket.region].delete_bucket(Bucket=bucket.name)
    moved = b.BY_NAME[b.MOVED_LOGS]
    _create(clients[moved.region], moved)


def _create_stores(url: str) -> None:
    """Create the event data stores."""
    _client("cloudtrail", url, b.STORE_HOME).create_event_data_store(
        Name=b.STORE_NAME, AdvancedEventSelectors=selectors.store_selectors()
    )
    _client("cloudtrail", url, b.TRAIL_HOME).create_event_data_store(
        Name=b.STOPPED_STORE,
        AdvancedEventSelectors=selectors.stopped_store_selectors(),
        StartIngestion=False,
    )


def _turn_on_telemetry(url: str) -> None:
    """Let CloudWatch receive the access log of one bucket, and the data events of another."""
    logs = _client("logs", url, b.REGIONS[0])
    group = f"arn:aws:logs:{b.REGIONS[0]}:{b.ACCOUNT_ID}:log-group:/meridian/access-logs"
    destination = logs.put_delivery_destination(
        name="access-logs", deliveryDestinationConfiguration={"destinationResourceArn": group}
    )["deliveryDestination"]
    for bucket in b.SOURCES:
        if bucket.trouble is b.Trouble.VENDED:
            logs.put_delivery_source(
                name=bucket.name, resourceArn=bucket.arn, logType="S3_SERVER_ACCESS_LOGS"
            )
            logs.create_delivery(
                deliverySourceName=bucket.name, deliveryDestinationArn=destination["arn"]
            )
    settings = {"AdvancedEventSelectors": selectors.ingested_selectors()}
    _client("observabilityadmin", url, b.REGIONS[0]).create_telemetry_rule(
        RuleName="kiosk",
        Rule={
            "ResourceType": "AWS::CloudTrail",
            "TelemetryType": "Logs",
            "DestinationConfiguration": {
                "DestinationType": "cloud-watch-logs",
                "CloudtrailParameters": settings,
            },
        },
    )


def _client(service: str, url: str, region: str) -> Any:
    # the type stubs have an overload per service, but none for a variable name
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )


def _create(s3: S3Client, bucket: Bucket) -> None:
    if bucket.region == "us-east-1":
        s3.create_bucket(Bucket=bucket.name)
    else:
        s3.create_bucket(
            Bucket=bucket.name,
            CreateBucketConfiguration={"LocationConstraint": bucket.region},  # type: ignore[typeddict-item]
        )
    if bucket.sensitivity is not None:
        tags = [{"Key": "sensitivity", "Value": bucket.sensitivity}]
        s3.put_bucket_tagging(Bucket=bucket.name, Tagging={"TagSet": tags})  # type: ignore[typeddict-item]


def _harden(s3: S3Client, name: str, hardening: Hardening) -> None:
    owned: Any = {"Rules": [{"ObjectOwnership": hardening.ownership}]}
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=owned)
    if hardening.grants:
        _grant(s3, name, hardening.grants)
    if hardening.is_versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    flags = {flag: flag not in hardening.flags_off for flag in b.PUBLIC_ACCESS_FLAGS}
    if any(flags.values()):
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration=flags,  # type: ignore[arg-type]
        )
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": hardening.encryption}}
    encryption: Any = {"Rules": [default]}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=encryption)
    if hardening.requester_pays:
        s3.put_bucket_request_payment(
            Bucket=name, RequestPaymentConfiguration={"Payer": "Requester"}
        )
    if hardening.retains_days is not None:
        retention = {"Mode": "GOVERNANCE", "Days": hardening.retains_days}
        lock: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
        s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
    if hardening.expires_after_days is not None:
        rule = {
            "ID": "tidy",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": hardening.expires_after_days},
        }
        s3.put_bucket_lifecycle_configuration(
            Bucket=name,
            LifecycleConfiguration={"Rules": [rule]},  # type: ignore[list-item]
        )


def _grant(s3: S3Client, name: str, permissions: tuple[str, ...]) -> None:
    """Put an ACL that grants its owner everything, and the log service's group `permissions`."""
    group = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}
    owner = {"ID": b.OWNER_ID}
    grants = [
        {"Grantee": {"Type": "CanonicalUser", **owner}, "Permission": "FULL_CONTROL"},
        *({"Grantee": group, "Permission": permission} for permission in permissions),
    ]
    policy: Any = {"Owner": owner, "Grants": grants}
    s3.put_bucket_acl(Bucket=name, AccessControlPolicy=policy)


def _create_governance(s3: S3Client, glue: Any) -> None:
    """Create the tables that the account's staff keep, as if exported from spreadsheets."""
    glue.create_database(DatabaseInput={"Name": b.INVENTORY.partition(".")[0]})
    for name, folder, columns, rows in (
        (b.INVENTORY, b.INVENTORY_FOLDER, ("bucket_name", "sensitivity"), b.INVENTORY_ROWS),
        (b.LISTS, b.LISTS_FOLDER, ("list_name", "value"), b.LISTS_ROWS),
    ):
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        s3.put_object(
            Bucket=b.INVENTORY_BUCKET, Key=f"{folder}1.csv", Body=text.getvalue().encode()
        )
        storage = {
            "Columns": [{"Name": column, "Type": "string"} for column in columns],
            "Location": f"s3://{b.INVENTORY_BUCKET}/{folder}",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
        }
        database, table = name.split(".")
        described = {"Name": table, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
        glue.create_table(DatabaseName=database, TableInput=described)


def _create_trails(cloudtrail: CloudTrailClient) -> None:
    cloudtrail.create_trail(
        Name=b.TRAIL_NAME,
        S3BucketName=b.TRAIL_BUCKET,
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=True,
    )
    cloudtrail.put_event_selectors(
        TrailName=b.TRAIL_NAME,
        AdvancedEventSelectors=selectors.event_selectors(),  # type: ignore[arg-type]
    )
    cloudtrail.start_logging(Name=b.TRAIL_NAME)
    cloudtrail.create_trail(
        Name=b.STOPPED_TRAIL, S3BucketName=b.TRAIL_BUCKET, S3KeyPrefix=b.STOPPED_PREFIX
    )
    cloudtrail.put_event_selectors(
        TrailName=b.STOPPED_TRAIL,
        EventSelectors=selectors.all_objects(),  # type: ignore[arg-type]
    )
    cloudtrail.create_trail(
        Name=b.FAILING_TRAIL, S3BucketName=b.TRAIL_BUCKET, S3KeyPrefix=b.FAILING_PREFIX
    )
    cloudtrail.put_event_selectors(
        TrailName=b.FAILING_TRAIL,
        AdvancedEventSelectors=selectors.failing_selectors(),  # type: ignore[arg-type]
    )
    cloudtrail.start_logging(Name=b.FAILING_TRAIL)
    cloudtrail.create_trail(Name=b.ORPHAN_TRAIL, S3BucketName=b.GONE_TRAIL_BUCKET)
    cloudtrail.put_event_selectors(
        TrailName=b.ORPHAN_TRAIL,
        AdvancedEventSelectors=selectors.orphan_selectors(),  # type: ignore[arg-type]
    )
    cloudtrail.start_logging(Name=b.ORPHAN_TRAIL)


def _refuse(url: str) -> None:
    faults = [
        {"operation": operation, "resource": name, "error": error, "status": status}
        for operation, name, error, status in b.REFUSED
    ]
    request = urllib.request.Request(
        f"{url}/_sandbox/faults",
        data=json.dumps(faults).encode(),
        method="PUT",
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request):
        pass
