"""The calls that change how a bucket is logged, and those that read what they change.

No other module changes a bucket that is not Lacuna's own. Every call names the account that the
bucket must belong to, because a deleted name may belong to another account by now.
"""

import json
from typing import TYPE_CHECKING, Any

import boto3

from lacuna.access_log.documents import Document, Operation, parsed_policy
from lacuna.access_log.policies import PolicyUnreadable
from lacuna.aws import buckets
from lacuna.aws.session import (
    Account,
    AccountError,
    AwsError,
    client_config,
    explained,
    refusal,
)
from lacuna.refusals import Refusal

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SESSION_NAME = "lacuna-remediation"


def read(
    s3: "S3Client", operation: Operation, bucket: str, account_id: str
) -> Document | Refusal | None:
    """Read the document that `operation` would replace."""
    if operation is Operation.PUT_LOGGING:
        return buckets.read_status(s3, bucket, account_id)
    policy = buckets.read_policy(s3, bucket, account_id)
    try:
        return parsed_policy(policy) if isinstance(policy, str) else policy
    except PolicyUnreadable:
        return Refusal("GetBucketPolicy", "PolicyUnreadable")


def write(
    s3: "S3Client", operation: Operation, bucket: str, document: Document | None, account_id: str
) -> Refusal | None:
    """Replace the document, and return AWS's refusal if there is one. None deletes a policy."""
    owned: Any = {"Bucket": bucket, "ExpectedBucketOwner": account_id}
    status: Any = document or {}
    try:
        if operation is Operation.PUT_LOGGING:
            s3.put_bucket_logging(**owned, BucketLoggingStatus=status)
        elif document is None:
            s3.delete_bucket_policy(**owned)
        else:
            # without spaces, because AWS counts them against the policy's limit
            s3.put_bucket_policy(**owned, Policy=json.dumps(document, separators=(",", ":")))
    except AwsError as error:
        name = "DeleteBucketPolicy" if document is None else operation.value
        return refusal(error, name)
    return None


def acting(account: Account, role_arn: str | None) -> Account:
    """Return the account as `role_arn` may use it to change buckets; without a role as it is."""
    if role_arn is None:
        return account
    sts = account.session.client("sts", config=client_config(1))
    try:
        keys = sts.assume_role(RoleArn=role_arn, RoleSessionName=_SESSION_NAME)["Credentials"]
    except AwsError as error:
        raise AccountError(
            f"cannot change buckets: sts:AssumeRole of LACUNA_REMEDIATION_ROLE failed "
            f"({explained(error)}); its trust policy must name the run's role"
        ) from error
    return Account(
        session=boto3.Session(
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["SessionToken"],
            region_name=account.region,
        ),
        account_id=account.account_id,
        partition=account.partition,
        region=account.region,
        concurrency=account.concurrency,
    )
