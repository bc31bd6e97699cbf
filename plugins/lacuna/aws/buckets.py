"""Buckets and their configuration, as S3 reports it. A refused read is a value, never an "off".

General purpose buckets only. ListBuckets names neither directory buckets (`…--x-s3`) nor table
buckets (`…--table-s3`), and neither kind has an access log.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.parsers import ResponseParserError

from lacuna.access_log.documents import Document, lifecycle_filter
from lacuna.access_log.sources import KeyLayout, Source, key_layout
from lacuna.access_log.targets import ACLS_DISABLED, Existence, LifecycleRule, TargetConfig
from lacuna.access_log.weaknesses import PUBLIC_ACCESS_FLAGS
from lacuna.aws.session import (
    Account,
    AccountError,
    AwsError,
    each,
    error_code,
    explained,
    head_bucket,
    refusal,
)
from lacuna.refusals import NO_BUCKET, PERMISSIONS, Refusal

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Value = TypeVar("Value")

log = logging.getLogger(__name__)

_LOG_DELIVERY_GROUP = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_PAGE = 1000
# What an answer in another form than AWS documents may raise: it fails one read, not the run
_NOT_UNDERSTOOD = (KeyError, IndexError, TypeError, ResponseParserError)


class BucketsUnlisted(AccountError):
    """AWS refused to list an account's buckets."""

    def __init__(self, refused: Refusal, text: str) -> None:
        super().__init__(text)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of the account. `region` None: S3 did not name it."""

    name: str
    region: str | None


@dataclass(frozen=True, slots=True)
class LoggingConfig:
    """A bucket's access-log configuration. `target_bucket` None: off."""

    target_bucket: str | None = None
    target_prefix: str = ""
    key_layout: KeyLayout = KeyLayout.SIMPLE
    has_target_grants: bool = False


def list_buckets(s3: "S3Client") -> list[Bucket]:
    """List every general purpose bucket of the account, with its Region if S3 names it."""
    buckets = []
    try:
        # With a page size S3 fills in BucketRegion. Large accounts must give one.
        for page in s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": _PAGE}):
            buckets += [
                Bucket(bucket["Name"], bucket.get("BucketRegion")) for bucket in page["Buckets"]
            ]
    except AwsError as error:
        raise BucketsUnlisted(
            refusal(error, "ListBuckets"),
            f"cannot list the account's buckets: ListBuckets failed ({explained(error)}); "
            f"the run's role needs {PERMISSIONS['ListBuckets']}",
        ) from error
    return sorted(buckets, key=lambda bucket: bucket.name)


def located(s3: "S3Client", bucket: Bucket) -> Bucket | None:
    """Return the bucket with its Region, if S3 names it when asked; None if it was deleted."""
    if bucket.region is not None:
        return bucket
    head = head_bucket(s3, bucket.name)
    if head.region is None and head.exists is False:
        return None
    return Bucket(bucket.name, head.region)


def read_status(s3: "S3Client", bucket_name: str, owner: str | None = None) -> Document | Refusal:
    """Read the bucket's BucketLoggingStatus, with everything that is in it.

    With `owner`, S3 refuses a bucket of any other account.
    """
    enabled = ask(
        "GetBucketLogging",
        lambda: s3.get_bucket_logging(Bucket=bucket_name, **_owned(owner)).get("LoggingEnabled"),
    )
    if isinstance(enabled, Refusal):
        return enabled
    return {"LoggingEnabled": enabled} if enabled else {}


def read_policy(s3: "S3Client", bucket_name: str, owner: str | None = None) -> str | Refusal | None:
    """Read the bucket's policy as S3 keeps it; None if it has none."""
    return ask(
        "GetBucketPolicy",
        lambda: s3.get_bucket_policy(Bucket=bucket_name, **_owned(owner))["Policy"],
        absent={"NoSuchBucketPolicy": None},
    )


def read_logging(s3: "S3Client", bucket_name: str) -> LoggingConfig | Refusal:
    """Read where the bucket's access log goes."""
    status = read_status(s3, bucket_name)
    return status if isinstance(status, Refusal) else logging_config(status)


def logging_config(status: Document) -> LoggingConfig:
    """Return what a BucketLoggingStatus says."""
    target = status.get("LoggingEnabled")
    if not target:
        return LoggingConfig()
    return LoggingConfig(
        target_bucket=target["TargetBucket"],
        target_prefix=target.get("TargetPrefix") or "",
        key_layout=key_layout(target.get("TargetObjectKeyFormat") or {}),
        has_target_grants=bool(target.get("TargetGrants")),
    )


def source_of(account: Account, bucket: Bucket, config: LoggingConfig) -> Source:
    """Return the bucket as a source that is logged as `config` says."""
    return Source(
        bucket_name=bucket.name,
        region=bucket.region or "",
        account_id=account.account_id,
        target_prefix=config.target_prefix,
        key_layout=config.key_layout,
        has_target_grants=config.has_target_grants,
        partition=account.partition,
        target_bucket=config.target_bucket or "",
    )


def read_tag(s3: "S3Client", bucket_name: str, key: str) -> str | Refusal | None:
    """Read the value of one of the bucket's tags; None if it has no such tag."""
    tags: dict[str, str] | Refusal = ask(
        "GetBucketTagging",
        lambda: {
            # an empty value may be left out of the answer
            tag["Key"]: tag.get("Value", "")
            for tag in s3.get_bucket_tagging(Bucket=bucket_name)["TagSet"]
        },
        absent={"NoSuchTagSet": {}},
    )
    return tags if isinstance(tags, Refusal) else tags.get(key)


def read_targets(
    account: Account,
    names: Iterable[str],
    own_regions: Mapping[str, str | None],
    asked_from: Mapping[str, str | None],
) -> dict[str, TargetConfig]:
    """Read the configuration of log buckets, each once however many sources it serves.

    `own_regions` are the Regions of the account's own buckets. Any other bucket is read in the
    Region of a source that logs to it, which `asked_from` gives.
    """
    wanted = sorted(names)
    configs = each(
        lambda name: read_target(
            account.s3(own_regions.get(name) or asked_from.get(name)),
            name,
            account.account_id,
            own_regions.get(name),
        ),
        wanted,
        account.concurrency,
        "log buckets",
    )
    return dict(zip(wanted, configs, strict=True))


def read_target(
    s3: "S3Client", bucket_name: str, account_id: str, known_region: str | None = None
) -> TargetConfig:
    """Read the configuration of a target bucket that decides if logs can be delivered to it.

    `known_region` is the Region of a bucket that the account is known to own. Settings that follow
    from an answer are not read: the ACL if ACLs are disabled, Object Lock without versioning.
    """
    region = known_region
    if region is None:
        existence, region, refused = _existence(s3, bucket_name, account_id)
        if existence is not Existence.OURS:
            return TargetConfig(bucket_name, existence, region, refusal=refused)
    config = _read_own_target(s3, bucket_name, region)
    if any(refused.error_code in NO_BUCKET for refused in config.refusals()):
        # it was deleted while it was read
        return TargetConfig(bucket_name, Existence.MISSING)
    return config


def _read_own_target(s3: "S3Client", bucket_name: str, region: str | None) -> TargetConfig:
    ownership = read_ownership(s3, bucket_name)
    is_versioned = ask(
        "GetBucketVersioning",
        lambda: s3.get_bucket_versioning(Bucket=bucket_name).get("Status") == "Enabled",
    )
    return TargetConfig(
        bucket_name=bucket_name,
        existence=Existence.OURS,
        region=region,
        policy=read_policy(s3, bucket_name),
        log_delivery_grants=ask(
            "GetBucketAcl",
            lambda: _log_delivery_grants(s3.get_bucket_acl(Bucket=bucket_name)),
        )
        if ownership != ACLS_DISABLED
        else frozenset(),
        ownership=ownership,
        encryption=ask(
            "GetBucketEncryption",
            lambda: _default_encryption(s3.get_bucket_encryption(Bucket=bucket_name)),
            absent={"ServerSideEncryptionConfigurationNotFoundError": None},
        ),
        object_lock=ask(
            "GetObjectLockConfiguration",
            lambda: _object_lock(s3.get_object_lock_configuration(Bucket=bucket_name)),
            absent={"ObjectLockConfigurationNotFoundError": "off"},
        )
        if is_versioned
        else "off",
        requester_pays=ask(
            "GetBucketRequestPayment",
            lambda: s3.get_bucket_request_payment(Bucket=bucket_name).get("Payer") == "Requester",
        ),
        lifecycle=ask(
            "GetBucketLifecycleConfiguration",
            lambda: _lifecycle(s3.get_bucket_lifecycle_configuration(Bucket=bucket_name)),
            absent={"NoSuchLifecycleConfiguration": ()},
        ),
        is_versioned=is_versioned,
        public_access_flags_off=read_bucket_block(s3, bucket_name),
    )


def read_ownership(s3: "S3Client", bucket_name: str) -> str | Refusal | None:
    """Read who owns the objects that others write; None if the bucket has no rule."""
    return ask(
        "GetBucketOwnershipControls",
        lambda: _ownership(s3.get_bucket_ownership_controls(Bucket=bucket_name)),
        absent={"OwnershipControlsNotFoundError": None},
    )


def read_bucket_block(s3: "S3Client", bucket_name: str) -> frozenset[str] | Refusal:
    """Read the flags that the bucket's own block of public access leaves off."""
    return ask(
        "GetPublicAccessBlock",
        lambda: _flags_off(s3.get_public_access_block(Bucket=bucket_name)),
        absent={"NoSuchPublicAccessBlockConfiguration": frozenset(PUBLIC_ACCESS_FLAGS)},
    )


def read_account_block(account: Account) -> frozenset[str] | Refusal:
    """Read the flags that the account's own block of public access leaves off."""
    return ask(
        "GetAccountPublicAccessBlock",
        lambda: _flags_off(
            account.s3control().get_public_access_block(AccountId=account.account_id)
        ),
        absent={"NoSuchPublicAccessBlockConfiguration": frozenset(PUBLIC_ACCESS_FLAGS)},
    )


def _existence(
    s3: "S3Client", bucket_name: str, account_id: str
) -> tuple[Existence, str | None, Refusal | None]:
    """Find out who owns a bucket that is not in the account's own list."""
    region = head_bucket(s3, bucket_name).region
    head = head_bucket(s3, bucket_name, account_id)
    if head.error is None:
        return Existence.OURS, region, None
    if head.exists is None:
        return Existence.UNKNOWN, region, refusal(head.error, "HeadBucket")
    # It exists and is not in the list of the account's own buckets: somebody else's.
    return (
        (Existence.OTHER_ACCOUNT, region, None) if head.exists else (Existence.MISSING, None, None)
    )


def ask(
    operation: str, call: Callable[[], Value], absent: Mapping[str, Value] | None = None
) -> Value | Refusal:
    """Return the answer of `call`. `absent` has the value for each error that means "not set"."""
    try:
        return call()
    except _NOT_UNDERSTOOD:
        log.exception("the answer to %s was not understood", operation)
        return Refusal(operation, "AnswerNotUnderstood")
    except AwsError as error:
        code = error_code(error)
        if absent and code in absent:
            return absent[code]
        return refusal(error, operation)


def _owned(owner: str | None) -> Any:
    return {"ExpectedBucketOwner": owner} if owner else {}


def _ownership(answer: Any) -> str:
    return str(answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"])


def _log_delivery_grants(answer: Any) -> frozenset[str]:
    return frozenset(
        str(grant["Permission"])
        for grant in answer["Grants"]
        if grant["Grantee"].get("URI") == _LOG_DELIVERY_GROUP
    )


def _default_encryption(answer: Any) -> str | None:
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault")
        if default:
            return str(default["SSEAlgorithm"])
    return None


def _object_lock(answer: Any) -> str:
    configuration = answer.get("ObjectLockConfiguration", {})
    if configuration.get("ObjectLockEnabled") != "Enabled":
        return "off"
    return "retains" if configuration.get("Rule", {}).get("DefaultRetention") else "on"


def _lifecycle(answer: Any) -> tuple[LifecycleRule, ...]:
    return tuple(_lifecycle_rule(rule) for rule in answer.get("Rules", []))


def _lifecycle_rule(rule: Any) -> LifecycleRule:
    parts = lifecycle_filter(rule)
    expiration = rule.get("Expiration") or {}
    return LifecycleRule(
        prefix=parts.get("Prefix", ""),
        days=expiration.get("Days"),
        has_date="Date" in expiration,
        has_tags=bool(parts.get("Tag") or parts.get("Tags")),
        larger_than=parts.get("ObjectSizeGreaterThan", 0),
        smaller_than=parts.get("ObjectSizeLessThan"),
        is_enabled=rule["Status"] == "Enabled",
    )


def _flags_off(answer: Any) -> frozenset[str]:
    block = answer["PublicAccessBlockConfiguration"]
    return frozenset(flag for flag in PUBLIC_ACCESS_FLAGS if not block.get(flag))
