"""Can S3 deliver access logs to this target bucket? Pure judgement over configuration as read.

What cannot be seen from here and may still stop delivery: service control policies, resource
control policies, and the first hour after a change. A `deliverable` target is one that nothing
Lacuna can read forbids; whether logs then arrive is answered by looking for them.

Bucket names are unique within a partition of AWS (aws, aws-cn, …): a bucket of another one is
missing here, or somebody else's. A policy whose ARNs are of another partition is told as such.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from lacuna.access_log import policies
from lacuna.access_log.policies import DIGIT, LETTER, Decision, PolicyUnreadable, Request, Truth
from lacuna.refusals import Refusal

LOG_SERVICE = "logging.s3.amazonaws.com"

# The legacy grant is a pair: the service writes the object, then reads its ACL.
_LEGACY_GRANTS = frozenset({"WRITE", "READ_ACP"})
ACLS_DISABLED = "BucketOwnerEnforced"

PARTITIONS = (
    *("aws", "aws-cn", "aws-us-gov", "aws-eusc"),
    *("aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"),
)

# What differs from key to key: when a log object was delivered, and its unique ending.
STAMP = "dddd-dd-dd-dd-dd-dd-".replace("d", DIGIT)
FOLDER = "dddd/dd/dd/".replace("d", DIGIT)
_ENDING = LETTER * 16

# A service principal writing its own PUT has no person, organisation or VPC behind it, and sends
# no encryption header. Statements that demand one of these shut the log service out.
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


# S3 takes no older TLS from anybody, so a Deny of less (AWS recommends it) stops no delivery
_TLS = {"s3:tlsversion": 1.2}


class TargetState(StrEnum):
    """UNCERTAIN: everything was read, but a rule tests what nobody outside AWS can know.
    UNKNOWN: something that decides was not readable."""

    DELIVERABLE = "deliverable"
    BROKEN = "broken"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"


class Existence(StrEnum):
    """Whether the target is there, and whose it is."""

    OURS = "ours"
    OTHER_ACCOUNT = "other_account"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """What a lifecycle rule does to current objects, and to which: those of more bytes than
    `larger_than` and fewer than `smaller_than`. Neither days nor date: it expires none."""

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
        """Every read that was refused, the one that hides most first."""
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
class Source:
    """A source bucket and where its access log is told to go."""

    bucket_name: str
    region: str
    account_id: str
    target_prefix: str
    key_layout: str
    has_target_grants: bool = False
    partition: str = "aws"


@dataclass(frozen=True, slots=True)
class TargetVerdict:
    """A target's state for one source, with a code for each reason that it is not deliverable."""

    state: TargetState
    reasons: tuple[str, ...] = ()


def judge(source: Source, target: TargetConfig) -> TargetVerdict:
    """Whether `source`'s access log can be written to `target`, as far as configuration tells."""
    if target.existence is Existence.UNKNOWN:
        return TargetVerdict(TargetState.UNKNOWN, ("target_unreadable",))
    if target.existence is Existence.MISSING:
        return TargetVerdict(TargetState.BROKEN, ("target_missing",))
    if target.existence is Existence.OTHER_ACCOUNT:
        return TargetVerdict(TargetState.BROKEN, ("target_other_account",))

    findings = [
        *_permission(source, target),
        *_region(source, target),
        *_encryption(target),
        *_object_lock(target),
        *_requester_pays(target),
        *_grants(source, target),
    ]
    # What is surely broken stays broken, whatever else could not be read.
    for state in (TargetState.BROKEN, TargetState.UNKNOWN, TargetState.UNCERTAIN):
        reasons = [reason for found, reason in findings if found is state]
        if reasons:
            return TargetVerdict(state, tuple(dict.fromkeys(reasons)))
    return TargetVerdict(TargetState.DELIVERABLE)


_Finding = tuple[TargetState, str]


def _region(source: Source, target: TargetConfig) -> Iterable[_Finding]:
    if target.region is None:
        yield TargetState.UNKNOWN, "target_region_unreadable"
    elif target.region != source.region:
        yield TargetState.BROKEN, "target_other_region"


def _encryption(target: TargetConfig) -> Iterable[_Finding]:
    if isinstance(target.encryption, Refusal):
        yield TargetState.UNKNOWN, "target_encryption_unreadable"
    elif (target.encryption or "AES256") != "AES256":
        yield TargetState.BROKEN, "target_kms_encryption"


def _object_lock(target: TargetConfig) -> Iterable[_Finding]:
    if isinstance(target.object_lock, Refusal):
        yield TargetState.UNKNOWN, "target_object_lock_unreadable"
    elif target.object_lock == "retains":
        yield TargetState.BROKEN, "target_object_lock"
    elif target.object_lock == "on":
        # AWS names default retention as the obstacle on one page, Object Lock itself on another.
        yield TargetState.UNCERTAIN, "target_object_lock"


def _requester_pays(target: TargetConfig) -> Iterable[_Finding]:
    if isinstance(target.requester_pays, Refusal):
        yield TargetState.UNKNOWN, "target_request_payment_unreadable"
    elif target.requester_pays:
        yield TargetState.BROKEN, "target_requester_pays"


def _grants(source: Source, target: TargetConfig) -> Iterable[_Finding]:
    # AWS refuses to set grants for such a target; what it does with older ones is unsaid.
    if source.has_target_grants and isinstance(target.ownership, Refusal):
        yield TargetState.UNKNOWN, "target_ownership_unreadable"
    elif source.has_target_grants and target.ownership == ACLS_DISABLED:
        yield TargetState.UNCERTAIN, "target_grants_not_applicable"


def _permission(source: Source, target: TargetConfig) -> Iterable[_Finding]:
    """May the log service write, by policy or by the older ACL grant?"""
    if isinstance(target.policy, Refusal):
        yield TargetState.UNKNOWN, "target_policy_unreadable"
        return
    request = log_request(source, target.bucket_name)
    try:
        by_policy = policies.decide(target.policy, request)
        denied = policies.denial(target.policy, request)
    except PolicyUnreadable:
        yield TargetState.UNKNOWN, "target_policy_unreadable"
        return
    if by_policy is Decision.DENIED:
        yield TargetState.BROKEN, "target_policy_denies"
    elif by_policy is Decision.UNCERTAIN:
        doubts = [(TargetState.UNCERTAIN, one) for one in _doubts(target.policy, request, denied)]
        yield from _permission_by_grant(target, doubts, denied)
    elif by_policy is Decision.NOT_ALLOWED:
        why = _why_not_allowed(source, target.bucket_name, target.policy)
        yield from _permission_by_grant(target, [(TargetState.BROKEN, why)], denied)


def _doubts(policy: str | None, request: Request, denied: Truth) -> Iterable[str]:
    """What of a policy nobody outside AWS can decide: its Allows, its Denies, or both."""
    if policies.allowance(policy, request) is None:
        in_part = policies.allows_part(policy, request)
        yield "target_policy_resource_partial" if in_part else "target_policy_condition_unknown"
    if denied is None:
        yield "target_policy_deny_uncertain"


def _why_not_allowed(source: Source, target_bucket: str, policy: str | None) -> str:
    """A policy that was copied from another partition names this bucket, and not this bucket."""
    elsewhere = (replace(source, partition=one) for one in PARTITIONS if one != source.partition)
    meant = any(
        policies.decide(policy, log_request(one, target_bucket)) is Decision.ALLOWED
        for one in elsewhere
    )
    return "target_policy_other_partition" if meant else "target_policy_missing"


def _permission_by_grant(
    target: TargetConfig, without_grant: list[_Finding], denied: Truth
) -> Iterable[_Finding]:
    grants, ownership = target.log_delivery_grants, target.ownership
    if isinstance(grants, Refusal):
        yield TargetState.UNKNOWN, "target_acl_unreadable"
    elif not grants & {"WRITE", "FULL_CONTROL"}:
        yield from without_grant
    elif isinstance(ownership, Refusal):
        yield TargetState.UNKNOWN, "target_ownership_unreadable"
    elif ownership == ACLS_DISABLED:
        is_broken = without_grant[0][0] is TargetState.BROKEN
        yield from [(TargetState.BROKEN, "target_acl_disabled")] if is_broken else without_grant
    elif denied is None:
        yield TargetState.UNCERTAIN, "target_policy_deny_uncertain"
    elif "FULL_CONTROL" not in grants and not grants.issuperset(_LEGACY_GRANTS):
        yield TargetState.UNCERTAIN, "target_acl_incomplete"


def log_request(source: Source, target_bucket: str) -> Request:
    """The PUT that the log service would send, as the target's policy would see it."""
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
    """Every key that S3 writes the source's log under, with DIGIT and LETTER where they differ."""
    folder = "" if source.key_layout == "simple" else FOLDER
    return f"{log_place(source)}{folder}{STAMP}{_ENDING}"


def log_place(source: Source) -> str:
    """What every one of these keys begins with."""
    if source.key_layout == "simple":
        return source.target_prefix
    return f"{source.target_prefix}{source.account_id}/{source.region}/{source.bucket_name}/"
