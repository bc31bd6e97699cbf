"""What would mend the logging of an account's buckets, and what of it a plan may do. Pure.

A plan turns logging on, points it at a log bucket that is there, or lets the log service into a
log bucket. Whatever else is configured stays: an existing key format, prefix and grants, and every
statement of a policy. What would take something away from somebody (a Deny, encryption by KMS,
Object Lock, Requester Pays) is a note to a person.

Log buckets are left alone as sources, or the log of a log bucket could end in a ring; so are the
lake and the buckets that are meant not to be logged.
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

# Where logs go that are turned on by a plan; with the partitioned layout no two buckets share a key
PREFIX = "access-logs/"
_KEY_FORMAT = {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}}

# AWS's limit on a bucket policy, in bytes
_POLICY_LIMIT = 20_480

# Reasons that one more Allow mends, and those that another target mends
_BY_STATEMENT = frozenset(
    {Reason.TARGET_POLICY_MISSING, Reason.TARGET_POLICY_OTHER_PARTITION, Reason.TARGET_ACL_DISABLED}
)
_BY_TARGET = frozenset(
    {Reason.TARGET_MISSING, Reason.TARGET_OTHER_REGION, Reason.TARGET_OTHER_ACCOUNT}
)
# What a log that is new to a log bucket must not bring about there
_HARM = frozenset(
    {
        Reason.PREFIX_SHARED,
        Reason.PREFIX_UNATTRIBUTABLE,
        Reason.TARGET_LOGS_ITSELF,
        Reason.TARGET_CHAIN,
    }
)

_BY_HAND = {
    Reason.TARGET_POLICY_DENIES: "a Deny of the log bucket's policy shuts the log service out, and no "
    "plan touches a Deny: exempt logging.s3.amazonaws.com from it",
    Reason.TARGET_POLICY_DENY_UNCERTAIN: "a Deny of the log bucket's policy may shut the log service out, "
    "and no plan touches a Deny: see if it does, or exempt logging.s3.amazonaws.com from it",
    Reason.TARGET_KMS_ENCRYPTION: "PutBucketEncryption with AES256 on the log bucket: access logs are "
    "not delivered under SSE-KMS",
    Reason.TARGET_OBJECT_LOCK: "PutObjectLockConfiguration without DefaultRetention on the log bucket, "
    "or log to another one",
    Reason.TARGET_REQUESTER_PAYS: "PutBucketRequestPayment with Payer BucketOwner on the log bucket",
    Reason.LOGGING_UNREADABLE: "allow s3:GetBucketLogging on the bucket, and plan again",
}


class NotMendable(ValueError):
    """No plan may do this; the message tells a person why."""


@dataclass(frozen=True, slots=True)
class BucketSeen:
    """A bucket as read: GetBucketLogging's answer in full, the policy's text, and where its log
    goes if it is on. `is_sensitive` None: nobody knows, or asked, for it is no log bucket."""

    name: str
    region: str | None
    status: Document | Refusal
    policy: str | Refusal | None = None
    source: Source | None = None
    is_sensitive: bool | None = None

    @property
    def configured(self) -> Document:
        """How it is logged; nothing where that could not be read."""
        return {} if isinstance(self.status, Refusal) else self.status

    @property
    def target(self) -> str | None:
        """The log bucket that it is told to log to."""
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
    """Buckets that others log to, or whose policy lets the log service in by name."""
    found = set()
    for one in seen:
        found |= {one.target} if one.target else set()
        found |= {one.name} if isinstance(one.policy, str) and _lets_in(one.policy) else set()
    return found


def make(
    place: Place,
    seen: Sequence[BucketSeen],
    configs: Mapping[str, TargetConfig],
    is_left_alone: Callable[[str], bool],
) -> Plan:
    """The plan for buckets as `seen`, with the configuration of every one of their `log_buckets`.

    `is_left_alone` tells of a bucket's name if it is meant not to be logged.
    """
    planner = _Planner(place, seen, configs)
    for one in seen:
        if not is_left_alone(one.name):
            planner.mend(one)
    return planner.plan()


def log_statement(source: Source, target: str) -> Document:
    """The statement that lets the log service write `source`'s log, there and nowhere else."""
    arn = f"arn:{source.partition}:s3:::"
    prefix = log_prefix(source)
    if set(prefix) & set("*?$"):
        # in a policy these would stand for more than themselves
        raise NotMendable("the TargetPrefix holds a character that a policy takes for a wildcard")
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
    """The policy with one statement more, and all that it says already."""
    if policy is None:
        return {"Version": "2012-10-17", "Statement": [statement]}
    document = parsed_policy(policy)
    present = statements(document)
    taken = {one.get("Sid") for one in present if isinstance(one, dict)}
    sid = statement["Sid"]
    while sid in taken:  # somebody has changed the statement that had it
        sid += "0"
    document["Statement"] = [*present, {**statement, "Sid": sid}]
    # AWS counts what is put, and it is put without spaces
    if len(json.dumps(document, separators=(",", ":")).encode()) > _POLICY_LIMIT:
        raise NotMendable(
            "the log bucket's policy would be longer than the 20 KB that AWS takes: replace the "
            "statements of single buckets with one of a wildcard"
        )
    return document


class _Planner:
    """What is planned so far: later changes build on what earlier ones will have made."""

    def __init__(
        self, place: Place, seen: Sequence[BucketSeen], configs: Mapping[str, TargetConfig]
    ) -> None:
        self._place = place
        self._as_seen = configs
        self._configs = dict(configs)
        self._log_buckets = log_buckets(seen)
        self._is_sensitive = {one.name: one.is_sensitive for one in seen}
        self._logs_to = {
            one.name: one.status if isinstance(one.status, Refusal) else one.target for one in seen
        }
        self._sources: dict[str, list[Source]] = {}
        self._keys: dict[str, list[str]] = {}
        for one in seen:
            if one.source and one.target:
                self._note_source(one.source, one.target)
        self._whys: dict[str, list[str]] = {}
        self._logging: list[Change] = []
        self._notes: list[Note] = []
        self._serving = Counter(
            {
                name: sum(self._judged(one, name)[0] is TargetState.DELIVERABLE for one in sources)
                for name, sources in self._sources.items()
            }
        )

    def mend(self, one: BucketSeen) -> None:
        """Plan what the bucket needs, or note why there is nothing to plan."""
        if isinstance(one.status, Refusal):
            self._note(one, why_unread(one.status, one.region))
        elif one.source is None or one.target is None:
            if one.name not in self._log_buckets:
                self._turn_on(one)
        else:
            self._mend_target(one, one.source, one.target)

    def plan(self) -> Plan:
        """Policies first: a log that is turned on before it may be written is lost."""
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

    # ---- one bucket --------------------------------------------------------------------------

    def _turn_on(self, one: BucketSeen) -> None:
        place = self._place
        bare = Source(
            one.name,
            one.region or "",
            place.account_id,
            PREFIX,
            KeyLayout.DELIVERY_TIME,
            partition=place.partition,
        )
        chosen = self._choose(bare, self._prefixes)
        if chosen is None:
            self._note(one, Reason.LOGGING_OFF, self._no_log_bucket(one))
            return
        target, source = chosen
        enabled = {
            "TargetBucket": target,
            "TargetPrefix": source.target_prefix,
            "TargetObjectKeyFormat": copy.deepcopy(_KEY_FORMAT),
        }
        self._log_to(one, source, enabled, "logging_off: no access log is configured")

    def _mend_target(self, one: BucketSeen, source: Source, target: str) -> None:
        state, reasons = self._judged(source, target)
        broken = set(reasons) if state is TargetState.BROKEN else set()
        if state is TargetState.DELIVERABLE:
            return
        if one.name in self._log_buckets:
            told = "a log bucket's own logging is left to a person, so that no log ends in itself"
            self._notes += [Note(one.name, reason, told) for reason in reasons]
        elif broken & _BY_TARGET:
            self._redirect(one, source, reasons)
        elif broken and broken <= _BY_STATEMENT:
            self._let_in(one, source, target, reasons)
        else:
            for reason in reasons:
                self._note(one, reason)

    def _redirect(self, one: BucketSeen, source: Source, reasons: Sequence[Reason]) -> None:
        """Another target, and everything else of the configuration as it is."""
        chosen = self._choose(source, lambda _: [source.target_prefix])
        if chosen is None:
            self._note(one, reasons[0], self._no_log_bucket(one))
            return
        enabled = {**copy.deepcopy(one.configured["LoggingEnabled"]), "TargetBucket": chosen[0]}
        why = (
            f"{', '.join(reasons)}: {one.target} takes no log of it, and S3 would refuse to go "
            "back to it"
        )
        self._log_to(one, source, enabled, why)

    def _let_in(
        self, one: BucketSeen, source: Source, target: str, reasons: Sequence[Reason]
    ) -> None:
        try:
            self._configs[target] = self._allowing(source, target)
        except (NotMendable, PolicyUnreadable) as error:
            self._note(one, reasons[0], str(error))
            return
        self._remember_policy(target, f"{one.name}: {', '.join(reasons)}")
        for reason in self._judged(source, target)[1]:
            self._note(one, reason)

    def _log_to(self, one: BucketSeen, source: Source, enabled: Document, why: str) -> None:
        target = enabled["TargetBucket"]
        if self._judged(source, target)[0] is not TargetState.DELIVERABLE:
            self._configs[target] = self._allowing(source, target)
            self._remember_policy(target, f"{one.name}: is to log here")
        after = {"LoggingEnabled": enabled}
        self._logging.append(Change(one.name, Operation.PUT_LOGGING, one.configured, after, why))
        self._note_source(source, target)
        self._logs_to[one.name] = target

    # ---- which log bucket --------------------------------------------------------------------

    def _choose(
        self, source: Source, prefixes: Callable[[str], Sequence[str]]
    ) -> tuple[str, Source] | None:
        """The log bucket that serves most sources of the Region, and the source as it logs there.

        One that serves some comes before one that nobody's log was seen to reach, then one whose
        policy needs no change before one that needs a statement.
        """
        options = [
            (not self._serving[name], not is_open, -self._serving[name], name, order, wanted)
            for name in sorted(self._log_buckets - {source.bucket_name})
            # what may hold secrets is offered to nobody, as the marts offer it to nobody
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
        """True where `source` can log to `target` as it is, False where a statement lacks."""
        config = self._configs.get(target)
        # an account has log buckets in many Regions, and the rest takes longer
        if config is None or config.region != source.region or self._harms(source, config):
            return
        if targets.judge(source, config).state is TargetState.DELIVERABLE:
            yield True
            return
        # a bucket that serves nobody and lets in only others is no log bucket for everybody
        if self._serving[target]:
            try:
                allowing = self._allowing(source, target)
            except (NotMendable, PolicyUnreadable):
                return
            if targets.judge(source, allowing).state is TargetState.DELIVERABLE:
                yield False

    def _harms(self, source: Source, config: TargetConfig) -> bool:
        """Would the log be mistaken for another's there, or another's for it?"""
        name = config.bucket_name
        before = self._keys.get(name, [])
        after = before.copy()
        insort(after, log_key(source))

        def weak(one: Source, keys: list[str]) -> set[str]:
            return set(_HARM.intersection(weaknesses.judge(one, config, keys, self._logs_to, 1)))

        # a partitioned key lies below no other partitioned one: an account has thousands of them
        concerned = (
            one
            for one in self._sources.get(name, [])
            if KeyLayout.SIMPLE in {one.key_layout, source.key_layout}
        )
        return bool(weak(source, after)) or any(
            weak(one, after) - weak(one, before) for one in concerned
        )

    def _prefixes(self, target: str) -> list[str]:
        """What several log under there, the most common first, and Lacuna's own: a prefix that one
        source alone has may be that source's name."""
        used = Counter(
            one.target_prefix
            for one in self._sources.get(target, [])
            if one.key_layout == KeyLayout.DELIVERY_TIME
        )
        habits = [prefix for prefix, sources in used.most_common() if sources > 1]
        return list(dict.fromkeys([*habits, PREFIX]))

    def _allowing(self, source: Source, target: str) -> TargetConfig:
        config = self._configs[target]
        if isinstance(config.policy, Refusal):
            raise NotMendable("the log bucket's policy could not be read")
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

    def _note(self, one: BucketSeen, reason: Reason, text: str | None = None) -> None:
        told = text or _BY_HAND.get(reason) or "see the recommendation of fct_logging_coverage"
        self._notes.append(Note(one.name, reason, told))

    def _no_log_bucket(self, one: BucketSeen) -> str:
        told = (
            f"no log bucket of this account in {one.region or 'its Region'} takes it without harm "
            "(nothing may forbid the delivery, no two buckets' keys may mix, its own log may start no "
            "chain, and it must not be sensitive): deploy infra/log_bucket.yaml there, and plan again"
        )
        hidden = sorted(
            name
            for name, config in self._configs.items()
            if config.existence is Existence.OURS
            and config.region == one.region
            and self._is_sensitive.get(name) is None
        )
        return f"{told}; it is not known if {', '.join(hidden)} is sensitive" if hidden else told


def _document(policy: str | Refusal | None) -> Document | None:
    return parsed_policy(policy) if isinstance(policy, str) else None


def _lets_in(policy: str) -> bool:
    """Does a statement allow something to the log service by its name?"""
    try:
        found = statements(parsed_policy(policy))
    except PolicyUnreadable:
        return False
    return any(LOG_SERVICE in _services(one) for one in found if isinstance(one, dict))


def _services(statement: Mapping[str, Any]) -> list[Any]:
    principal = statement.get("Principal")
    if statement.get("Effect") != "Allow" or not isinstance(principal, dict):
        return []
    named = principal.get("Service")
    return named if isinstance(named, list) else [named]
