"""Can S3 deliver access logs to this target bucket? Pure judgement over configuration as read.

Service control policies, resource control policies and the first hour after a change may still
stop delivery; Lacuna cannot see them. `deliverable` means: nothing that Lacuna can read forbids
delivery. Whether logs arrive is a question for the log bucket.

Bucket names are unique within a partition of AWS (aws, aws-cn, …): a bucket of another partition is
missing here, or somebody else's. A policy with ARNs of another partition has a reason of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from lacuna.access_log import policies
from lacuna.access_log.policies import DIGIT, LETTER, Decision, PolicyUnreadable, Request, Truth
from lacuna.access_log.sources import KeyLayout, Source, log_prefix
from lacuna.reasons import Reason
from lacuna.refusals import Refusal

LOG_SERVICE = "logging.s3.amazonaws.com"

# The legacy grant is a pair: the service writes the object, then reads its ACL.
_LEGACY_GRANTS = frozenset({"WRITE", "READ_ACP"})
ACLS_DISABLED = "BucketOwnerEnforced"

PARTITIONS = (
    *("aws", "aws-cn", "aws-us-gov", "aws-eusc"),
    *("aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"),
)

# The parts that differ from key to key: the time of delivery, and the unique ending.
STAMP = "dddd-dd-dd-dd-dd-dd-".replace("d", DIGIT)
FOLDER = "dddd/dd/dd/".replace("d", DIGIT)
_ENDING = LETTER * 16

# A service principal's own PUT has no person, organization or VPC behind it and sends no encryption
# header. Statements that demand one of these exclude the log service.
_NOT_SENT = frozenset(
    {
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principaltag/*",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:username",
        "aws:vpcsourceip",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:x-amz-server-side-encryption-customer-algorithm",
    }
)


# S3 accepts no older TLS from anybody, so the Deny of it that AWS recommends stops no delivery
_TLS = {"s3:tlsversion": 1.2}


class TargetState(StrEnum):
    """Whether S3 can deliver.

    UNCERTAIN: everything was read, but a rule tests something that cannot be known outside AWS.
    UNKNOWN: something that decides cannot be read.
    """

    DELIVERABLE = "deliverable"
    BROKEN = "broken"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"


class Existence(StrEnum):
    """Whether the target bucket exists, and whose it is."""

    OURS = "ours"
    OTHER_ACCOUNT = "other_account"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """What a lifecycle rule does to current objects.

    It applies to objects of more bytes than `larger_than` and fewer than `smaller_than`. Without
    days and date it expires nothing.
    """

    prefix: str = ""
    days: int | None = None
    has_date: bool = False
    has_tags: bool = False
    larger_than: int = 0
    smaller_than: int | None = None
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """A target bucket's configuration as read. A setting that could not be read is a Refusal."""

    bucket_name: str
    existence: Existence
    region: str | None = None
    policy: str | Refusal | None = None
    log_delivery_grants: frozenset[str] | Refusal = frozenset()
    ownership: str | Refusal | None = ACLS_DISABLED
    encryption: str | Refusal | None = "AES256"
    object_lock: str | Refusal = "off"  # off | on | retains (has a default retention)
    requester_pays: bool | Refusal = False
    lifecycle: tuple[LifecycleRule, ...] | Refusal = ()
    is_versioned: bool | Refusal = True
    public_access_flags_off: frozenset[str] | Refusal = frozenset()
    refusal: Refusal | None = None  # why existence is unknown

    def refusals(self) -> list[Refusal]:
        """Return every refused read, the one that hides most first."""
        settings = (
            self.refusal,
            self.policy,
            self.log_delivery_grants,
            self.ownership,
            self.encryption,
            self.object_lock,
            self.requester_pays,
            self.lifecycle,
            self.is_versioned,
            self.public_access_flags_off,
        )
        return [setting for setting in settings if isinstance(setting, Refusal)]


@dataclass(frozen=True, slots=True)
class TargetVerdict:
    """A target's state for one source, and every reason why it is not deliverable."""

    state: TargetState
    reasons: tuple[Reason, ...] = ()


def judge(source: Source, target: TargetConfig) -> TargetVerdict:
    """Judge if `source`'s access log can be written to `target`, as far as configuration shows."""
    if target.existence is Existence.UNKNOWN:
        return TargetVerdict(TargetState.UNKNOWN, (Reason.TARGET_UNREADABLE,))
    if target.existence is Existence.MISSING:
        return TargetVerdict(TargetState.BROKEN, (Reason.TARGET_MISSING,))
    if target.existence is Existence.OTHER_ACCOUNT:
        return TargetVerdict(TargetState.BROKEN, (Reason.TARGET_OTHER_ACCOUNT,))

    findings = [
        *_permission(source, target),
        *_region(source, target),
        *_encryption(target),
        *_object_lock(target),
        *_requester_pays(target),
        *_grants(source, target),
    ]
    # What is certainly broken stays broken, whatever else cannot be read.
    for state in (TargetState.BROKEN, TargetState.UNKNOWN, TargetState.UNCERTAIN):
        reasons = [reason for finding, reason in findings if finding is state]
        if reasons:
            return TargetVerdict(state, tuple(dict.fromkeys(reasons)))
    return TargetVerdict(TargetState.DELIVERABLE)


_Finding = tuple[TargetState, Reason]


def _region(source: Source, target: TargetConfig) -> Iterable[_Finding]:
    if target.region is None:
        yield TargetState.UNKNOWN, Reason.TARGET_REGION_UNREADABLE
    elif target.region != source.region:
        yield TargetState.BROKEN, Reason.TARGET_OTHER_REGION


def _encryption(target: TargetConfig) -> Iterable[_Finding]:
    if isinstance(target.encryption, Refusal):
        yield TargetState.UNKNOWN, Reason.TARGET_ENCRYPTION_UNREADABLE
    elif (target.encryption or "AES256") != "AES256":
        yield TargetState.BROKEN, Reason.TARGET_KMS_ENCRYPTION


def _object_lock(target: TargetConfig) -> Iterable[_Finding]:
    if isinstance(target.object_lock, Refusal):
        yield TargetState.UNKNOWN, Reason.TARGET_OBJECT_LOCK_UNREADABLE
    elif target.object_lock == "retains":
        yield TargetState.BROKEN, Reason.TARGET_OBJECT_LOCK
    elif target.object_lock == "on":
        # AWS names default retention as the obstacle on one page, Object Lock itself on another.
        yield TargetState.UNCERTAIN, Reason.TARGET_OBJECT_LOCK


def _requester_pays(target: TargetConfig) -> Iterable[_Finding]:
    if isinstance(target.requester_pays, Refusal):
        yield TargetState.UNKNOWN, Reason.TARGET_REQUEST_PAYMENT_UNREADABLE
    elif target.requester_pays:
        yield TargetState.BROKEN, Reason.TARGET_REQUESTER_PAYS


def _grants(source: Source, target: TargetConfig) -> Iterable[_Finding]:
    # AWS refuses to set grants for such a target. What it does with older ones is undocumented.
    if source.has_target_grants and isinstance(target.ownership, Refusal):
        yield TargetState.UNKNOWN, Reason.TARGET_OWNERSHIP_UNREADABLE
    elif source.has_target_grants and target.ownership == ACLS_DISABLED:
        yield TargetState.UNCERTAIN, Reason.TARGET_GRANTS_NOT_APPLICABLE


def _permission(source: Source, target: TargetConfig) -> Iterable[_Finding]:
    """May the log service write, by policy or by the older ACL grant?"""
    if isinstance(target.policy, Refusal):
        yield TargetState.UNKNOWN, Reason.TARGET_POLICY_UNREADABLE
        return
    request = log_request(source, target.bucket_name)
    try:
        by_policy = policies.decide(target.policy, request)
        denied = policies.denial(target.policy, request)
    except PolicyUnreadable:
        yield TargetState.UNKNOWN, Reason.TARGET_POLICY_UNREADABLE
        return
    if by_policy is Decision.DENIED:
        yield TargetState.BROKEN, Reason.TARGET_POLICY_DENIES
    elif by_policy is Decision.UNCERTAIN:
        doubts = [
            (TargetState.UNCERTAIN, reason) for reason in _doubts(target.policy, request, denied)
        ]
        yield from _permission_by_grant(target, doubts, denied)
    elif by_policy is Decision.NOT_ALLOWED:
        why = _why_not_allowed(source, target.bucket_name, target.policy)
        yield from _permission_by_grant(target, [(TargetState.BROKEN, why)], denied)


def _doubts(policy: str | None, request: Request, denied: Truth) -> Iterable[Reason]:
    """Return which of a policy's Allows and Denies cannot be decided outside AWS."""
    if policies.allowance(policy, request) is None:
        in_part = policies.allows_part(policy, request)
        yield (
            Reason.TARGET_POLICY_RESOURCE_PARTIAL
            if in_part
            else Reason.TARGET_POLICY_CONDITION_UNKNOWN
        )
    if denied is None:
        yield Reason.TARGET_POLICY_DENY_UNCERTAIN


def _why_not_allowed(source: Source, target_bucket: str, policy: str | None) -> Reason:
    """Distinguish a policy copied from another partition from one that does not allow delivery."""
    others = (replace(source, partition=name) for name in PARTITIONS if name != source.partition)
    is_allowed_there = any(
        policies.decide(policy, log_request(other, target_bucket)) is Decision.ALLOWED
        for other in others
    )
    if is_allowed_there:
        return Reason.TARGET_POLICY_OTHER_PARTITION
    return Reason.TARGET_POLICY_MISSING


def _permission_by_grant(
    target: TargetConfig, without_grant: list[_Finding], denied: Truth
) -> Iterable[_Finding]:
    grants, ownership = target.log_delivery_grants, target.ownership
    if isinstance(grants, Refusal):
        yield TargetState.UNKNOWN, Reason.TARGET_ACL_UNREADABLE
    elif not grants & {"WRITE", "FULL_CONTROL"}:
        yield from without_grant
    elif isinstance(ownership, Refusal):
        yield TargetState.UNKNOWN, Reason.TARGET_OWNERSHIP_UNREADABLE
    elif ownership == ACLS_DISABLED:
        is_broken = without_grant[0][0] is TargetState.BROKEN
        yield from (
            [(TargetState.BROKEN, Reason.TARGET_ACL_DISABLED)] if is_broken else without_grant
        )
    elif denied is None:
        yield TargetState.UNCERTAIN, Reason.TARGET_POLICY_DENY_UNCERTAIN
    elif "FULL_CONTROL" not in grants and not grants.issuperset(_LEGACY_GRANTS):
        yield TargetState.UNCERTAIN, Reason.TARGET_ACL_INCOMPLETE


def log_request(source: Source, target_bucket: str) -> Request:
    """Return the PUT that the log service would send, as the target's policy would see it."""
    arn = f"arn:{source.partition}:s3:::"
    return Request(
        service=LOG_SERVICE,
        action="s3:PutObject",
        resources=(f"{arn}{target_bucket}/{log_key(source)}",),
        context={
            "aws:sourcearn": f"{arn}{source.bucket_name}",
            "aws:sourceaccount": source.account_id,
            "aws:resourceaccount": source.account_id,
            "s3:resourceaccount": source.account_id,
            "aws:requestedregion": source.region,
            "aws:principalisawsservice": "true",
            "aws:principalservicename": LOG_SERVICE,
            "aws:securetransport": "true",
        },
        absent=_NOT_SENT,
        at_least=_TLS,
    )


def log_key(source: Source) -> str:
    """Return the pattern of the keys of the source's log, with DIGIT and LETTER for what varies."""
    folder = "" if source.key_layout == KeyLayout.SIMPLE else FOLDER
    return f"{log_prefix(source)}{folder}{STAMP}{_ENDING}"
