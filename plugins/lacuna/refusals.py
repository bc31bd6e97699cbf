"""What AWS's calls need to be allowed, in the words of a policy. Pure; the one table of it.

Most actions are called like the operation; S3's are often not.
"""

from collections.abc import Mapping

from lacuna.access_log.targets import Refusal

# Every call whose refusal is a value and not the end of the run
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
