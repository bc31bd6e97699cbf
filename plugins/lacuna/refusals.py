"""What AWS did not answer: the refused call, what its error code means, which permission is missing."""

from collections.abc import Mapping
from dataclasses import dataclass

# Enabled in every account of their partition. Any other Region must be enabled first, and takes no
# session token of STS's global endpoint.
_REGIONS_OF_ALL = frozenset(
    {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1"),
        *("ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
        *("cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"),
    }
)
# What S3 answers where it does not know credentials that are known elsewhere
_CREDENTIALS_UNKNOWN = frozenset({"InvalidAccessKeyId", "InvalidToken"})
# How S3 says that there is no such bucket; HEAD answers have no better word
NO_BUCKET = frozenset({"NoSuchBucket", "NotFound"})
# What AWS answers a caller that asks too much, and goes on answering after every retry
THROTTLED = frozenset(
    {
        *("SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException"),
        *("RequestLimitExceeded", "TooManyRequestsException"),
    }
)

# Every call whose refusal is a value and not the end of the run, with the action that a policy must
# allow. Most actions are called like the operation; S3's are often not.
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
    "ListPublicKeys": "cloudtrail:ListPublicKeys",
    "GetTable": "glue:GetTable",
    "StartQueryExecution": "athena:StartQueryExecution",
    "GetQueryExecution": "athena:GetQueryExecution",
    "GetQueryResults": "athena:GetQueryResults",
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
    """A read that AWS did not answer: which call, and the error's code."""

    operation: str
    error_code: str


def why_unread(refused: Refusal, region: str | None) -> str:
    """The reason of a bucket whose logging was not readable: a code that says what to mend."""
    if refused.error_code in _CREDENTIALS_UNKNOWN and region not in _REGIONS_OF_ALL:
        return "region_not_enabled"
    if refused.error_code in THROTTLED:
        return "logging_throttled"
    return "logging_unreadable"


def missing(refused: Refusal) -> str | None:
    """The permission that lacks, by name; None where the call failed for another cause."""
    if refused.error_code not in _DENIED:
        return None
    return PERMISSIONS.get(refused.operation)


def needed(refused: Refusal) -> str:
    """A refusal in one line, with the permission where that is what lacks."""
    permission = missing(refused)
    said = f"{refused.operation} refused ({refused.error_code})"
    return f"{said}, {permission} is not allowed" if permission else said
