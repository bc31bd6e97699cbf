"""The account's buckets: their Region, how each is logged, what the trail records of each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ACCOUNT_ID = "123456789012"
OWNER_ID = hashlib.sha256(b"meridian").hexdigest()
TRAIL_NAME = "meridian-trail"
TRAIL_HOME = "us-east-1"


def trail_arn(name: str) -> str:
    """Return the ARN of a trail of the account."""
    return f"arn:aws:cloudtrail:{TRAIL_HOME}:{ACCOUNT_ID}:trail/{name}"


TRAIL_ARN = trail_arn(TRAIL_NAME)
TRAIL_BUCKET = "meridian-cloudtrail"
# Selects every object of its Region, logs below its own prefix, and was stopped long ago.
STOPPED_TRAIL, STOPPED_PREFIX = "meridian-trail-2019", "2019"
# Selects one bucket; the policy of its log bucket allows nobody to write below its prefix.
FAILING_TRAIL, FAILING_PREFIX = "meridian-trail-vendors", "vendors"
# Selects one bucket and still logs, to a bucket that was deleted with its project.
ORPHAN_TRAIL, GONE_TRAIL_BUCKET = "meridian-trail-studio", "meridian-studio-trail"
REGIONS = ("us-east-1", "eu-west-1")

US_LOGS = "meridian-logs-us-east-1"
US_APP_LOGS = "meridian-logs-us-east-1-apps"
EU_LOGS = "meridian-logs-eu-west-1"
# Exists without a bucket policy: the log service may not write there.
BARE_LOGS = "meridian-logs-finance"
# Deleted, but still named by a bucket's logging configuration.
GONE_LOGS = "meridian-logs-2019"
# These receive logs, and each has its weaknesses: see HARDENING. The relay logs to the ring, and
# the ring logs to itself. Nobody may read the settings that would show the shut one's weaknesses.
OLD_LOGS = "meridian-logs-old"
RELAY_LOGS = "meridian-logs-relay"
RING_LOGS = "meridian-logs-ring"
SHUT_LOGS = "meridian-logs-shut"
# These cannot receive logs, each because of one setting: see HARDENING. The policy of COPIED_LOGS
# was copied from a bucket in China.
KMS_LOGS = "meridian-logs-kms"
LOCKED_LOGS = "meridian-logs-locked"
PAYING_LOGS = "meridian-logs-paying"
COPIED_LOGS = "meridian-logs-copied"
DSSE_LOGS = "meridian-logs-dsse"
# Its policy has other statements for each prefix: see `policies._by_prefix`.
SHARED_LOGS = "meridian-logs-shared"
# Deleted and created again: one in another Region, one by another account that allows nobody in.
MOVED_LOGS = "meridian-logs-moved"
TAKEN_LOGS = "meridian-logs-2018"
# No policy, but ACLs: one grants the log service all that it needs, the other only half of it.
CLASSIC_LOGS = "meridian-logs-classic"
HALF_LOGS = "meridian-logs-half"
# Nobody may read the settings that decide whether it can receive logs.
SEALED_LOGS = "meridian-logs-sealed"
# Was enabled once, for one bucket.
CLOSED_REGION = "af-south-1"
# Records every Region; created in a Region where the account has no bucket.
STORE_NAME, STORE_HOME = "meridian-lake", "ap-southeast-2"
# Selects one bucket; its ingestion is stopped.
STOPPED_STORE = "meridian-lake-trials"

# A table of what is sensitive, kept by the account's staff: a CSV file in one of its buckets.
INVENTORY = "meridian_governance.bucket_inventory"
INVENTORY_BUCKET, INVENTORY_FOLDER = "meridian-data-lake", "governance/bucket_inventory/"
CONFIDENTIAL = "Confidential"
INVENTORY_ROWS = (
    ("meridian-build-*", CONFIDENTIAL),
    ("meridian-web-assets", "public"),
)
# What the same staff say is meant to be so
LISTS = "meridian_governance.lists"
LISTS_FOLDER = "governance/lists/"
LISTS_ROWS = (
    ("public_buckets", "meridian-web-assets"),
    ("public_buckets", "media.meridian.example"),
)


class Layout(StrEnum):
    """How S3 names the log objects of a bucket."""

    SIMPLE = "simple_prefix"
    EVENT_TIME = "event_time"
    DELIVERY_TIME = "delivery_time"


class Seen(StrEnum):
    """How much of a bucket's object reads or writes is recorded.

    By the trail, by the event data store alone, only by a trail that cannot deliver, or by
    CloudWatch's ingestion alone.
    """

    ALL = "covered"
    SOME = "partly_covered"
    BUT_DELETES = "partly_covered_but_deletes"
    BUT_CALLERS = "partly_covered_but_callers"
    NONE = "not_covered"
    STORED = "covered_but_in_a_store"
    UNDELIVERED = "unknown_but_selected"
    INGESTED = "unknown_but_ingested"

    @property
    def coverage(self) -> str:
        """The coverage that a reader must report."""
        return self.partition("_but_")[0]


class Trouble(StrEnum):
    """Why the logs of a bucket whose logging is on do not arrive or cannot be found."""

    POLICY = "target_policy_denies"
    GONE = "target_gone"
    SILENT = "silent"
    UNREADABLE = "config_unreadable"
    KMS = "target_kms_encryption"
    LOCK = "target_object_lock"
    PAYS = "target_requester_pays"
    PARTITION = "target_policy_other_partition"
    REGION = "region_not_enabled"
    PREFIX = "target_policy_misses_prefix"
    DENY = "target_policy_explicit_deny"
    ELSEWHERE = "target_other_region"
    OTHERS = "target_other_account"
    CONDITION = "target_policy_condition_unknown"
    DENY_UNSURE = "target_policy_deny_uncertain"
    GRANT = "target_acl_incomplete"
    GRANTS = "target_grants_not_applicable"
    SEALED = "target_policy_unreadable"
    VENDED = "logging_elsewhere"


# The log bucket's own configuration makes delivery impossible; the reasons to report.
UNDELIVERABLE: dict[Trouble, tuple[str, ...]] = {
    **{
        trouble: (trouble.value,)
        for trouble in (
            *(Trouble.KMS, Trouble.LOCK, Trouble.PAYS, Trouble.PARTITION),
            *(Trouble.ELSEWHERE, Trouble.OTHERS),
        )
    },
    Trouble.PREFIX: ("target_policy_missing",),
    Trouble.DENY: ("target_policy_denies",),
}
# Nobody outside AWS can decide it, or nobody may read it; the target's state and the reasons.
UNPROVABLE: dict[Trouble, tuple[str, tuple[str, ...]]] = {
    **{
        trouble: ("uncertain", (trouble.value, "target_uncertain"))
        for trouble in (Trouble.CONDITION, Trouble.DENY_UNSURE, Trouble.GRANT, Trouble.GRANTS)
    },
    Trouble.SEALED: (
        "unknown",
        (
            "target_policy_unreadable",
            "target_encryption_unreadable",
            "target_object_lock_unreadable",
            "target_request_payment_unreadable",
            "target_unknown",
        ),
    ),
}


PUBLIC_ACCESS_FLAGS = (
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
)


@dataclass(frozen=True, slots=True)
class Hardening:
    """The settings of a log bucket; the defaults are sound."""

    is_versioned: bool = True
    flags_off: tuple[str, ...] = ()
    expires_after_days: int | None = None
    retains_days: int | None = None
    encryption: str = "AES256"
    requester_pays: bool = False
    ownership: str = "BucketOwnerEnforced"
    # permissions that the ACL grants to the log service's group
    grants: tuple[str, ...] = ()


# Compared by identity: each bucket exists once, and a million lookups hash it.
@dataclass(frozen=True, slots=True, eq=False)
class Bucket:
    """A bucket as configured. `target_bucket` is None if its logging is off.

    `sensitivity` is its tag, `inventoried` its class in the account's inventory of buckets.
    """

    name: str
    region: str
    profile: str
    weight: float
    target_bucket: str | None = None
    target_prefix: str | None = None
    layout: Layout | None = None
    reads: Seen = Seen.ALL
    writes: Seen = Seen.ALL
    trouble: Trouble | None = None
    sensitivity: str | None = None
    inventoried: str | None = None
    weaknesses: tuple[str, ...] = ()

    @property
    def is_sensitive(self) -> bool:
        """Whether its tag or the inventory marks it as sensitive."""
        return self.sensitivity is not None or self.inventoried == CONFIDENTIAL

    @property
    def delivers(self) -> bool:
        """Whether log objects of this bucket are delivered."""
        return self.target_bucket is not None and self.trouble in {None, Trouble.UNREADABLE}

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:aws:s3:::{self.name}"


def _logged(
    name: str, region: str, profile: str, weight: float, target: tuple[str, Layout], **more: Any
) -> Bucket:
    more.setdefault("target_prefix", f"{name.removeprefix('meridian-')}/")
    return Bucket(name, region, profile, weight, target[0], layout=target[1], **more)


def _weakly_logged(name: str, target: str, *weaknesses: str, **more: Any) -> Bucket:
    """Return an unused bucket that exists for its log bucket, which has weaknesses."""
    return _logged(
        name, REGIONS[0], "none", 0, (target, Layout.SIMPLE), weaknesses=weaknesses, **more
    )


def _not_delivered(name: str, target: str, trouble: Trouble) -> Bucket:
    """Return an unused bucket whose log is not delivered, or perhaps not."""
    return _logged(name, REGIONS[0], "none", 0, (target, Layout.SIMPLE), trouble=trouble)


def _log_bucket(name: str, region: str, **more: Any) -> Bucket:
    return Bucket(name, region, "none", 0, reads=Seen.NONE, writes=Seen.NONE, **more)


_US, _EU = REGIONS
_UNSEEN = {"reads": Seen.NONE, "writes": Seen.NONE}

_OLD = ("lifecycle_too_short", "target_not_versioned", "target_public_access_not_blocked")
_RING = (
    "target_logs_itself",
    "target_public_access_not_blocked",
    "target_public_acls_not_ignored",
    "target_public_buckets_not_restricted",
)
_RELAY = (
    "target_chain",
    "target_public_access_not_blocked",
    "target_public_acls_not_blocked",
    "target_public_policy_not_blocked",
)
_SHUT = (
    "target_logging_unreadable",
    "target_lifecycle_unreadable",
    "target_versioning_unreadable",
    "target_public_access_unreadable",
)

SOURCES: tuple[Bucket, ...] = (
    _logged("meridian-web-assets", _US, "web", 24, (US_LOGS, Layout.SIMPLE), inventoried="public"),
    _logged("meridian-data-lake", _US, "lake", 22, (US_LOGS, Layout.EVENT_TIME),
            target_prefix="partitioned/"),
    _logged("meridian-customer-exports", _US, "documents", 5, (US_LOGS, Layout.DELIVERY_TIME),
            target_prefix="by-delivery/", sensitivity="restricted"),
    _logged("meridian-payroll", _US, "documents", 3, (US_LOGS, Layout.EVENT_TIME),
            target_prefix="partitioned/", sensitivity="confidential"),
    _logged("meridian-app-uploads", _US, "uploads", 10, (US_APP_LOGS, Layout.SIMPLE)),
    _logged("meridian-backups", _US, "backups", 4, (US_APP_LOGS, Layout.DELIVERY_TIME),
            target_prefix="", writes=Seen.BUT_DELETES),
    _logged("media.meridian.example", _US, "website", 8, (US_APP_LOGS, Layout.SIMPLE),
            target_prefix="media.meridian.example/"),
    _logged("meridian-ml-features", _US, "lake", 5, (US_LOGS, Layout.EVENT_TIME),
            target_prefix="partitioned/", reads=Seen.NONE),
    # A prefix without a slash: keys are build-artifacts2026-01-02-…
    _logged("meridian-build-artifacts", _US, "builds", 4, (US_APP_LOGS, Layout.SIMPLE),
            target_prefix="build-artifacts", inventoried=CONFIDENTIAL, **_UNSEEN),
    Bucket("meridian-scratch", _US, "lake", 2),
    _logged("meridian-finance-reports", _US, "documents", 1.5, (BARE_LOGS, Layout.SIMPLE),
            trouble=Trouble.POLICY, sensitivity="confidential"),
    _logged("meridian-legacy-archive", _US, "documents", 1, (GONE_LOGS, Layout.SIMPLE),
            trouble=Trouble.GONE),
    _logged("meridian-hr-documents", _US, "documents", 1, (US_LOGS, Layout.DELIVERY_TIME),
            target_prefix="hr/", trouble=Trouble.UNREADABLE, sensitivity="confidential",
            **_UNSEEN),
    _logged("meridian-dr-standby", _US, "none", 0, (US_LOGS, Layout.SIMPLE)),
    _logged("meridian-eu-orders", _EU, "documents", 6, (EU_LOGS, Layout.EVENT_TIME),
            target_prefix="partitioned/"),
    _logged("meridian-eu-invoices", _EU, "documents", 5, (EU_LOGS, Layout.DELIVERY_TIME),
            target_prefix="by-delivery/", sensitivity="confidential"),
    _logged("meridian-eu-telemetry", _EU, "telemetry", 9, (EU_LOGS, Layout.SIMPLE)),
    _logged("meridian-eu-partner-drop", _EU, "uploads", 2, (EU_LOGS, Layout.SIMPLE),
            trouble=Trouble.SILENT),
    # The European log bucket's policy lists its sources and omits this one.
    _logged("meridian-eu-contracts", _EU, "documents", 1.5, (EU_LOGS, Layout.SIMPLE),
            trouble=Trouble.POLICY, sensitivity="confidential"),
    Bucket("meridian-eu-analytics", _EU, "shared", 2, reads=Seen.SOME, writes=Seen.SOME),
    _logged(TRAIL_BUCKET, _US, "trail", 2, (US_LOGS, Layout.SIMPLE), target_prefix="cloudtrail/",
            **_UNSEEN),
    _weakly_logged("meridian-wiki", OLD_LOGS, "prefix_shared", *_OLD, target_prefix="apps/"),
    _weakly_logged("meridian-forms", OLD_LOGS, "prefix_shared", *_OLD, target_prefix="apps/"),
    _weakly_logged("meridian-intranet", OLD_LOGS, "prefix_unattributable", *_OLD, target_prefix=""),
    _weakly_logged("meridian-tickets", RING_LOGS, *_RING),
    _weakly_logged("meridian-surveys", RELAY_LOGS, *_RELAY),
    _weakly_logged("meridian-vault", SHUT_LOGS, *_SHUT),
    _weakly_logged(RING_LOGS, RING_LOGS, *_RING),
    _weakly_logged(RELAY_LOGS, RING_LOGS, *_RING),
    _not_delivered("meridian-legal", KMS_LOGS, Trouble.KMS),
    _not_delivered("meridian-minutes", LOCKED_LOGS, Trouble.LOCK),
    _not_delivered("meridian-datasets", PAYING_LOGS, Trouble.PAYS),
    _not_delivered("meridian-mirror", COPIED_LOGS, Trouble.PARTITION),
    _not_delivered("meridian-patents", DSSE_LOGS, Trouble.KMS),
    _not_delivered("meridian-roadmaps", SHARED_LOGS, Trouble.PREFIX),
    _not_delivered("meridian-tenders", SHARED_LOGS, Trouble.DENY),
    _not_delivered("meridian-lectures", SHARED_LOGS, Trouble.CONDITION),
    _not_delivered("meridian-workshops", SHARED_LOGS, Trouble.DENY_UNSURE),
    _not_delivered("meridian-brochures", MOVED_LOGS, Trouble.ELSEWHERE),
    _not_delivered("meridian-flyers", TAKEN_LOGS, Trouble.OTHERS),
    _not_delivered("meridian-postcards", HALF_LOGS, Trouble.GRANT),
    _not_delivered("meridian-exhibits", US_LOGS, Trouble.GRANTS),
    _not_delivered("meridian-receipts", SEALED_LOGS, Trouble.SEALED),
    _logged("meridian-catalogues", _US, "none", 0, (CLASSIC_LOGS, Layout.SIMPLE)),
    Bucket("meridian-cape-office", CLOSED_REGION, "none", 0, reads=Seen.NONE, writes=Seen.NONE,
           trouble=Trouble.REGION),
    _logged("meridian-lab-notes", _US, "none", 0, (US_LOGS, Layout.DELIVERY_TIME),
            reads=Seen.STORED, writes=Seen.STORED),
    _logged("meridian-vendor-files", _US, "none", 0, (US_LOGS, Layout.SIMPLE),
            reads=Seen.UNDELIVERED, writes=Seen.UNDELIVERED),
    _logged("meridian-ledgers", _US, "none", 0, (US_LOGS, Layout.EVENT_TIME),
            target_prefix="partitioned/", reads=Seen.BUT_CALLERS, writes=Seen.BUT_CALLERS),
    _logged("meridian-trials", _US, "none", 0, (US_LOGS, Layout.SIMPLE), **_UNSEEN),
    Bucket("meridian-press-kit", _US, "none", 0, trouble=Trouble.VENDED),
    _logged("meridian-kiosk", _US, "none", 0, (US_LOGS, Layout.SIMPLE), sensitivity="restricted",
            reads=Seen.INGESTED, writes=Seen.INGESTED),
    _logged("meridian-renderings", _US, "none", 0, (US_LOGS, Layout.SIMPLE), **_UNSEEN),
)  # fmt: skip

LOG_BUCKETS: tuple[Bucket, ...] = (
    _log_bucket(US_LOGS, _US),
    _log_bucket(US_APP_LOGS, _US),
    _log_bucket(BARE_LOGS, _US),
    _log_bucket(EU_LOGS, _EU),
    _log_bucket(OLD_LOGS, _US),
    _log_bucket(SHUT_LOGS, _US, trouble=Trouble.UNREADABLE),
    _log_bucket(KMS_LOGS, _US),
    _log_bucket(LOCKED_LOGS, _US),
    _log_bucket(PAYING_LOGS, _US),
    _log_bucket(COPIED_LOGS, _US),
    _log_bucket(DSSE_LOGS, _US),
    _log_bucket(SHARED_LOGS, _US),
    _log_bucket(MOVED_LOGS, _EU),
    _log_bucket(CLASSIC_LOGS, _US),
    _log_bucket(HALF_LOGS, _US),
    _log_bucket(SEALED_LOGS, _US),
)

HARDENING: dict[str, Hardening] = {
    US_LOGS: Hardening(),
    US_APP_LOGS: Hardening(),
    BARE_LOGS: Hardening(),
    EU_LOGS: Hardening(),
    OLD_LOGS: Hardening(False, PUBLIC_ACCESS_FLAGS, expires_after_days=30),
    RING_LOGS: Hardening(flags_off=("IgnorePublicAcls", "RestrictPublicBuckets")),
    RELAY_LOGS: Hardening(flags_off=("BlockPublicAcls", "BlockPublicPolicy")),
    SHUT_LOGS: Hardening(),
    KMS_LOGS: Hardening(encryption="aws:kms"),
    LOCKED_LOGS: Hardening(retains_days=365),
    PAYING_LOGS: Hardening(requester_pays=True),
    COPIED_LOGS: Hardening(),
    DSSE_LOGS: Hardening(encryption="aws:kms:dsse"),
    SHARED_LOGS: Hardening(),
    MOVED_LOGS: Hardening(),
    CLASSIC_LOGS: Hardening(ownership="ObjectWriter", grants=("WRITE", "READ_ACP")),
    HALF_LOGS: Hardening(ownership="BucketOwnerPreferred", grants=("WRITE",)),
    SEALED_LOGS: Hardening(),
}

BUCKETS: tuple[Bucket, ...] = SOURCES + LOG_BUCKETS
BY_NAME: dict[str, Bucket] = {bucket.name: bucket for bucket in BUCKETS}

# Calls that are refused: (operation, bucket, error, status)
_DENIED = ("AccessDenied", 403)
REFUSED: tuple[tuple[str, str, str, int], ...] = (
    *(
        ("GetBucketLogging", bucket.name, *_DENIED)
        for bucket in BUCKETS
        if bucket.trouble is Trouble.UNREADABLE
    ),
    ("GetBucketLifecycleConfiguration", SHUT_LOGS, *_DENIED),
    ("GetBucketVersioning", SHUT_LOGS, *_DENIED),
    ("GetPublicAccessBlock", SHUT_LOGS, *_DENIED),
    ("GetBucketPolicy", SEALED_LOGS, *_DENIED),
    ("GetBucketEncryption", SEALED_LOGS, *_DENIED),
    ("GetObjectLockConfiguration", SEALED_LOGS, *_DENIED),
    ("GetBucketRequestPayment", SEALED_LOGS, *_DENIED),
    ("HeadBucket", TAKEN_LOGS, *_DENIED),
    ("ListObjectsV2", TAKEN_LOGS, *_DENIED),
    # a Region that is not enabled does not know the account's credentials
    *(
        ("GetBucketLogging", bucket.name, "InvalidToken", 400)
        for bucket in BUCKETS
        if bucket.trouble is Trouble.REGION
    ),
)
