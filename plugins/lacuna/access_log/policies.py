"""Decide whether a bucket policy allows a service principal one action. Pure, three-valued.

AWS's rule: an explicit Deny wins, otherwise an Allow is needed. If a statement tests something that
cannot be known outside AWS (the service's address, an organization's id), its answer is None,
"unknown", and never a guess.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import ge, gt
from typing import Any

from lacuna import globs

# Three-valued truth: None is "unknown"
Truth = bool | None

# In a resource these stand for a digit, and for a letter or digit, that differ from key to key. No
# bucket's configuration can contain them, because XML has no such characters.
DIGIT, LETTER = "\x00", "\x01"

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
# In the older version of the language, which is the default, `${...}` is plain text.
_WITH_VARIABLES = "2012-10-17"


class Decision(StrEnum):
    """What the policy decides about one request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_ALLOWED = "not_allowed"
    UNCERTAIN = "uncertain"


class PolicyUnreadable(ValueError):
    """The text is not a policy document."""


# The account of S3's log delivery, as policies on the web name it; AWS documents it nowhere.
_LOG_DELIVERY = "858827067514"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a policy sees it.

    `context` has the condition keys whose values are known, in lower case. `absent` are keys that
    the request certainly does not carry (a trailing '*' stands for any ending). `at_least` are keys
    that are absent or have at least this number. The value of any other key is unknown outside AWS.
    A resource may contain DIGIT and LETTER.
    """

    service: str
    action: str
    resources: tuple[str, ...]
    context: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    at_least: Mapping[str, float] = field(default_factory=dict)
    has_variables: bool = True

    def is_absent(self, key: str) -> bool:
        return any(
            key.startswith(name[:-1]) if name.endswith("*") else key == name for name in self.absent
        )


def decide(policy: str | None, request: Request) -> Decision:
    """Decide about `request`. `policy` is JSON text, or None if the bucket has no policy."""
    if policy is None:
        return Decision.NOT_ALLOWED
    allows: list[Truth] = []
    denies: list[Truth] = []
    statements, request = _read(policy, request)
    for statement in statements:
        effect = statement.get("Effect")
        if not isinstance(effect, str) or effect not in {"Allow", "Deny"}:
            raise PolicyUnreadable("a statement has no Effect")
        (denies if effect == "Deny" else allows).append(_applies(statement, request))
    if any(deny is True for deny in denies):
        return Decision.DENIED
    if all(allow is False for allow in allows):
        return Decision.NOT_ALLOWED
    if any(deny is None for deny in denies) or not any(allow is True for allow in allows):
        return Decision.UNCERTAIN
    return Decision.ALLOWED


def denial(policy: str | None, request: Request) -> Truth:
    """Return whether a Deny of `policy` applies to `request`, whatever its Allows say."""
    return _any_applies("Deny", policy, request)


def allowance(policy: str | None, request: Request) -> Truth:
    """Return whether an Allow of `policy` applies to `request`, whatever its Denies say."""
    return _any_applies("Allow", policy, request)


def _any_applies(effect: str, policy: str | None, request: Request) -> Truth:
    if policy is None:
        return False
    statements, request = _read(policy, request)
    return _any(
        _applies(statement, request)
        for statement in statements
        if statement.get("Effect") == effect
    )


def allows_part(policy: str | None, request: Request) -> bool:
    """Return whether an Allow fits in everything, except that its Resource covers only some keys."""
    if policy is None:
        return False
    statements, request = _read(policy, request)
    return any(
        _names_all(statement, request) is None
        and all(truth is True for truth in _other_truths(statement, request))
        for statement in statements
        if statement.get("Effect") == "Allow"
    )


def may_match(pattern: str, text: str) -> Truth:
    """Return whether `pattern` matches every text that `text` stands for by DIGIT and LETTER."""
    if globs.matches(pattern, text):
        return True
    return None if globs.matches(pattern, text, _may_be) else False


def may_begin(prefix: str, text: str) -> bool:
    """Return whether a text that `text` stands for can begin with `prefix`."""
    return len(prefix) <= len(text) and all(map(_may_be, prefix, text))


def _may_be(wanted: str, character: str) -> bool:
    if character == DIGIT:
        return wanted.isdigit()
    return wanted.isalnum() if character == LETTER else wanted == character


def _read(policy: str, request: Request) -> tuple[list[Mapping[str, Any]], Request]:
    """Return the policy's statements, and the request as seen by the policy's language version."""
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError) as error:
        raise PolicyUnreadable("the policy is not JSON") from error
    if not isinstance(document, dict):
        raise PolicyUnreadable("the policy is not a JSON object")
    statements = _listed(document.get("Statement"))
    if not all(isinstance(statement, dict) for statement in statements):
        raise PolicyUnreadable("a statement is not a JSON object")
    return statements, replace(request, has_variables=document.get("Version") == _WITH_VARIABLES)


def _applies(statement: Mapping[str, Any], request: Request) -> Truth:
    return _all((*_other_truths(statement, request), _names_all(statement, request)))


def _other_truths(statement: Mapping[str, Any], request: Request) -> tuple[Truth, ...]:
    """Return the truth of every element but the resources."""
    return (
        _principal(statement, request.service),
        _element(statement, "Action", lambda value: _names_action(value, request.action)),
        _conditions_hold(statement.get("Condition"), request),
    )


def _names_all(statement: Mapping[str, Any], request: Request) -> Truth:
    return _element(statement, "Resource", lambda value: _names_resources(value, request))


def _principal(statement: Mapping[str, Any], service: str) -> Truth:
    named = _element(statement, "Principal", lambda value: _names_service(value, service))
    # AWS supports NotPrincipal in a Deny only, and does not document what it means in an Allow.
    if not named or "NotPrincipal" not in statement:
        return named
    if statement.get("Effect") == "Allow" or _may_spare_the_log_service(statement["NotPrincipal"]):
        return None
    return named


def _may_spare_the_log_service(principal: Any) -> bool:
    """Does a Deny spare the account that S3 has delivered access logs from, or a canonical user?

    Some policies name it, and AWS does not document whether the service is then spared.
    """
    if not isinstance(principal, dict):
        return False
    accounts = [str(value) for value in _listed(principal.get("AWS"))]
    return "CanonicalUser" in principal or any(_LOG_DELIVERY in account for account in accounts)


def _element(statement: Mapping[str, Any], name: str, matches: Callable[[Any], Truth]) -> Truth:
    if name in statement:
        return matches(statement[name])
    if f"Not{name}" in statement:
        return _not(matches(statement[f"Not{name}"]))
    return False


def _names_service(principal: Any, service: str) -> Truth:
    """'*' is everyone, service principals included; so is {"AWS": "*"} in a resource policy."""
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return "*" in _listed(principal.get("AWS")) or any(
        value in ("*", service) for value in _listed(principal.get("Service"))
    )


def _names_action(actions: Any, action: str) -> Truth:
    return any(globs.matches(str(pattern).lower(), action.lower()) for pattern in _listed(actions))


def _names_resources(patterns: Any, request: Request) -> Truth:
    """Return True if the patterns cover every key that is written, None if only some of them."""
    resolved = [_resolved(str(pattern), request) for pattern in _listed(patterns)]
    covered = [
        _any(None if pattern is None else may_match(pattern, resource) for pattern in resolved)
        for resource in request.resources
    ]
    return covered[0] if len(set(covered)) == 1 else None


def _conditions_hold(condition: Any, request: Request) -> Truth:
    if not condition:
        return True
    if not isinstance(condition, dict):
        raise PolicyUnreadable("a Condition is not a JSON object")
    truths: list[Truth] = []
    for operator, tests in condition.items():
        if not isinstance(tests, dict):
            raise PolicyUnreadable("a Condition's operator holds no JSON object")
        truths += [
            _test(operator.lower(), key.lower(), _listed(values), request)
            for key, values in tests.items()
        ]
    return _all(truths)


def _test(operator: str, key: str, values: list[Any], request: Request) -> Truth:
    quantifier, _, name = operator.rpartition(":")
    name, if_exists = name.removesuffix("ifexists"), name.endswith("ifexists")
    negated = "not" in name
    positive = name.replace("not", "", 1)
    if name == "null":
        return _null_holds(values, key, request)
    if request.is_absent(key):
        if if_exists or quantifier == "forallvalues":
            return True
        return negated and quantifier != "foranyvalue"
    if key in request.at_least and not if_exists and quantifier != "forallvalues":
        return _is_less(positive, values, request.at_least[key])
    if key not in request.context or positive not in _COMPARISONS:
        return None
    actual = request.context[key]
    equal = _any(_compared(positive, _text(value), actual, request) for value in values)
    return _not(equal) if negated else equal


def _is_less(operator: str, values: list[Any], least: float) -> Truth:
    """Return False if the key, which is absent or at least `least`, cannot be less; else None."""
    if operator not in _LESS:
        return None
    try:
        return (
            False if all(_LESS[operator](least, float(_text(value))) for value in values) else None
        )
    except ValueError:
        return None


def _null_holds(values: list[Any], key: str, request: Request) -> Truth:
    """Evaluate the Null operator: is the key absent, as the value demands?

    AWS does not document other values than `true` and `false`, not even `True`.
    """
    is_absent = request.is_absent(key)
    if not is_absent and key not in request.context:
        return None
    wanted = "true" if is_absent else "false"
    texts = map(_text, values)
    return _any(text == wanted if text in {"true", "false"} else None for text in texts)


def _compared(operator: str, wanted: str, actual: str, request: Request) -> Truth:
    resolved = _resolved(wanted, request)
    return None if resolved is None else _COMPARISONS[operator](resolved, actual)


def _arn_matches(pattern: str, arn: str) -> Truth:
    """Compare as ArnEquals and ArnLike do: wildcards do not cross the first five colons.

    AWS does not document patterns with fewer parts than an ARN, except for a bare '*'.
    """
    wanted, actual = pattern.split(":", 5), arn.split(":", 5)
    if len(wanted) != len(actual):
        return pattern == "*" or (None if globs.matches(pattern, arn) else False)
    return all(globs.matches(part, other) for part, other in zip(wanted, actual, strict=True))


# Whether a number that is at least the first certainly fails the operator with the second
_LESS: Mapping[str, Callable[[float, float], bool]] = {
    "numericlessthan": ge,
    "numericlessthanequals": gt,
}

_COMPARISONS: Mapping[str, Callable[[str, str], Truth]] = {
    "stringequals": lambda wanted, actual: wanted == actual,
    "stringequalsignorecase": lambda wanted, actual: wanted.lower() == actual.lower(),
    "stringlike": globs.matches,
    "arnequals": _arn_matches,
    "arnlike": _arn_matches,
    "bool": lambda wanted, actual: wanted.lower() == actual.lower(),
}


def _resolved(text: str, request: Request) -> str | None:
    """Return `text` with its policy variables filled in; None if one is unknown.

    `${*}` and `${?}` are unknown: no comparison here can distinguish them from wildcards.
    """
    if not request.has_variables:
        return text
    known = {**request.context, "$": "$"}
    if any(name.lower() not in known for name in _VARIABLE.findall(text)):
        return None
    return _VARIABLE.sub(lambda match: known[match[1].lower()], text)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _all(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    if any(truth is False for truth in known):
        return False
    return None if any(truth is None for truth in known) else True


def _any(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    if any(truth is True for truth in known):
        return True
    return None if any(truth is None for truth in known) else False
