"""The controls that protect a bucket, and the state of each: what opens it, what guards it. Pure.

Every function takes what S3's API answers, as botocore parses it; None: the bucket has none. A state
is made to be compared, not to be restored. It names the keys of a policy's conditions and never
their values, because a value can be a shared secret.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lacuna.access_log.documents import (
    as_json,
    canonical,
    lifecycle_filter,
    parsed_policy,
    plain,
    statements,
)
from lacuna.access_log.policies import PolicyUnreadable
from lacuna.access_log.targets import ACLS_DISABLED
from lacuna.access_log.weaknesses import PUBLIC_ACCESS_FLAGS

Answer = Mapping[str, Any]

_VERBS = {"Allow": "allows", "Deny": "denies"}
_SHOWN = 160  # characters of a statement's description
_DAYS_OF_YEAR = 365
_OLDEST = "ObjectWriter"  # the rule of a bucket that has none


class Control(StrEnum):
    """What can be changed about a bucket's protection; the account's block holds for all of them."""

    ACCOUNT_PUBLIC_ACCESS_BLOCK = "account_public_access_block"
    PUBLIC_ACCESS_BLOCK = "public_access_block"
    POLICY = "policy"
    ACL = "acl"
    OWNERSHIP = "ownership"
    VERSIONING = "versioning"
    OBJECT_LOCK = "object_lock"
    REPLICATION = "replication"
    ENCRYPTION = "encryption"
    LIFECYCLE = "lifecycle"
    WEBSITE = "website"
    INVENTORY = "inventory"
    ACCESS_POINT = "access_point"


@dataclass(frozen=True, slots=True)
class State:
    """A control's state. An opening more, or a guard less, is weaker protection.

    `is_public`: what S3 says of a policy; None of any other control. `digest` is one of the whole
    answer: it differs if anything does.
    """

    openings: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    is_public: bool | None = None
    digest: str = ""


def public_access_block(flags_off: Collection[str]) -> State:
    """`flags_off`: the flags of the block that are off; all four if there is no block."""
    guards = tuple(flag for flag in PUBLIC_ACCESS_FLAGS if flag not in flags_off)
    return State(guards=guards, digest=_digest(guards))


def policy(text: str | None, *, is_public: bool) -> State:
    """`is_public`: what S3 says of the policy."""
    if text is None:
        return State(is_public=False)
    public = ("public, as S3 judges it",) if is_public else ()
    try:
        document = parsed_policy(text)
    except PolicyUnreadable:
        digest = _digest(text)
        return State((*public, f"a policy that cannot be read ({digest})"), (), is_public, digest)
    found = [one for one in statements(document) if isinstance(one, dict)]
    allows = [_statement(one) for one in found if one.get("Effect") == "Allow"]
    denies = [_statement(one) for one in found if one.get("Effect") == "Deny"]
    digest = _digest(plain(document))
    return State((*public, *sorted(allows)), tuple(sorted(denies)), is_public, digest)


def acl(answer: Answer | None) -> State:
    """Every grant but the owner's own. None: ACLs are disabled, so that no grant counts."""
    if answer is None:
        return State()
    owner = answer.get("Owner", {}).get("ID")
    grants = [
        (_grantee(grant["Grantee"]), grant["Permission"])
        for grant in answer.get("Grants", [])
        if owner is None or grant["Grantee"].get("ID") != owner
    ]
    openings = _sorted(f"{grantee} may {what}" for grantee, what in grants)
    return State(openings, digest=_digest(openings))


def ownership(rule: str | None) -> State:
    """Who owns the objects that others write; a bucket without a rule has the oldest one."""
    rule = rule or _OLDEST
    if rule == ACLS_DISABLED:
        return State(guards=("ACLs are disabled",), digest=rule)
    return State((f"ACLs count ({rule})",), digest=rule)


def versioning(answer: Answer) -> State:
    """Versions and MFA delete: one call sets both."""
    guards = [
        guard
        for guard, member in (("versions are kept", "Status"), ("MFA delete", "MFADelete"))
        if answer.get(member) == "Enabled"
    ]
    return State(guards=tuple(guards), digest=_digest(guards))


def object_lock(configuration: Answer | None) -> State:
    """Object Lock, and how long it keeps new objects by default."""
    if (configuration or {}).get("ObjectLockEnabled") != "Enabled":
        return State()
    retention = (configuration or {}).get("Rule", {}).get("DefaultRetention", {})
    days = retention.get("Days") or _DAYS_OF_YEAR * (retention.get("Years") or 0)
    if not days:
        return State(guards=("locks are possible",), digest=_digest(configuration))
    kept = f"new objects are locked for {days} days ({retention.get('Mode')})"
    return State(guards=("locks are possible", kept), digest=_digest(configuration))


def replication(configuration: Answer | None, account_id: str) -> State:
    """Copies in the same account guard the objects. Any other copy may give them away.

    A rule must not say whose bucket it copies to.
    """
    openings, guards = [], []
    for rule in (configuration or {}).get("Rules", []):
        if rule.get("Status") != "Enabled":
            continue
        destination = rule.get("Destination", {})
        place, account = destination.get("Bucket"), destination.get("Account")
        if account == account_id:
            guards.append(f"copies to {place}")
        else:
            openings.append(f"copies to {place} of account {account or 'that is not named'}")
    return State(_sorted(openings), _sorted(guards), digest=_digest(configuration))


def encryption(configuration: Answer | None) -> State:
    """The default encryption, and the types that are refused."""
    guards: list[str] = []
    for rule in (configuration or {}).get("Rules", []):
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        algorithm, key = default.get("SSEAlgorithm"), default.get("KMSMasterKeyID")
        if algorithm:
            guards.append(f"encrypts with {algorithm}" + (f", key {key}" if key else ""))
        blocked = rule.get("BlockedEncryptionTypes", {}).get("EncryptionType", [])
        guards += [f"refuses {kind}" for kind in blocked if kind != "NONE"]
    return State(guards=_sorted(guards), digest=_digest(configuration))


def lifecycle(rules: Sequence[Answer]) -> State:
    """What S3 deletes by itself."""
    openings = []
    for rule in rules:
        if rule.get("Status") != "Enabled":
            continue
        where = _filter(rule)
        expiration = rule.get("Expiration", {})
        noncurrent = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
        if date := expiration.get("Date"):
            openings.append(f"deletes {where} on {date:%Y-%m-%d}")
        if days := expiration.get("Days"):
            openings.append(f"deletes {where} after {days} days")
        if noncurrent:
            openings.append(f"deletes older versions of {where} after {noncurrent} days")
    return State(_sorted(openings), digest=_digest(rules))


def website(answer: Answer | None) -> State:
    """The website endpoint, which answers without a signature."""
    if not answer:
        return State()
    host = answer.get("RedirectAllRequestsTo", {}).get("HostName")
    answer = {name: part for name, part in answer.items() if name != "ResponseMetadata"}
    opening = f"a website that redirects to {host}" if host else "a website"
    return State((opening,), digest=_digest(answer))


def inventory(configurations: Iterable[Answer]) -> State:
    """Lists of every key, and the buckets that they are written to."""
    lists = list(configurations)
    openings = _sorted(
        f"a list of its objects goes to {place.get('Bucket')}"
        for one in lists
        if one.get("IsEnabled")
        for place in [one.get("Destination", {}).get("S3BucketDestination", {})]
    )
    return State(openings, digest=_digest(lists))


def access_points(points: Iterable[Answer]) -> State:
    """The account's access points of a bucket."""
    openings = _sorted(
        f"access point {point['Name']} from "
        + (point.get("VpcConfiguration", {}).get("VpcId") or "anywhere")
        for point in points
    )
    return State(openings, digest=_digest(openings))


def _statement(statement: Answer) -> str:
    """Describe a statement in a line, which ends in a digest of all of it."""
    who, what = _chosen(statement, "Principal"), _chosen(statement, "Action")
    keys = sorted(
        str(key)
        for tests in (statement.get("Condition") or {}).values()
        if isinstance(tests, dict)
        for key in tests
    )
    condition = f" if {', '.join(keys)}" if keys else ""
    text = f"{_VERBS[statement['Effect']]} {who} to {what}{condition}"
    if len(text) > _SHOWN:
        text = text[:_SHOWN] + "…"
    return f"{text} ({_digest(plain({k: v for k, v in statement.items() if k != 'Sid'}))})"


def _chosen(statement: Answer, member: str) -> str:
    if (left_out := f"Not{member}") in statement:
        return f"all but {_words(statement[left_out])}"
    return _words(statement.get(member, "*"))


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{kind} {_words(names)}" for kind, names in sorted(value.items()))
    if isinstance(value, list):
        return ", ".join(sorted(map(str, value)))
    return str(value)


def _digest(answer: object) -> str:
    """Return a digest of an answer; empty if nothing is set, as of a control that is absent."""
    if not answer:
        return ""
    text = as_json(answer, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _grantee(grantee: Answer) -> str:
    uri = grantee.get("URI")
    return str(uri).rsplit("/", 1)[-1] if uri else str(grantee.get("ID") or json.dumps(grantee))


def _filter(rule: Answer) -> str:
    parts = lifecycle_filter(rule)
    prefix = parts.pop("Prefix", None)
    more = f" that match {canonical(parts)}" if parts else ""
    return (f"{prefix}*" if prefix else "every object") + more


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(texts))
