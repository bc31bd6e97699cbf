"""What AWS did not answer: the refused call, what its error code means, which permission is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lacuna.reasons import Reason

# Regions that every account of their partition has. Any other Region must be enabled first, and
# rejects session tokens of STS's global endpoint.
_REGIONS_OF_ALL = frozenset(
    {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1"),
        *("ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
        *("cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"),
    }
)
# What S3 answers if credentials are valid elsewhere but not in this Region
_CREDENTIALS_UNKNOWN = frozenset({"InvalidAccessKeyId", "InvalidToken"})
# S3's codes for a bucket that does not exist; HEAD answers only have the second
NO_BUCKET = frozenset({"NoSuchBucket", "NotFound"})
# AWS's codes for throttling that outlasted every retry
THROTTLED = frozenset(
    {
        *("SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException"),
        *("RequestLimitExceeded", "TooManyRequestsException"),
    }
)

# Every call whose refusal is a value and not the end of the run, with the action that a policy must
# allow. Most actions have the operation's name; S3's often do not.
PERMISSIONS: Mapping[str, str] = {
    "ListBuckets": "s3:ListAllMyBuckets",
    "HeadBucket": "s3:ListBucket",
    "GetBucketLogging": "s3:GetBucketLogging",
    "GetBucketTagging": "s3:GetBucketTagging",
    "GetBucketPolicy": "s3:GetBucketPolicy",
    "GetBucketAcl": "s3:GetBucketAcl",
    "GetBucketOwnershipControls": "s3:GetBucketOwnershipControls",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "GetBucketRequestPayment": "s3:GetBucketRequestPayment",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketVersioning": "s3:GetBucketVersioning",
    "GetBucketPolicyStatus": "s3:GetBucketPolicyStatus",
    "GetBucketReplication": "s3:GetReplicationConfiguration",
    "GetBucketWebsite": "s3:GetBucketWebsite",
    "ListBucketInventoryConfigurations": "s3:GetInventoryConfiguration",
    "ListAccessPoints": "s3:ListAccessPoints",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    # the account's own block, which S3 Control's GetPublicAccessBlock reads
    "GetAccountPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "GetResources": "tag:GetResources",
    "AssumeRole": "sts:AssumeRole",
    "ListAccounts": "organizations:ListAccounts",
    "DescribeTrails": "cloudtrail:DescribeTrails",
    "GetTrailStatus": "cloudtrail:GetTrailStatus",
    "GetEventSelectors": "cloudtrail:GetEventSelectors",
    "ListEventDataStores": "cloudtrail:ListEventDataStores",
    "GetEventDataStore": "cloudtrail:GetEventDataStore",
    "ListChannels": "cloudtrail:ListChannels",
    "GetChannel": "cloudtrail:GetChannel",
    "DescribeDeliverySources": "logs:DescribeDeliverySources",
    "DescribeDeliveries": "logs:DescribeDeliveries",
    "ListPublicKeys": "cloudtrail:ListPublicKeys",
    "GetTable": "glue:GetTable",
    "StartQueryExecution": "athena:StartQueryExecution",
    "GetQueryExecution": "athena:GetQueryExecution",
    "GetQueryResults": "athena:GetQueryResults",
    "ListQueryExecutions": "athena:ListQueryExecutions",
    "BatchGetQueryExecution": "athena:BatchGetQueryExecution",
    "GetObject": "s3:GetObject",
}

_DENIED = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "AllAccessDisabled"),
        *("UnauthorizedAccess", "UnauthorizedOperation", "NotAuthorized"),
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A read that AWS refused: the call and the error code.

    `is_transient`: the same call may succeed later.
    """

    operation: str
    error_code: str
    is_transient: bool = field(default=False, compare=False)


def why_unread(refused: Refusal, region: str | None) -> Reason:
    """Return the reason for a bucket whose logging configuration cannot be read."""
    if refused.error_code in _CREDENTIALS_UNKNOWN and region not in _REGIONS_OF_ALL:
        return Reason.REGION_NOT_ENABLED
    if refused.error_code in THROTTLED:
        return Reason.LOGGING_THROTTLED
    return Reason.LOGGING_UNREADABLE


def is_denied(code: str) -> bool:
    """Return whether an error code means that a policy does not allow the call."""
    return code in _DENIED


def missing(refused: Refusal) -> str | None:
    """Return the missing permission; None if the call failed for another cause."""
    if not is_denied(refused.error_code):
        return None
    return PERMISSIONS.get(refused.operation)


def error_columns(refused: Refusal | None, prefix: str = "") -> dict[str, Any]:
    """Return the three columns that describe a refused read; null if none was refused."""
    return {
        f"{prefix}error_code": refused.error_code if refused else None,
        f"{prefix}error_operation": refused.operation if refused else None,
        f"{prefix}missing_permission": missing(refused) if refused else None,
    }


def needed(refused: Refusal) -> str:
    """Describe a refusal in one line, with the permission if that is missing."""
    permission = missing(refused)
    description = f"{refused.operation} refused ({refused.error_code})"
    return f"{description}, {permission} is not allowed" if permission else description
