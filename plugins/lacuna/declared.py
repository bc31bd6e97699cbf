"""What users declare about their account for the detections: lists, and settings of detections. Pure.

Both come as rows of tables that the user keeps; LACUNA_LISTS_TABLE and LACUNA_DETECTIONS_TABLE.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from lacuna import detections
from lacuna.detections import SEVERITIES, STAGES, Detection
from lacuna.text import meant, visible

Rows = Iterable[Mapping[str, str | None]]
# What the models take: a list's values as they stand in the marts
Lists = dict[str, list[str]]
# By detection: what replaces its entry
Overrides = dict[str, dict[str, str | float]]

# More would make a statement too long
MOST = 1000

_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
_ACCOUNT = re.compile(r"\d{12}|[0-9a-f]{64}")
_ROLE = re.compile(
    r"arn:(?P<partition>[^:]+):iam::(?P<account>\d{12}):role/(?:[^/]+/)*(?P<name>[^/]+)"
)
_PRINCIPAL = re.compile(r"arn:[^:]+:(?:iam|sts)::\d{12}:[\w+=,.@/-]+")


class WrongRow(ValueError):
    """A row of a user's table that says nothing that is understood; the message says what to mend."""


def lists(rows: Rows) -> Lists:
    """Return the values of each list; `rows` have `list_name` and `value`. Raises WrongRow."""
    found: Lists = {}
    for row in rows:
        name, value = row["list_name"] or "", (row["value"] or "").strip()
        if name not in LISTS:
            raise WrongRow(f"there is no list '{visible(name)}'.{meant(name, LISTS)}")
        values = list(LISTS[name](value))
        if not values:
            raise WrongRow(f"'{visible(value)}' is no value of the list {name}: {_MEANT[name]}")
        found[name] = sorted({*found.get(name, []), *values})
    if (number := sum(map(len, found.values()))) > MOST:
        raise WrongRow(f"the lists hold {number} values, and at most {MOST} are possible")
    return found


def _buckets(value: str) -> Iterator[str]:
    if _BUCKET.fullmatch(value):
        yield value


def _accounts(value: str) -> Iterator[str]:
    if _ACCOUNT.fullmatch(value):
        yield value


def _principals(value: str) -> Iterator[str]:
    """A role stands in the logs as the role that was assumed, without its path."""
    if role := _ROLE.fullmatch(value):
        yield f"arn:{role['partition']}:sts::{role['account']}:assumed-role/{role['name']}"
    elif _PRINCIPAL.fullmatch(value):
        yield value


def _networks(value: str) -> Iterator[str]:
    """The beginnings that the addresses of an IPv4 network have: `192.0.2.` of 192.0.2.0/24."""
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        return
    whole = min(-(-network.prefixlen // 8), 3) if network.prefixlen < 25 else 4
    if whole == 0:
        return
    for part in (
        network.subnets(new_prefix=8 * whole) if 8 * whole > network.prefixlen else [network]
    ):
        numbers = str(part.network_address).split(".")[:whole]
        yield ".".join(numbers) + ("." if whole < 4 else "")


LISTS: Mapping[str, Callable[[str], Iterator[str]]] = {
    "public_buckets": _buckets,
    "partners": _accounts,
    "trusted_networks": _networks,
    "automation_roles": _principals,
    "break_glass_roles": _principals,
}
_MEANT = {
    "public_buckets": "the name of a bucket",
    "partners": "an account of 12 digits, or a canonical id",
    "trusted_networks": "an IPv4 network like 192.0.2.0/24, no larger than /8",
    "automation_roles": "the ARN of a role or a user",
    "break_glass_roles": "the ARN of a role or a user",
}


def overrides(rows: Rows) -> Overrides:
    """Return what replaces the entries; `rows` have `detection`, `setting` and `value`."""
    known = {one.name: one for one in detections.every()}
    found: Overrides = {}
    for row in rows:
        name, setting = row["detection"] or "", row["setting"] or ""
        if name not in known:
            raise WrongRow(f"there is no detection '{visible(name)}'.{meant(name, known)}")
        found.setdefault(name, {})[setting] = override(known[name], setting, row["value"] or "")
    return found


def override(detection: Detection, setting: str, text: str) -> str | float:
    """Return the value of one setting of a detection, given as text. Raises WrongRow."""
    words = {"severity": SEVERITIES, "stage": STAGES}
    if setting in words:
        if text not in words[setting]:
            raise WrongRow(
                f"{setting} of {detection.name} is '{visible(text)}', and must be one of "
                f"{', '.join(words[setting])}"
            )
        return text
    numbers = {"floor": detection.floor, "factor": detection.factor, **detection.numbers}
    possible = [name for name, value in numbers.items() if isinstance(value, int | float)]
    if setting not in possible:
        raise WrongRow(
            f"{detection.name} has no setting '{visible(setting)}'; "
            f"it has {', '.join([*words, *possible])}"
        )
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e15:
        raise WrongRow(
            f"{setting} of {detection.name} is '{visible(text)}', and must be a number greater than 0"
        )
    return int(number) if number.is_integer() else number
