"""S3's documents about logging: parse them without loss, and compare what they mean. Pure.

AWS returns some documents in another form than they were put: the order of values, a list around a
single value, defaults written out. Two documents that mean the same are the same here.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from lacuna.access_log.policies import PolicyUnreadable
from lacuna.access_log.sources import date_source

# A BucketLoggingStatus, or a bucket policy (None: the bucket has none)
Document = dict[str, Any]

_OLDER_VERSION = "2008-10-17"  # of a policy that names none


class Operation(StrEnum):
    """The call that puts a document."""

    PUT_LOGGING = "PutBucketLogging"
    PUT_POLICY = "PutBucketPolicy"


def same(operation: Operation, document: Document | None, other: Document | None) -> bool:
    """Return whether two documents mean the same."""
    meaning = _logging_meaning if operation is Operation.PUT_LOGGING else _policy_meaning
    return meaning(document) == meaning(other)


def parsed_policy(text: str) -> Document:
    """Parse a bucket's policy. One that repeats a name in an object cannot be read without loss."""
    try:
        document = json.loads(text, object_pairs_hook=once_each)
    except (ValueError, RecursionError) as error:
        raise PolicyUnreadable("the policy is not JSON, or names something twice") from error
    if not isinstance(document, dict):
        raise PolicyUnreadable("the policy is not a JSON object")
    return document


def statements(policy: Document | None) -> list[Any]:
    """Return a policy's statements; AWS accepts a single one without a list around it."""
    statement = (policy or {}).get("Statement", [])
    return statement if isinstance(statement, list) else [statement]


def lifecycle_filter(rule: Mapping[str, Any]) -> Document:
    """Return what a lifecycle rule is about: in an And, alone, or (the older form) beside it."""
    chosen = rule.get("Filter") or {}
    parts = {**chosen, **chosen.get("And", {})}
    parts.pop("And", None)
    prefix = parts.pop("Prefix", None) or rule.get("Prefix")
    return {"Prefix": prefix, **parts} if prefix else parts


def canonical(document: object) -> str:
    """Return one line of JSON, the same for documents that are equal."""
    return as_json(document, sort_keys=True)


def once_each(pairs: list[tuple[str, Any]]) -> Document:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name is repeated")
    return document


def _logging_meaning(status: Document | None) -> object:
    enabled = (status or {}).get("LoggingEnabled")
    if not enabled:
        return None
    return {
        **enabled,
        "TargetPrefix": enabled.get("TargetPrefix") or "",
        "TargetObjectKeyFormat": date_source(enabled.get("TargetObjectKeyFormat") or {}),
        "TargetGrants": sorted(map(_grant_meaning, enabled.get("TargetGrants") or [])),
    }


def _grant_meaning(grant: Document) -> str:
    # S3 no longer returns display names everywhere; the id beside the name identifies the grantee
    grantee = {k: v for k, v in grant.get("Grantee", {}).items() if k != "DisplayName" and v}
    return canonical({**grant, "Grantee": grantee})


def _policy_meaning(policy: Document | None) -> object:
    if policy is None:
        return None
    rest = {name: value for name, value in policy.items() if name != "Statement"}
    meanings = sorted(canonical(plain(statement)) for statement in statements(policy))
    return {"Version": _OLDER_VERSION, **rest, "Statement": meanings}


def plain(value: object) -> object:
    """Return a statement without what has no meaning: the order of values, a list around one."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        values = sorted({canonical(plain(part)) for part in value})
        return json.loads(values[0]) if len(values) == 1 else [json.loads(part) for part in values]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def as_json(document: object, **options: Any) -> str:
    # ASCII only, and JSON escapes every control character but one
    return json.dumps(document, **options).replace("\x7f", "\\u007f")
