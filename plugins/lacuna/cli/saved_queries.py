"""Saved queries: the files of dbt_project/analyses, and what fills their question marks.

A file begins with a comment: the sentence that the query answers, then a line for each question
mark, in their order. A value is passed to Athena beside the query and never becomes SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from lacuna.text import meant, visible

FOLDER = Path(__file__).parents[3] / "dbt_project" / "analyses"

YESTERDAY = "yesterday"

_PARAMETER = re.compile(
    r"(?P<name>[a-z][a-z_]*) \((?P<type>text|number|day)(?:, default (?P<default>[^)]+))?\): (?P<meaning>.+)"
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"-?\d{1,18}")


class WrongQuestion(ValueError):
    """A query that is not saved, or a parameter that it does not take. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What fills one question mark. `default` is a value, or the name of another parameter."""

    name: str
    type: str
    default: str | None
    meaning: str

    def __str__(self) -> str:
        """Return the parameter as it is written in PARAMS, in brackets if it may be left out."""
        if self.default is None:
            return f"{self.name}=…"
        return f"[{self.name}={self.default}]"


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query, the sentence that it answers, and its parameters in the order of its question marks."""

    name: str
    sentence: str
    parameters: tuple[Parameter, ...]
    sql: str


def every() -> list[SavedQuery]:
    """Return the saved queries, by name."""
    return [parsed(path.stem, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.sql"))]


def find(name: str) -> SavedQuery:
    """Return a saved query. Raises WrongQuestion, with the nearest name."""
    known = {query.name: query for query in every()}
    if name in known:
        return known[name]
    raise WrongQuestion(
        f"there is no saved query '{visible(name)}'.{meant(name, known)} To see all: make ask LIST=1"
    )


def parsed(name: str, sql: str) -> SavedQuery:
    """Return the query of a text; without such a comment it has no parameters."""
    sentence, *parts = _paragraphs(sql) or [""]
    found = [_PARAMETER.fullmatch(part) for part in parts]
    parameters = tuple(
        Parameter(one["name"], one["type"], _unquoted(one["default"]), one["meaning"])
        for one in found
        if one
    )
    return SavedQuery(name, sentence, parameters, sql)


def _paragraphs(sql: str) -> list[str]:
    """Return what the comment at the head says: an indented line goes on with the line before."""
    parts: list[str] = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line.removeprefix("--").removeprefix(" ")
        if text.startswith("  ") and parts:
            parts[-1] += f" {text.strip()}"
        elif text.strip():
            parts.append(text.strip())
    return parts


def _unquoted(default: str | None) -> str | None:
    return default.strip("'") if default else default


def values(query: SavedQuery, given: Mapping[str, str], today: date) -> list[tuple[Parameter, str]]:
    """Return the value of each parameter, in the order of the question marks.

    Raises WrongQuestion, with a line for each parameter that is missing, unknown or wrong.
    """
    chosen = dict(_chosen(query.parameters, given, today))
    problems = list(_problems(query, given, chosen))
    if problems:
        raise WrongQuestion("\n".join([*problems, usage(query)]))
    return [(parameter, chosen[parameter.name]) for parameter in query.parameters]


def _chosen(
    parameters: Sequence[Parameter], given: Mapping[str, str], today: date
) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each parameter that has one, given or by default."""
    so_far: dict[str, str] = {}
    for parameter in parameters:
        value = given.get(parameter.name, parameter.default)
        if value is None:
            continue
        if parameter.name not in given:
            value = so_far.get(value, value)
        if parameter.type == "day" and value == YESTERDAY:
            value = str(today - timedelta(days=1))
        so_far[parameter.name] = value
        yield parameter.name, value


def _problems(
    query: SavedQuery, given: Mapping[str, str], chosen: Mapping[str, str]
) -> Iterator[str]:
    names = [parameter.name for parameter in query.parameters]
    for name in given:
        if name not in names:
            yield f"{query.name} has no parameter '{visible(name)}'.{meant(name, names)}"
    for parameter in query.parameters:
        if parameter.name not in chosen:
            yield f"{parameter.name} is missing: {parameter.meaning}"
        elif problem := _problem(parameter, chosen[parameter.name]):
            yield problem
    since, until = chosen.get("since", ""), chosen.get("until", "")
    if _is_day(since) and _is_day(until) and since > until:
        yield f"since ({since}) is after until ({until})"


def _problem(parameter: Parameter, value: str) -> str | None:
    """Say what is wrong with a value; None if nothing is."""
    shown = f"{parameter.name} is '{visible(value)}'"
    if parameter.type == "day" and not _is_day(value):
        return f"{shown}, not a day like 2026-11-21 (UTC) or {YESTERDAY}"
    if parameter.type == "number" and not _NUMBER.fullmatch(value):
        return f"{shown}, not a whole number"
    return None


def _is_day(value: str) -> bool:
    if not _DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def literal(parameter: Parameter, value: str) -> str:
    """Return a value as an SQL literal: all but numbers is text, also a day."""
    return value if parameter.type == "number" else "'" + value.replace("'", "''") + "'"


def usage(query: SavedQuery) -> str:
    """Return the command that asks a query."""
    words = " ".join(map(str, query.parameters))
    return f"make ask QUERY={query.name}" + (f" PARAMS='{words}'" if words else "")
