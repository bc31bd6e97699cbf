"""A plan of changes to how buckets are logged: its file, its diff, and its undo. Pure.

Anybody may have written a plan file, so `read` refuses what no plan of Lacuna's does. A plan adds
statements to a policy that allow the log service to write for one bucket of the account, turns
logging on, or changes the target of a log. It removes nothing: no statement, no log. Only an undo
does that, and `unproven` finds the changes of an undo that were never made. So neither a mistake nor
a stranger opens a bucket or ends a log. Whether logs can be delivered to a target is checked when
the plan is applied.
"""

import difflib
import hashlib
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lacuna.access_log.documents import (
    Document,
    Operation,
    as_json,
    canonical,
    once_each,
    plain,
    statements,
)
from lacuna.access_log.targets import LOG_SERVICE, PARTITIONS
from lacuna.text import visible

SCHEMA = 1

# How the Sid of Lacuna's own statements begins, which identifies them
SID = "LacunaLogDelivery"

_POLICY_VERSION = "2012-10-17"
_ARN = re.compile(rf"arn:(?P<partition>{'|'.join(PARTITIONS)}):s3:::(?P<rest>.+)", re.DOTALL)
_BUCKET_NAME = re.compile(r"[A-Za-z0-9._-]+")
# Characters that a policy interprets
_WILDCARDS = frozenset("*?$")
_UNSET = "(no policy)"


class PlanError(ValueError):
    """The file has no plan that may be applied; the message says why."""


@dataclass(frozen=True, slots=True)
class Change:
    """One document of one bucket: before, after, and the reason."""

    bucket: str
    operation: Operation
    before: Document | None
    after: Document | None
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """A fault that no plan repairs, and what a person must do instead."""

    bucket: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order in which to make them. `undo_of`: the id of the plan that it undoes."""

    account_id: str
    region: str
    made_at: datetime
    changes: tuple[Change, ...]
    notes: tuple[Note, ...] = ()
    undo_of: str | None = None

    @property
    def plan_id(self) -> str:
        """An id that follows from the content, so that no other plan has it."""
        return hashlib.sha256(written(self).encode()).hexdigest()[:16]


# ---- plans -----------------------------------------------------------------------------------


def depends(later: Change, earlier: Change) -> bool:
    """Return whether `later` needs `earlier` to be made: the same bucket, or its target."""
    return (
        later.bucket == earlier.bucket
        or later.bucket in _targets(earlier)
        or earlier.bucket in _targets(later)
    )


def undone(plan: Plan, made: list[tuple[Change, Document | None]], made_at: datetime) -> Plan:
    """Return the plan that undoes `made`: changes, and the documents as they were read back."""
    changes = tuple(
        Change(
            change.bucket,
            change.operation,
            before=now,
            after=change.before,
            why=f"undo of plan {plan.plan_id}: {change.why}",
        )
        for change, now in reversed(made)
    )
    return Plan(plan.account_id, plan.region, made_at, changes, undo_of=plan.plan_id)


def unproven(undo: Plan, rows: Iterable[Mapping[str, Any]], made: Iterable[str]) -> list[Change]:
    """Return the changes of an undo that the evidence does not show to have been made.

    `rows` are those of lacuna_evidence.remediations for the day on which the plan was applied.
    `made` are the outcomes after which a document is as its plan wanted it.
    """
    outcomes = frozenset(made)
    done = {
        (row["bucket_name"], row["operation"], row["before"], document)
        for row in rows
        if (row["plan_id"], row["account_id"]) == (undo.undo_of, undo.account_id)
        and row["outcome"] in outcomes
        for document in (row["after"], row["found"])
    }
    return [
        change
        for change in undo.changes
        if (
            change.bucket,
            change.operation.value,
            canonical(change.after),
            canonical(change.before),
        )
        not in done
    ]


def _targets(change: Change) -> set[str]:
    if change.operation is not Operation.PUT_LOGGING:
        return set()
    documents = (change.before or {}, change.after or {})
    return {_target(document) for document in documents if "LoggingEnabled" in document}


def _target(status: Document) -> str:
    return str(status["LoggingEnabled"]["TargetBucket"])


# ---- as a file -------------------------------------------------------------------------------


def written(plan: Plan) -> str:
    """Return the plan as the text of its file."""
    document = {
        "schema": SCHEMA,
        "account_id": plan.account_id,
        "region": plan.region,
        "made_at": plan.made_at.isoformat(),
        "undo_of": plan.undo_of,
        "changes": [
            {
                "bucket": change.bucket,
                "operation": change.operation.value,
                "why": change.why,
                "before": change.before,
                "after": change.after,
            }
            for change in plan.changes
        ],
        "notes": [
            {"bucket": note.bucket, "reason": note.reason, "text": note.text} for note in plan.notes
        ],
    }
    return as_json(document, indent=2) + "\n"


def read(text: str) -> Plan:
    """Parse the text of a plan file. PlanError: it is no plan that Lacuna could have made."""
    try:
        document = json.loads(text, object_pairs_hook=once_each)
    except (ValueError, RecursionError) as error:
        raise PlanError(f"not a plan: it is not JSON ({visible(str(error))})") from error
    if not isinstance(document, dict) or "schema" not in document:
        raise PlanError("not a plan: no JSON object with a schema")
    if document["schema"] != SCHEMA or isinstance(document["schema"], bool):
        raise PlanError(
            f"the plan's schema is {_shown(document['schema'])}, and this version knows {SCHEMA} "
            "only: make the plan again"
        )
    plan = Plan(
        account_id=_text(document, "account_id"),
        region=_text(document, "region"),
        made_at=_moment(document),
        changes=tuple(map(_change, _objects(document, "changes"))),
        notes=tuple(
            Note(_text(note, "bucket"), _text(note, "reason"), _text(note, "text"))
            for note in _objects(document, "notes")
        ),
        undo_of=None if document.get("undo_of") is None else _text(document, "undo_of"),
    )
    for change in plan.changes:
        _refuse_more_than_lacunas(change, plan)
    return plan


def _change(document: Document) -> Change:
    name = _text(document, "operation")
    if name not in set(Operation):
        raise PlanError(f"the plan has the operation {_shown(name)}, which no plan of Lacuna's has")
    return Change(
        bucket=_text(document, "bucket"),
        operation=Operation(name),
        before=_document(document, "before"),
        after=_document(document, "after"),
        why=_text(document, "why"),
    )


def _text(document: Document, name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise PlanError(f"not a plan: {name} is {_shown(value)}, not a text")
    return value


def _moment(document: Document) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(document, "made_at"))
    except ValueError as error:
        raise PlanError(f"not a plan: made_at is {_shown(document.get('made_at'))}") from error
    if moment.tzinfo is None:
        raise PlanError(f"not a plan: made_at is {_shown(document['made_at'])}, of no time zone")
    return moment


def _objects(document: Document, name: str) -> list[Document]:
    value = document.get(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise PlanError(f"not a plan: {name} is not a list of objects")
    return value


def _document(document: Document, name: str) -> Document | None:
    value = document.get(name)
    if name not in document or not isinstance(value, dict | None):
        raise PlanError(f"not a plan: {name} is {_shown(value)}, not a document")
    return value


def _shown(value: object) -> str:
    text = as_json(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _refuse_more_than_lacunas(change: Change, plan: Plan) -> None:
    if change.operation is Operation.PUT_POLICY:
        permitted = _adds_or_takes_only_ours(change, plan.account_id)
    else:
        permitted = _changes_only_the_target(change)
    if not permitted or (plan.undo_of is None and _is_for_undos(change)):
        raise PlanError(
            f"the plan's {change.operation} of {visible(change.bucket)} does more than any plan of "
            "Lacuna's: nothing of it is applied"
        )


def _is_for_undos(change: Change) -> bool:
    """Return whether it removes a statement, ends a log, or sends a bucket's log to itself."""
    if change.operation is Operation.PUT_POLICY:
        return change.after is None or bool(_meanings(change.before) - _meanings(change.after))
    return not change.after or change.after["LoggingEnabled"]["TargetBucket"] == change.bucket


def _adds_or_takes_only_ours(change: Change, account_id: str) -> bool:
    before, after = change.before, change.after
    was, will_be = _meanings(before), _meanings(after)
    moved = [*(was - will_be), *(will_be - was)]
    return _keeps_the_rest(before, after) and all(
        _is_ours(json.loads(statement), change.bucket, account_id) for statement in moved
    )


def _meanings(policy: Document | None) -> Counter[str]:
    return Counter(canonical(plain(statement)) for statement in statements(policy))


def _keeps_the_rest(before: Document | None, after: Document | None) -> bool:
    """Return whether a policy only differs in its statements, or has nothing else."""
    if before is not None and after is not None:
        return {**before, "Statement": 0} == {**after, "Statement": 0}
    whole = before or after or {}
    return set(whole) == {"Version", "Statement"} and whole["Version"] == _POLICY_VERSION


def _is_ours(statement: object, bucket: str, account_id: str) -> bool:
    """Return whether a statement allows nothing but the log service, for one source bucket."""
    match statement:
        case {
            "Sid": str(sid),
            "Effect": "Allow",
            "Principal": {"Service": service, **other_principals},
            "Action": "s3:PutObject",
            "Resource": str(resource),
            "Condition": {
                "ArnLike": {"aws:SourceArn": str(arn), **other_arns},
                "StringEquals": {"aws:SourceAccount": account, **other_keys},
                **other_operators,
            },
            **others,
        }:
            nothing_else = not any(
                (other_principals, other_arns, other_keys, other_operators, others)
            )
            return (
                nothing_else
                and sid.startswith(SID)
                and service == LOG_SERVICE
                and account == account_id
                and _is_below(resource, bucket, of=arn)
            )
    return False


def _is_below(resource: str, bucket: str, of: str) -> bool:
    """Return whether `resource` is a prefix of `bucket`, and `of` a bucket of the same partition."""
    place, source = _ARN.fullmatch(resource), _ARN.fullmatch(of)
    if place is None or source is None or place["partition"] != source["partition"]:
        return False
    key = place["rest"].removeprefix(f"{bucket}/")
    return (
        key != place["rest"]
        and key.endswith("*")
        and not _WILDCARDS & set(key[:-1])
        and _BUCKET_NAME.fullmatch(source["rest"]) is not None
    )


def _changes_only_the_target(change: Change) -> bool:
    """Return whether logging only goes on (or off, as an undo) or to another bucket."""
    documents = [change.before, change.after]
    if not all(document == {} or _is_logging_on(document) for document in documents):
        return False
    before, after = ((document or {}).get("LoggingEnabled") for document in documents)
    if before is None or after is None:
        # grants would let others read, so Lacuna sets none
        return not (before or after or {}).get("TargetGrants")
    return bool({**before, "TargetBucket": ""} == {**after, "TargetBucket": ""})


def _is_logging_on(document: Document | None) -> bool:
    match document:
        case {
            "LoggingEnabled": {"TargetBucket": str(), "TargetPrefix": str(), **options},
            **others,
        }:
            grants = options.pop("TargetGrants", [])
            key_format = options.pop("TargetObjectKeyFormat", {"SimplePrefix": {}})
            return not options and not others and _are_grants(grants) and _is_format(key_format)
    return False


def _are_grants(grants: object) -> bool:
    return isinstance(grants, list) and all(
        isinstance(grant, dict) and isinstance(grant.get("Grantee"), dict) for grant in grants
    )


def _is_format(key_format: object) -> bool:
    match key_format:
        case {"SimplePrefix": dict(), **others} | {"PartitionedPrefix": dict(), **others}:
            return not others
    return False


# ---- to read ---------------------------------------------------------------------------------


def render(plan: Plan) -> str:
    """Return the plan for a person: for each change the reason, the diff and the undo."""
    undoes = f", undoes plan {visible(plan.undo_of)}" if plan.undo_of else ""
    lines = [
        f"plan {plan.plan_id}, made at {plan.made_at:%Y-%m-%d %H:%M:%S} UTC for account "
        f"{visible(plan.account_id)}{undoes}"
    ]
    number = len(plan.changes)
    for at, change in enumerate(plan.changes, start=1):
        lines += ["", f"{at} of {number}  {change.operation} {visible(change.bucket)}"]
        lines += [f"  why   {visible(change.why)}", *_diff(change)]
        lines += [f"  undo  {_undo(change, is_undo=plan.undo_of is not None)}"]
    if not number:
        lines += ["", "nothing to change"]
    if plan.notes:
        lines += ["", "left to a person:"]
        lines += [
            f"  {visible(note.bucket)}: {visible(note.reason)}: {visible(note.text)}"
            for note in plan.notes
        ]
    return "\n".join(lines)


def _diff(change: Change) -> Iterator[str]:
    name = visible(change.bucket)
    what = "BucketLoggingStatus" if change.operation is Operation.PUT_LOGGING else "Policy"
    for line in difflib.unified_diff(
        _pretty(change.before),
        _pretty(change.after),
        f"{name} {what} as seen",
        f"{name} {what} as planned",
        n=4,
        lineterm="",
    ):
        yield visible(line)


def _pretty(document: Document | None) -> list[str]:
    if document is None:
        return [_UNSET]
    if "Statement" in document:
        # without a list around a single statement the diff would show that all of it changes
        document = {**document, "Statement": statements(document)}
    return as_json(document, indent=2).splitlines()


def _undo(change: Change, *, is_undo: bool) -> str:
    bucket = shlex.quote(change.bucket)
    if change.operation is Operation.PUT_LOGGING and change.before and not is_undo:
        # a plan only moves a log away from a target that S3 refuses
        return f"none: S3 would refuse to go back to {visible(_target(change.before))}"
    if change.before is None:
        return visible(f"aws s3api delete-bucket-policy --bucket {bucket}")
    call, option = (
        ("put-bucket-logging", "--bucket-logging-status")
        if change.operation is Operation.PUT_LOGGING
        else ("put-bucket-policy", "--policy")
    )
    return visible(
        f"aws s3api {call} --bucket {bucket} {option} {shlex.quote(as_json(change.before))}"
    )
