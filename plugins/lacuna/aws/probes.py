"""Harmless calls that show what the run's role may do, and what AWS answers. They write nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from lacuna.aws.session import Account, AwsError, error_code
from lacuna.refusals import NO_BUCKET, PERMISSIONS
from lacuna.text import visible

# What S3 answers if the call is allowed and nothing is configured
_NOT_CONFIGURED = frozenset(
    {
        *("NoSuchTagSet", "NoSuchBucketPolicy", "OwnershipControlsNotFoundError"),
        *("ObjectLockConfigurationNotFoundError", "NoSuchLifecycleConfiguration"),
        *("ServerSideEncryptionConfigurationNotFoundError", "NoSuchPublicAccessBlockConfiguration"),
    }
)
# What CloudTrail answers a member account about the trail of its organization
_OF_ANOTHER = frozenset({"CloudTrailARNInvalidException", "TrailNotFoundException"})
_CLOCK_SECONDS = 60  # AWS rejects signatures that are more than five minutes off


class Differs(Exception):
    """AWS answers otherwise than Lacuna expects; the text says what was seen."""


class NotTried(Exception):
    """The probe does not apply here; the text says why."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing to try. `attempt` returns what was seen; `then`: what Lacuna does without it."""

    name: str
    attempt: Callable[[], str]
    then: str


def calls(account: Account, bucket: str) -> Iterator[Probe]:
    """Yield a probe for each call that a snapshot makes; those of a bucket are tried on `bucket`."""
    s3, trail = account.s3_of(bucket), account.cloudtrail()
    of_bucket: dict[str, Callable[..., Any]] = {
        "GetBucketLogging": s3.get_bucket_logging,
        "GetBucketTagging": s3.get_bucket_tagging,
        "GetBucketPolicy": s3.get_bucket_policy,
        "GetBucketAcl": s3.get_bucket_acl,
        "GetBucketOwnershipControls": s3.get_bucket_ownership_controls,
        "GetBucketEncryption": s3.get_bucket_encryption,
        "GetObjectLockConfiguration": s3.get_object_lock_configuration,
        "GetBucketRequestPayment": s3.get_bucket_request_payment,
        "GetBucketLifecycleConfiguration": s3.get_bucket_lifecycle_configuration,
        "GetBucketVersioning": s3.get_bucket_versioning,
        "GetPublicAccessBlock": s3.get_public_access_block,
    }
    of_account: dict[str, Callable[[], Any]] = {
        "ListBuckets": lambda: account.s3().list_buckets(MaxBuckets=1),
        "GetResources": lambda: account.tagging(account.region).get_resources(ResourcesPerPage=1),
        "GetAccountPublicAccessBlock": lambda: account.s3control().get_public_access_block(
            AccountId=account.account_id
        ),
        "DescribeTrails": trail.describe_trails,
        "ListEventDataStores": lambda: trail.list_event_data_stores(MaxResults=1),
        "ListChannels": trail.list_channels,
        "DescribeDeliverySources": account.logs().describe_delivery_sources,
        "DescribeDeliveries": account.logs().describe_deliveries,
        "ListPublicKeys": trail.list_public_keys,
    }
    for operation, call in of_account.items():
        yield _call(operation, call, _THEN.get(operation, "what the call shows is `unknown`"))
    for operation, call in of_bucket.items():
        then = _THEN.get(operation, "targets and their weaknesses are `unknown`")
        yield _call(operation, partial(call, Bucket=bucket), then)


_THEN = {
    "ListBuckets": "no run is possible",
    "GetBucketLogging": "every bucket is `unknown` (logging_unreadable)",
    "GetBucketTagging": "sensitivity by tags is `unknown`",
    "GetResources": "tags are read bucket by bucket",
    "DescribeTrails": "no trail counts: coverage is `unknown`, and no hour is `idle`",
    "ListEventDataStores": "coverage is `unknown` where no trail covers a bucket",
    "ListChannels": "coverage is `unknown` where no trail or event data store covers a bucket",
    "DescribeDeliverySources": "no bucket is `off`: it is `unknown` (deliveries_unreadable)",
    "DescribeDeliveries": "a bucket that CloudWatch may deliver is `unknown`",
    "ListPublicKeys": "no digest can be verified, so trail files are not attested",
}


def _call(operation: str, call: Callable[[], Any], then: str) -> Probe:
    def attempt() -> str:
        try:
            call()
        except AwsError as error:
            if error_code(error) not in _NOT_CONFIGURED:
                raise
        return "allowed"

    return Probe(PERMISSIONS.get(operation, operation), attempt, then)


def clock(account: Account) -> Probe:
    """Return the probe that compares this machine's clock with AWS's."""

    def attempt() -> str:
        headers = account.sts().get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]
        if "date" not in headers:
            raise NotTried("the answer has no Date")
        seconds = (datetime.now(UTC) - parsedate_to_datetime(headers["date"])).total_seconds()
        if abs(seconds) > _CLOCK_SECONDS:
            raise Differs(f"this machine is {seconds:+.0f} s off")
        return "within a minute of AWS"

    return Probe(
        "clock", attempt, "AWS rejects signatures that are five minutes off: set the clock"
    )


def trails(account: Account, home: Account) -> Iterator[Probe]:
    """Yield probes for each trail that the account sees: may it be read, and may its files be?

    Athena reads files with the credentials of `home`, and Lacuna with those of the trail's account.
    """
    try:
        found = account.cloudtrail().describe_trails()["trailList"]
    except AwsError:
        return  # the probe of DescribeTrails says so
    for trail in found:
        name = visible(trail["TrailARN"])
        client = account.cloudtrail(trail.get("HomeRegion"))
        yield Probe(
            f"read {name}",
            partial(_settings, client, trail["TrailARN"]),
            "what the trail records is `unknown`"
            + (" (organization_trail_unreadable)" if trail.get("IsOrganizationTrail") else ""),
        )
        prefix = f"{trail['S3KeyPrefix']}/" if trail.get("S3KeyPrefix") else ""
        for reader in {account.account_id: account, home.account_id: home}.values():
            yield read_of(reader, trail["S3BucketName"], f"{prefix}AWSLogs/", "the trail's hours")


def _settings(client: Any, arn: str) -> str:
    try:
        logs = client.get_trail_status(Name=arn)["IsLogging"]
        client.get_event_selectors(TrailName=arn)
    except AwsError as error:
        if error_code(error) not in _OF_ANOTHER:
            raise
        raise Differs(f"AWS answers its owner only ({error_code(error)})") from error
    return "status and selectors are readable" + ("" if logs else "; the trail is stopped")


def read_of(account: Account, bucket: str, prefix: str, what: str) -> Probe:
    """Return the probe that lists a place and reads one byte there, with these credentials."""

    def attempt() -> str:
        s3 = account.s3_of(bucket)
        try:
            listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=100)
        except AwsError as error:
            if error_code(error) in NO_BUCKET:
                raise Differs("there is no such bucket") from error
            raise
        keys = [entry["Key"] for entry in listed.get("Contents", []) if entry["Size"]]
        if not keys:
            return "it can be listed and holds nothing yet"
        s3.get_object(Bucket=bucket, Key=keys[-1], Range="bytes=0-0")["Body"].read()
        return "it can be listed and read"

    name = f"read s3://{visible(f'{bucket}/{prefix}')} as {account.account_id}"
    return Probe(name, attempt, f"{what} are `unknown`")
