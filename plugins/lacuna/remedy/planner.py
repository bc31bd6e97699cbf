"""Plan how to repair the logging of an account's buckets. Pure.

A plan turns logging on, sends it to an existing log bucket, or allows the log service to write to a
log bucket. Everything else stays: the key format, prefix and grants, and every statement of a
policy. A repair that would remove something (a Deny, encryption by KMS, Object Lock, Requester Pays)
is a note to a person.

A plan does not change the logging of log buckets, because their logs could end in a ring. It also
leaves alone the lake and the buckets that are not logged on purpose.
"""

import copy
import hashlib
import json
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lacuna.access_log import targets, weaknesses
from lacuna.access_log.documents import Document, Operation, parsed_policy, statements
from lacuna.access_log.policies import PolicyUnreadable
from lacuna.access_log.sources import KeyLayout, Source, log_prefix
from lacuna.access_log.targets import (
    LOG_SERVICE,
    Existence,
    TargetConfig,
    TargetState,
    log_key,
)
from lacuna.reasons import Reason
from lacuna.refusals import Refusal, why_unread
from lacuna.remedy.plans import SID, Change, Note, Plan

# The prefix of logs that a plan turns on; with the partitioned layout no two buckets share a key
PREFIX = "access-logs/"
_KEY_FORMAT = {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}}

# AWS's limit on a bucket policy, in bytes
_POLICY_LIMIT = 20_480

# Reasons that one more Allow repairs, and reasons that another target repairs
_BY_STATEMENT = frozenset(
    {Reason.TARGET_POLICY_MISSING, Reason.TARGET_POLICY_OTHER_PARTITION, Reason.TARGET_ACL_DISABLED}
)
_BY_TARGET = frozenset(
    {Reason.TARGET_MISSING, Reason.TARGET_OTHER_REGION, Reason.TARGET_OTHER_ACCOUNT}
)
# Weaknesses that a new log must not cause in a log bucket
_HARM = frozenset(
    {
        Reason.PREFIX_SHARED,
        Reason.PREFIX_UNATTRIBUTABLE,
        Reason.TARGET_LOGS_ITSELF,
        Reason.TARGET_CHAIN,
    }
)

_BY_HAND = {
    Reason.TARGET_POLICY_DENIES: "a Deny of the log bucket's policy excludes the log service, and no "
    "plan changes a Deny: exempt logging.s3.amazonaws.com from it",
    Reason.TARGET_POLICY_DENY_UNCERTAIN: "a Deny of the log bucket's policy may exclude the log service, "
    "and no plan changes a Deny: check if it does, or exempt logging.s3.amazonaws.com from it",
    Reason.TARGET_KMS_ENCRYPTION: "PutBucketEncryption with AES256 on the log bucket: access logs are "
    "not delivered under SSE-KMS",
    Reason.TARGET_OBJECT_LOCK: "PutObjectLockConfiguration without DefaultRetention on the log bucket, "
    "or log to another one",
    Reason.TARGET_REQUESTER_PAYS: "PutBucketRequestPayment with Payer BucketOwner on the log bucket",
    Reason.LOGGING_UNREADABLE: "allow s3:GetBucketLogging on the bucket, and plan again",
}


class NotRepairable(ValueError):
    """No plan may do this; the message says why."""


@dataclass(frozen=True, slots=True)
class BucketSeen:
    """A bucket as read: GetBucketLogging's answer in full, and the policy's text.

    `source` is set if logging is on. `is_sensitive` None: it is unknown, or was not read because
    the bucket is no log bucket.
    """

    name: str
    region: str | None
    status: Document | Refusal
    policy: str | Refusal | None = None
    source: Source | None = None
    is_sensitive: bool | None = None

    @property
    def configured(self) -> Document:
        """How the bucket is logged; empty if that could not be read."""
        return {} if isinstance(self.status, Refusal) else self.status

    @property
    def target(self) -> str | None:
        """The log bucket that its configuration names."""
        enabled = self.configured.get("LoggingEnabled")
        return str(enabled["TargetBucket"]) if enabled else None


@dataclass(frozen=True, slots=True)
class Place:
    """The account and Region that a plan is for, and when it is made."""

    account_id: str
    partition: str
    region: str
    made_at: datetime


def log_buckets(seen: Iterable[BucketSeen]) -> set[str]:
    """Return the buckets that others log to, or whose policy allows the log service by name."""
    targets_named = {bucket.target for bucket in seen if bucket.target}
    return targets_named | {
        bucket.name for bucket in seen if isinstance(bucket.policy, str) and _lets_in(bucket.policy)
    }


def make(
    place: Place,
    seen: Sequence[BucketSeen],
    configs: Mapping[str, TargetConfig],
    is_left_alone: Callable[[str], bool],
) -> Plan:
    """Return the plan for buckets as `seen`. `configs` has all of their `log_buckets`.

    `is_left_alone` returns whether a bucket of that name is not logged on purpose.
    """
    planner = _Planner(place, seen, configs)
    for bucket in seen:
        if not is_left_alone(bucket.name):
            planner.repair(bucket)
    return planner.plan()


def log_statement(source: Source, target: str) -> Document:
    """Return the statement that allows the log service to write `source`'s log, and nothing else."""
    arn = f"arn:{source.partition}:s3:::"
    prefix = log_prefix(source)
    if set(prefix) & set("*?$"):
        # a policy would interpret these characters
        raise NotRepairable("the TargetPrefix has a character that a policy takes for a wildcard")
    resource = f"{arn}{target}/{prefix}*"
    digest = hashlib.sha256(f"{arn}{source.bucket_name} {resource}".encode()).hexdigest()
    return {
        "Sid": f"{SID}{digest[:16]}",
        "Effect": "Allow",
        "Principal": {"Service": LOG_SERVICE},
        "Action": "s3:PutObject",
        "Resource": resource,
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"{arn}{source.bucket_name}"},
            "StringEquals": {"aws:SourceAccount": source.account_id},
        },
    }


def with_statement(policy: str | None, statement: Document) -> Document:
    """Return the policy with the statement added."""
    if policy is None:
        return {"Version": "2012-10-17", "Statement": [statement]}
    document = parsed_policy(policy)
    present = statements(document)
    taken = {known.get("Sid") for known in present if isinstance(known, dict)}
    sid = statement["Sid"]
    while sid in taken:  # somebody has changed the statement that has it
        sid += "0"
    document["Statement"] = [*present, {**statement, "Sid": sid}]
    # AWS counts what is put, and it is put without spaces
    if len(json.dumps(document, separators=(",", ":")).encode()) > _POLICY_LIMIT:
        raise NotRepairable(
            "the log bucket's policy would be longer than the 20 KB that AWS takes: replace the "
            "statements of single buckets with one of a wildcard"
        )
    return document


class _Planner:
    """The plan so far. Later changes build on the result of earlier ones."""

    def __init__(
        self, place: Place, seen: Sequence[BucketSeen], configs: Mapping[str, TargetConfig]
    ) -> None:
        self._place = place
        self._as_seen = configs
        self._configs = dict(configs)
        self._log_buckets = log_buckets(seen)
        self._is_sensitive = {bucket.name: bucket.is_sensitive for bucket in seen}
        self._logs_to = {
            bucket.name: bucket.status if isinstance(bucket.status, Refusal) else bucket.target
            for bucket in seen
        }
        self._sources: dict[str, list[Source]] = {}
        self._keys: dict[str, list[str]] = {}
        for bucket in seen:
            if bucket.source and bucket.target:
                self._note_source(bucket.source, bucket.target)
        self._whys: dict[str, list[str]] = {}
        self._logging: list[Change] = []
        self._notes: list[Note] = []
        self._serving = Counter(
            {
                name: sum(self._judged(s, name)[0] is TargetState.DELIVERABLE for s in sources)
                for name, sources in self._sources.items()
            }
        )

    def repair(self, bucket: BucketSeen) -> None:
        """Plan what the bucket needs, or note why there is nothing to plan."""
        if isinstance(bucket.status, Refusal):
            self._note(bucket, why_unread(bucket.status, bucket.region))
        elif bucket.source is None or bucket.target is None:
            if bucket.name not in self._log_buckets:
                self._turn_on(bucket)
        else:
            self._repair_target(bucket, bucket.source, bucket.target)

    def plan(self) -> Plan:
        """Return the plan, policies first: S3 drops a log that it may not write yet."""
        policies = [
            Change(
                name,
                Operation.PUT_POLICY,
                before=_document(self._as_seen[name].policy),
                after=_document(self._configs[name].policy),
                why="; ".join(whys),
            )
            for name, whys in self._whys.items()
        ]
        place = self._place
        changes = (*policies, *self._logging)
        return Plan(place.account_id, place.region, place.made_at, changes, tuple(self._notes))

    # ---- bucket bucket --------------------------------------------------------------------------

    def _turn_on(self, bucket: BucketSeen) -> None:
        place = self._place
        bare = Source(
            bucket.name,
            bucket.region or "",
            place.account_id,
            PREFIX,
            KeyLayout.DELIVERY_TIME,
            partition=place.partition,
        )
        chosen = self._choose(bare, self._prefixes)
        if chosen is None:
            self._note(bucket, Reason.LOGGING_OFF, self._no_log_bucket(bucket))
            return
        target, source = chosen
        enabled = {
            "TargetBucket": target,
            "TargetPrefix": source.target_prefix,
            "TargetObjectKeyFormat": copy.deepcopy(_KEY_FORMAT),
        }
        self._log_to(bucket, source, enabled, "logging_off: no access log is configured")

    def _repair_target(self, bucket: BucketSeen, source: Source, target: str) -> None:
        state, reasons = self._judged(source, target)
        broken = set(reasons) if state is TargetState.BROKEN else set()
        if state is TargetState.DELIVERABLE:
            return
        if bucket.name in self._log_buckets:
            text = "a log bucket's own logging is left to a person, so that no log ends in itself"
            self._notes += [Note(bucket.name, reason, text) for reason in reasons]
        elif broken & _BY_TARGET:
            self._redirect(bucket, source, reasons)
        elif broken and broken <= _BY_STATEMENT:
            self._let_in(bucket, source, target, reasons)
        else:
            for reason in reasons:
                self._note(bucket, reason)

    def _redirect(self, bucket: BucketSeen, source: Source, reasons: Sequence[Reason]) -> None:
        """Change the target, and leave everything else of the configuration as it is."""
        chosen = self._choose(source, lambda _: [source.target_prefix])
        if chosen is None:
            self._note(bucket, reasons[0], self._no_log_bucket(bucket))
            return
        enabled = {**copy.deepcopy(bucket.configured["LoggingEnabled"]), "TargetBucket": chosen[0]}
        why = (
            f"{', '.join(reasons)}: {bucket.target} cannot receive its log, and S3 would refuse to "
            "go back to it"
        )
        self._log_to(bucket, source, enabled, why)

    def _let_in(
        self, bucket: BucketSeen, source: Source, target: str, reasons: Sequence[Reason]
    ) -> None:
        try:
            self._configs[target] = self._allowing(source, target)
        except (NotRepairable, PolicyUnreadable) as error:
            self._note(bucket, reasons[0], str(error))
            return
        self._remember_policy(target, f"{bucket.name}: {', '.join(reasons)}")
        for reason in self._judged(source, target)[1]:
            self._note(bucket, reason)

    def _log_to(self, bucket: BucketSeen, source: Source, enabled: Document, why: str) -> None:
        target = enabled["TargetBucket"]
        if self._judged(source, target)[0] is not TargetState.DELIVERABLE:
            self._configs[target] = self._allowing(source, target)
            self._remember_policy(target, f"{bucket.name}: will log here")
        after = {"LoggingEnabled": enabled}
        self._logging.append(
            Change(bucket.name, Operation.PUT_LOGGING, bucket.configured, after, why)
        )
        self._note_source(source, target)
        self._logs_to[bucket.name] = target

    # ---- which log bucket --------------------------------------------------------------------

    def _choose(
        self, source: Source, prefixes: Callable[[str], Sequence[str]]
    ) -> tuple[str, Source] | None:
        """Return the log bucket that serves most sources of the Region, and the source with it.

        A bucket that receives logs comes before one that receives none. Then a bucket whose policy
        needs no change comes before one that needs a statement.
        """
        options = [
            (not self._serving[name], not is_open, -self._serving[name], name, order, wanted)
            for name in sorted(self._log_buckets - {source.bucket_name})
            # a bucket that may hold secrets is never offered, as in the marts
            if self._is_sensitive.get(name) is False
            for order, prefix in enumerate(prefixes(name))
            for wanted in [replace(source, target_prefix=prefix)]
            for is_open in self._openness(wanted, name)
        ]
        if not options:
            return None
        *_, name, _, chosen = min(options, key=lambda option: option[:5])
        return name, chosen

    def _openness(self, source: Source, target: str) -> Iterator[bool]:
        """Yield True if `source` can log to `target` as it is, False if a statement is missing."""
        config = self._configs.get(target)
        # first, because it is cheap and an account has log buckets in many Regions
        if config is None or config.region != source.region or self._harms(source, config):
            return
        if targets.judge(source, config).state is TargetState.DELIVERABLE:
            yield True
            return
        # a bucket that receives no log and only allows other sources is not for every bucket
        if self._serving[target]:
            try:
                allowing = self._allowing(source, target)
            except (NotRepairable, PolicyUnreadable):
                return
            if targets.judge(source, allowing).state is TargetState.DELIVERABLE:
                yield False

    def _harms(self, source: Source, config: TargetConfig) -> bool:
        """Return whether the log could be mistaken for another log there, or the reverse."""
        name = config.bucket_name
        before = self._keys.get(name, [])
        after = before.copy()
        insort(after, log_key(source))

        def weak(other: Source, keys: list[str]) -> set[str]:
            return set(_HARM.intersection(weaknesses.judge(other, config, keys, self._logs_to, 1)))

        # partitioned prefixes never contain each other, and an account has thousands of them
        concerned = (
            other
            for other in self._sources.get(name, [])
            if KeyLayout.SIMPLE in {other.key_layout, source.key_layout}
        )
        return bool(weak(source, after)) or any(
            weak(other, after) - weak(other, before) for other in concerned
        )

    def _prefixes(self, target: str) -> list[str]:
        """Return the prefixes that several sources use there, the most common first, and PREFIX.

        A prefix that only one source has may be the name of that source.
        """
        used = Counter(
            source.target_prefix
            for source in self._sources.get(target, [])
            if source.key_layout == KeyLayout.DELIVERY_TIME
        )
        common = [prefix for prefix, sources in used.most_common() if sources > 1]
        return list(dict.fromkeys([*common, PREFIX]))

    def _allowing(self, source: Source, target: str) -> TargetConfig:
        config = self._configs[target]
        if isinstance(config.policy, Refusal):
            raise NotRepairable("the log bucket's policy could not be read")
        document = with_statement(config.policy, log_statement(source, target))
        return replace(config, policy=json.dumps(document))

    def _judged(self, source: Source, target: str) -> tuple[TargetState, tuple[Reason, ...]]:
        verdict = targets.judge(source, self._configs[target])
        return verdict.state, verdict.reasons

    # ---- what is remembered ------------------------------------------------------------------

    def _note_source(self, source: Source, target: str) -> None:
        self._sources.setdefault(target, []).append(source)
        insort(self._keys.setdefault(target, []), log_key(source))

    def _remember_policy(self, target: str, why: str) -> None:
        self._whys.setdefault(target, []).append(why)

    def _note(self, bucket: BucketSeen, reason: Reason, text: str | None = None) -> None:
        text = text or _BY_HAND.get(reason) or "see the recommendation of fct_logging_coverage"
        self._notes.append(Note(bucket.name, reason, text))

    def _no_log_bucket(self, bucket: BucketSeen) -> str:
        text = (
            f"no log bucket of this account in {bucket.region or 'its Region'} can take it without harm "
            "(nothing may forbid the delivery, no two buckets' keys may mix, its own log may start no "
            "chain, and it must not be sensitive): deploy infra/log_bucket.yaml there, and plan again"
        )
        hidden = sorted(
            name
            for name, config in self._configs.items()
            if config.existence is Existence.OURS
            and config.region == bucket.region
            and self._is_sensitive.get(name) is None
        )
        return f"{text}; it is unknown if {', '.join(hidden)} is sensitive" if hidden else text


def _document(policy: str | Refusal | None) -> Document | None:
    return parsed_policy(policy) if isinstance(policy, str) else None


def _lets_in(policy: str) -> bool:
    """Return whether a statement allows the log service something by name."""
    try:
        all_statements = statements(parsed_policy(policy))
    except PolicyUnreadable:
        return False
    return any(LOG_SERVICE in _services(s) for s in all_statements if isinstance(s, dict))


def _services(statement: Mapping[str, Any]) -> list[Any]:
    principal = statement.get("Principal")
    if statement.get("Effect") != "Allow" or not isinstance(principal, dict):
        return []
    named = principal.get("Service")
    return named if isinstance(named, list) else [named]
