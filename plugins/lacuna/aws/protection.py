"""What protects a bucket, as S3 reports it: at most 12 calls a bucket. A refused read is a value."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from lacuna.access_log.targets import ACLS_DISABLED
from lacuna.aws.buckets import (
    ask,
    read_account_block,
    read_bucket_block,
    read_ownership,
    read_policy,
)
from lacuna.aws.session import Account, ask_regions
from lacuna.aws.trails import paged
from lacuna.protection import controls
from lacuna.protection.controls import Control, State
from lacuna.refusals import Refusal

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

States = dict[Control, State | Refusal]


def read_bucket(s3: "S3Client", name: str, account_id: str) -> States:
    """Read every control that belongs to the bucket itself; access points belong to the account.

    What follows from an answer is not asked: the ACL if ACLs are disabled, what S3 thinks of a
    policy that is not there, and Object Lock without versions.
    """
    rule = read_ownership(s3, name)
    versions: Any = ask("GetBucketVersioning", lambda: s3.get_bucket_versioning(Bucket=name))
    return {
        Control.PUBLIC_ACCESS_BLOCK: _public_access_block(s3, name),
        Control.POLICY: _policy(s3, name),
        Control.ACL: _acl(s3, name) if rule != ACLS_DISABLED else controls.acl(None),
        Control.OWNERSHIP: rule if isinstance(rule, Refusal) else controls.ownership(rule),
        Control.VERSIONING: versions
        if isinstance(versions, Refusal)
        else controls.versioning(versions),
        Control.OBJECT_LOCK: _object_lock(s3, name)
        if isinstance(versions, Refusal) or versions.get("Status") == "Enabled"
        else controls.object_lock(None),
        Control.REPLICATION: ask(
            "GetBucketReplication",
            lambda: controls.replication(
                s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"], account_id
            ),
            absent={"ReplicationConfigurationNotFoundError": State()},
        ),
        Control.ENCRYPTION: _encryption(s3, name),
        Control.LIFECYCLE: ask(
            "GetBucketLifecycleConfiguration",
            lambda: controls.lifecycle(
                s3.get_bucket_lifecycle_configuration(Bucket=name).get("Rules", [])
            ),
            absent={"NoSuchLifecycleConfiguration": State()},
        ),
        Control.WEBSITE: ask(
            "GetBucketWebsite",
            lambda: controls.website(s3.get_bucket_website(Bucket=name)),
            absent={"NoSuchWebsiteConfiguration": State()},
        ),
        Control.INVENTORY: ask(
            "ListBucketInventoryConfigurations", lambda: controls.inventory(_inventories(s3, name))
        ),
    }


def read_account(account: Account) -> State | Refusal:
    """Read the account's own block of public access, which holds for every bucket of it."""
    off = read_account_block(account)
    return off if isinstance(off, Refusal) else controls.public_access_block(off)


def read_access_points(
    account: Account, regions: Iterable[str]
) -> tuple[Mapping[str, State], Mapping[str, Refusal]]:
    """Return the access points by bucket, and the Regions that refused to list theirs.

    Those of another account that lead to a bucket show in that account only.
    """
    points, refusals = ask_regions(
        account, regions, lambda region: _points(account, region), "Regions' access points"
    )
    by_bucket: dict[str, list[Mapping[str, Any]]] = {}
    for point in points:
        by_bucket.setdefault(point.get("Bucket", ""), []).append(point)
    states = {bucket: controls.access_points(found) for bucket, found in by_bucket.items()}
    return states, refusals


def _points(account: Account, region: str) -> list[Mapping[str, Any]] | Refusal:
    client = account.s3control(region)
    listing = partial(client.list_access_points, AccountId=account.account_id)
    return paged(listing, "AccessPointList", "ListAccessPoints")


def _public_access_block(s3: "S3Client", name: str) -> State | Refusal:
    off = read_bucket_block(s3, name)
    return off if isinstance(off, Refusal) else controls.public_access_block(off)


def _policy(s3: "S3Client", name: str) -> State | Refusal:
    text = read_policy(s3, name)
    if isinstance(text, Refusal):
        return text
    if text is None:
        return controls.policy(None, is_public=False)
    is_public = ask(
        "GetBucketPolicyStatus",
        lambda: s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"].get("IsPublic", False),
        absent={"NoSuchBucketPolicy": False},
    )
    # without S3's judgement the policies before and after would not compare
    return (
        is_public if isinstance(is_public, Refusal) else controls.policy(text, is_public=is_public)
    )


def _acl(s3: "S3Client", name: str) -> State | Refusal:
    return ask("GetBucketAcl", lambda: controls.acl(s3.get_bucket_acl(Bucket=name)))


def _object_lock(s3: "S3Client", name: str) -> State | Refusal:
    return ask(
        "GetObjectLockConfiguration",
        lambda: controls.object_lock(
            s3.get_object_lock_configuration(Bucket=name).get("ObjectLockConfiguration")
        ),
        absent={"ObjectLockConfigurationNotFoundError": controls.object_lock(None)},
    )


def _encryption(s3: "S3Client", name: str) -> State | Refusal:
    return ask(
        "GetBucketEncryption",
        lambda: controls.encryption(
            s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
        ),
        absent={"ServerSideEncryptionConfigurationNotFoundError": controls.encryption(None)},
    )


def _inventories(s3: "S3Client", name: str) -> list[Any]:
    found: list[Any] = []
    asked: Any = {"Bucket": name}
    while True:  # a page holds 100, more than nearly every bucket has
        page = s3.list_bucket_inventory_configurations(**asked)
        found += page.get("InventoryConfigurationList", [])
        if not page.get("IsTruncated"):
            return found
        asked["ContinuationToken"] = page["NextContinuationToken"]
