"""What is weak about the place that access logs are delivered to? Pure.

A weakness stops no delivery, so it stands beside the verdict and changes none. But logs may be read
wrongly, deleted too early or tampered with. What cannot be read is reported as `…_unreadable`:
unknown is never fine. A target that is missing or another account's has no weaknesses; its verdict
says enough.

A log bucket that logs into another one is good practice. A third one behind it is a chain, in which
every delivered object makes records in every bucket that follows. A ring never stops. What the
account's block of public access blocks is blocked for every bucket, whatever its own block allows.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from lacuna.access_log.policies import may_begin
from lacuna.access_log.sources import Source, log_prefix
from lacuna.access_log.targets import (
    FOLDER,
    STAMP,
    Existence,
    LifecycleRule,
    TargetConfig,
    log_key,
)
from lacuna.reasons import Reason
from lacuna.refusals import Refusal

# The flags of a bucket's block of public access, in AWS's order
PUBLIC_ACCESS_FLAGS: Mapping[str, Reason] = {
    "BlockPublicAcls": Reason.TARGET_PUBLIC_ACLS_NOT_BLOCKED,
    "IgnorePublicAcls": Reason.TARGET_PUBLIC_ACLS_NOT_IGNORED,
    "BlockPublicPolicy": Reason.TARGET_PUBLIC_POLICY_NOT_BLOCKED,
    "RestrictPublicBuckets": Reason.TARGET_PUBLIC_BUCKETS_NOT_RESTRICTED,
}

_LAST = "\U0010ffff"


def judge(
    source: Source,
    target: TargetConfig,
    keys: Sequence[str],
    logs_to: Mapping[str, str | Refusal | None],
    retention_days: int,
    account_flags_off: frozenset[str] | Refusal = frozenset(PUBLIC_ACCESS_FLAGS),
) -> tuple[Reason, ...]:
    """Return every weakness of `target` as the place of `source`'s access log.

    `keys` are the keys (`log_key`) of every source that is configured to deliver to `target`,
    sorted. `logs_to` is the target of each bucket of the account: None if logging is off, a Refusal
    if it cannot be read. `account_flags_off` are the flags that are off in the account's block of
    public access; all of them if it has none.
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


def _own_log(log_bucket: str, logs_to: Mapping[str, str | Refusal | None]) -> Iterator[Reason]:
    """Follow the log bucket's own log to where it ends."""
    behind: list[str] = []
    following = logs_to.get(log_bucket)
    while isinstance(following, str) and following not in behind:
        behind.append(following)
        following = logs_to.get(following)
    if log_bucket in behind:
        yield Reason.TARGET_LOGS_ITSELF
    elif len(behind) > 1 or isinstance(following, str):
        yield Reason.TARGET_CHAIN
    elif isinstance(following, Refusal):
        yield Reason.TARGET_LOGGING_UNREADABLE


def _prefix(source: Source, keys: Sequence[str]) -> Iterator[Reason]:
    """Does the place of the source's log hold this log alone?

    The partitioned layouts name the source in the key; the simple layout does not. There, a line
    that cannot be parsed may be any bucket's. Whatever selects by prefix (a table, a lifecycle
    rule, a policy) then takes everything below the prefix for this bucket's.
    """
    own, place = log_key(source), log_prefix(source)
    sharing = _beginning(keys, own)
    if sharing > 1:
        yield Reason.PREFIX_SHARED
    if _beginning(keys, place) > sharing or any(
        _beginning(keys, other) for other in _stamped(place)
    ):
        yield Reason.PREFIX_UNATTRIBUTABLE


def _beginning(keys: Sequence[str], prefix: str) -> int:
    """Count the keys that begin with `prefix`, by binary search: they may be those of 1,000 buckets."""
    return bisect_left(keys, prefix + _LAST) - bisect_left(keys, prefix)


def _stamped(place: str) -> Iterator[str]:
    """Yield places whose stamp can match the end of this one: `web` for `web2026-`."""
    for stamp in (STAMP, FOLDER):
        for length in range(1, min(len(place), len(stamp)) + 1):
            if may_begin(place[-length:], stamp):
                yield place[:-length] + stamp[:length]


def _lifecycle(source: Source, target: TargetConfig, retention_days: int) -> Iterator[Reason]:
    if isinstance(target.lifecycle, Refusal):
        yield Reason.TARGET_LIFECYCLE_UNREADABLE
    elif any(
        rule.is_enabled and _reaches(rule, source) and _is_too_soon(rule, retention_days)
        for rule in target.lifecycle
    ):
        yield Reason.LIFECYCLE_TOO_SHORT


def _reaches(rule: LifecycleRule, source: Source) -> bool:
    """Can the rule's filter match a log object? Log objects have no tags and are never empty."""
    has_a_size = rule.smaller_than is None or rule.smaller_than - rule.larger_than > 1
    return has_a_size and not rule.has_tags and may_begin(rule.prefix, log_key(source))


def _is_too_soon(rule: LifecycleRule, retention_days: int) -> bool:
    """A date deletes what was delivered the day before it, and later everything at once."""
    return rule.has_date or (rule.days is not None and rule.days < retention_days)


def _versioning(target: TargetConfig) -> Iterator[Reason]:
    if isinstance(target.is_versioned, Refusal):
        yield Reason.TARGET_VERSIONING_UNREADABLE
    elif not target.is_versioned:
        yield Reason.TARGET_NOT_VERSIONED


def _public_access(
    target: TargetConfig, account_flags_off: frozenset[str] | Refusal
) -> Iterator[Reason]:
    """What neither block blocks. If one is complete the other does not matter, readable or not."""
    own = target.public_access_flags_off
    blocks = {
        Reason.TARGET_PUBLIC_ACCESS_UNREADABLE: own,
        Reason.TARGET_ACCOUNT_BLOCK_UNREADABLE: account_flags_off,
    }
    read = [flags for flags in blocks.values() if not isinstance(flags, Refusal)]
    off = frozenset(PUBLIC_ACCESS_FLAGS).intersection(*read)
    if off and len(read) < len(blocks):
        yield from (code for code, flags in blocks.items() if isinstance(flags, Refusal))
    elif off:
        yield Reason.TARGET_PUBLIC_ACCESS_NOT_BLOCKED
        if off != PUBLIC_ACCESS_FLAGS.keys():
            yield from (code for flag, code in PUBLIC_ACCESS_FLAGS.items() if flag in off)
