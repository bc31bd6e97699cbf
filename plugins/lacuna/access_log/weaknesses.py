"""What is weak about the place that access logs are delivered to. Pure.

A weakness stops no delivery, so it is told beside the verdict and changes none: logs may be read
wrongly, be gone too early or be spoilt by strangers. What could not be read is told as well, as
`…_unreadable`: unknown is never fine. Nothing is said of a target that is not the account's own
or not there: its verdict says enough.

One log bucket that logs into another is good practice and not told; a third behind it is a
chain, in which every delivered object makes records in every bucket that follows, and a ring
never stops. What the account's block of public access shuts is shut for every bucket, whatever its
own block leaves open.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from lacuna.access_log.policies import may_begin
from lacuna.access_log.targets import (
    FOLDER,
    STAMP,
    Existence,
    LifecycleRule,
    Source,
    TargetConfig,
    log_key,
    log_place,
)
from lacuna.refusals import Refusal

# The flags of a bucket's block of public access, in AWS's order
PUBLIC_ACCESS_FLAGS: Mapping[str, str] = {
    "BlockPublicAcls": "target_public_acls_not_blocked",
    "IgnorePublicAcls": "target_public_acls_not_ignored",
    "BlockPublicPolicy": "target_public_policy_not_blocked",
    "RestrictPublicBuckets": "target_public_buckets_not_restricted",
}

ACCOUNT_BLOCK_UNREADABLE = "target_account_block_unreadable"

_LAST = "\U0010ffff"


def judge(
    source: Source,
    target: TargetConfig,
    keys: Sequence[str],
    logs_to: Mapping[str, str | Refusal | None],
    retention_days: int,
    account_flags_off: frozenset[str] | Refusal = frozenset(PUBLIC_ACCESS_FLAGS),
) -> tuple[str, ...]:
    """A code for each weakness of `target` as the place of `source`'s access log.

    `keys` are the keys (`log_key`) of every source that is told to deliver to `target`, sorted.
    `logs_to` is the target of each bucket of the account: None where logging is off, a Refusal
    where that could not be read. `account_flags_off` are the flags that the account's block of
    public access leaves off; without one, all.
    """
    if target.existence is not Existence.OURS:
        return ()
    return (
        *_own_log(target.bucket_name, logs_to),
        *_prefix(source, keys),
        *_lifecycle(source, target, retention_days),
        *_versioning(target),
        *_public_access(target, account_flags_off),
    )


def _own_log(log_bucket: str, logs_to: Mapping[str, str | Refusal | None]) -> Iterator[str]:
    """Where does the log bucket's own log end?"""
    behind: list[str] = []
    following = logs_to.get(log_bucket)
    while isinstance(following, str) and following not in behind:
        behind.append(following)
        following = logs_to.get(following)
    if log_bucket in behind:
        yield "target_logs_itself"
    elif len(behind) > 1 or isinstance(following, str):
        yield "target_chain"
    elif isinstance(following, Refusal):
        yield "target_logging_unreadable"


def _prefix(source: Source, keys: Sequence[str]) -> Iterator[str]:
    """Does the place of the source's log hold this log alone?

    The partitioned layouts name the source in the key. A key of the simple layout names nobody: a
    line that cannot be read may then be any bucket's, and what reads by prefix (a table, a
    lifecycle rule, a policy) takes whatever lies below it for this bucket's.
    """
    own, place = log_key(source), log_place(source)
    sharing = _beginning(keys, own)
    if sharing > 1:
        yield "prefix_shared"
    if _beginning(keys, place) > sharing or any(_beginning(keys, one) for one in _stamped(place)):
        yield "prefix_unattributable"


def _beginning(keys: Sequence[str], prefix: str) -> int:
    """How many keys begin with `prefix`, by search: a log bucket may serve every other bucket."""
    return bisect_left(keys, prefix + _LAST) - bisect_left(keys, prefix)


def _stamped(place: str) -> Iterator[str]:
    """The place of another source, `web` beside `web2026-`, whose stamp can read as this ends."""
    for stamp in (STAMP, FOLDER):
        for length in range(1, min(len(place), len(stamp)) + 1):
            if may_begin(place[-length:], stamp):
                yield place[:-length] + stamp[:length]


def _lifecycle(source: Source, target: TargetConfig, retention_days: int) -> Iterator[str]:
    if isinstance(target.lifecycle, Refusal):
        yield "target_lifecycle_unreadable"
    elif any(
        rule.is_enabled and _reaches(rule, source) and _is_too_soon(rule, retention_days)
        for rule in target.lifecycle
    ):
        yield "lifecycle_too_short"


def _reaches(rule: LifecycleRule, source: Source) -> bool:
    """Can the rule's filter hold for a log object? They carry no tags, and none is empty."""
    has_a_size = rule.smaller_than is None or rule.smaller_than - rule.larger_than > 1
    return has_a_size and not rule.has_tags and may_begin(rule.prefix, log_key(source))


def _is_too_soon(rule: LifecycleRule, retention_days: int) -> bool:
    """A date deletes what came the day before it, and from then on everything at once."""
    return rule.has_date or (rule.days is not None and rule.days < retention_days)


def _versioning(target: TargetConfig) -> Iterator[str]:
    if isinstance(target.is_versioned, Refusal):
        yield "target_versioning_unreadable"
    elif not target.is_versioned:
        yield "target_not_versioned"


def _public_access(
    target: TargetConfig, account_flags_off: frozenset[str] | Refusal
) -> Iterator[str]:
    """What neither block shuts. One that is complete speaks for the other, read or not."""
    own = target.public_access_flags_off
    blocks = {"target_public_access_unreadable": own, ACCOUNT_BLOCK_UNREADABLE: account_flags_off}
    read = [flags for flags in blocks.values() if not isinstance(flags, Refusal)]
    off = frozenset(PUBLIC_ACCESS_FLAGS).intersection(*read)
    if off and len(read) < len(blocks):
        yield from (code for code, flags in blocks.items() if isinstance(flags, Refusal))
    elif off:
        yield "target_public_access_not_blocked"
        if off != PUBLIC_ACCESS_FLAGS.keys():
            yield from (code for flag, code in PUBLIC_ACCESS_FLAGS.items() if flag in off)
