"""The regular expressions of RegexSerDe and of queries for DuckDB: what RE2 reads alike, and how an
empty group is told from one that took no part."""

from __future__ import annotations

import itertools
import re
import re._constants as sre  # type: ignore[import-not-found]
import re._parser as sre_parser  # type: ignore[import-not-found]
from dataclasses import dataclass
from typing import Any

from sandbox.athena.errors import AthenaError, refused


@dataclass(frozen=True)
class Group:
    """A capturing group of a Java pattern: its number among DuckDB's captures, and how NULL
    is told from ''."""

    number: int
    condition: str


@dataclass(frozen=True)
class Pattern:
    text: str
    captures: int
    groups: tuple[Group, ...]


def re2_pattern(java: str) -> str:
    """A Java pattern as RE2 reads it alike: Java's \\s knows the vertical tab. Look-around
    cannot be said at all."""
    if re.search(r"(?<!\\)\(\?(?:[=!]|<[=!]|>)|(?<!\\)[*+?}]\+|(?<!\\)\\[1-9]", java):
        raise AthenaError(
            "NOT_SUPPORTED: the sandbox's embedded engine refuses look-around, possessive "
            "quantifiers and back references "
            f"in a regular expression: {java}"
        )
    out, in_class, position = [], False, 0
    while position < len(java):
        pair, char = java[position : position + 2], java[position]
        if pair == "\\s":
            out.append("\\t-\\r\\x20" if in_class else "[\\t-\\r\\x20]")
        elif pair == "\\S" and not in_class:
            out.append("[^\\t-\\r\\x20]")
        elif char == "\\":
            out.append(pair)
        else:
            in_class = (in_class or char == "[") and char != "]"
            out.append(char)
            position -= 1
        position += 2
    return "".join(out)


def groups_of(java: str, ignore_case: bool = False) -> Pattern:
    """A RegexSerDe's pattern for DuckDB: the whole line must match, `.` matches everything.

    DuckDB gives '' for a group that took no part in the match; Hive gives NULL. A group that
    cannot match '' tells by itself; for one that can, a group that cannot and takes part with it
    does. Where none is there, the pattern's other parentheses are captured too, and then asked.
    """
    flags = "si" if ignore_case else "s"
    named_as_python = re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", java)
    for text in (named_as_python, all_capturing(named_as_python)):
        try:
            tree = sre_parser.parse(text, re.DOTALL)
        except (re.error, OverflowError) as error:
            raise AthenaError(f"HIVE_SERDE_ERROR: input.regex: {error}") from error
        groups = _Groups(tree)
        wanted = asked_for(text, len(groups.least))
        told = [groups.told(number) for number in wanted]
        if all(told):
            return Pattern(
                f"^(?{flags}:({re2_pattern(text)}))$",
                len(groups.least) + 1,
                tuple(Group(n, how) for n, how in zip(wanted, told, strict=True) if how),
            )
    raise AthenaError(
        "NOT_SUPPORTED: the sandbox's embedded engine cannot tell an empty group from an absent "
        f"one in {java}; make the optional part hold at least one character"
    )


OPENING = re.compile(
    r"\\Q.*?\\E|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<plain>\(\?:)|(?P<group>\((?!\?)|\(\?P<)", re.S
)
MARK = "(?P<only_a_witness_{}>"


def all_capturing(pattern: str) -> str:
    """The pattern with `(?:` as groups that have a name of our own."""
    numbers = itertools.count()
    return OPENING.sub(lambda m: MARK.format(next(numbers)) if m["plain"] else m[0], pattern)


def asked_for(pattern: str, count: int) -> list[int]:
    """The numbers of the groups that are columns: those that `all_capturing` did not add."""
    ours = MARK.partition("{")[0]
    opened = [m for m in OPENING.finditer(pattern) if m["group"]]
    kept = [n for n, m in enumerate(opened, 1) if not pattern.startswith(ours, m.start())]
    assert len(opened) == count
    return kept


class _Groups:
    """Which groups of a parsed pattern may be absent or match '', and what tells that they took
    part."""

    def __init__(self, tree: Any) -> None:
        self.least: dict[int, int] = {}
        self._taking_part: dict[int, str | None] = {}
        self._sure: set[int] = set()
        self._walk(tree, "x.g0 <> ''" if tree.getwidth()[0] else "{matched}", sure=True)

    def _walk(self, tree: Any, told: str | None, sure: bool) -> None:
        """`told` is a condition that holds where this part of the pattern took part in the match,
        `sure` says that it does in every match."""
        for op, value in tree:
            if op is sre.SUBPATTERN:
                number, _, _, inner = value
                if number:
                    self.least[number], self._taking_part[number] = inner.getwidth()[0], told
                    self._sure |= {number} if sure else set()
                self._walk(inner, told, sure)
            elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
                if value[1] > 1 and not value[2].getwidth()[0] and _holds_group(value[2]):
                    raise refused("a repeated group that may be empty")  # what it holds at the end
                if value[0]:
                    self._walk(value[2], told, sure)
                else:
                    self._walk(value[2], self._by_its_own(value[2]), sure=False)
            elif op is sre.BRANCH:
                for branch in value[1]:
                    others = [self._sure_group(b) for b in value[1] if b is not branch]
                    absent = " and ".join(f"x.g{n} = ''" for n in others if n)
                    by_others = f"{absent} and {told}" if sure and all(others) else None
                    self._walk(branch, self._by_its_own(branch) or by_others, sure=False)

    def sure(self, number: int) -> bool:
        """Does the group take part in every match?"""
        return number in self._sure

    def _by_its_own(self, part: Any) -> str | None:
        group = self._sure_group(part)
        return f"x.g{group} <> ''" if group else None

    @staticmethod
    def _sure_group(part: Any) -> int | None:
        """A group that takes part whenever a part of the pattern does, and never matches ''."""
        for op, value in part:
            if op is sre.SUBPATTERN and value[0] and value[3].getwidth()[0] > 0:
                return int(value[0])
        return None

    def told(self, number: int) -> str | None:
        """The group's value in SQL, NULL where it took no part; None where that cannot be told."""
        if self.least[number] > 0:
            return "nullif({0}, '')"
        taking_part = self._taking_part[number]
        return f"case when {taking_part} then {{0}} end" if taking_part else None


def _holds_group(tree: Any) -> bool:
    return any(
        (op is sre.SUBPATTERN and value[0] is not None) or any(map(_holds_group, _inside(value)))
        for op, value in tree
    )


def _inside(value: Any) -> list[Any]:
    """The parts of a pattern that one of its operators holds."""
    if isinstance(value, sre_parser.SubPattern):
        return [value]
    return [p for one in value for p in _inside(one)] if isinstance(value, (tuple, list)) else []


# A regular expression in a query: the constructs that Athena's engine and RE2 read alike.
ALIKE = re.compile(
    r"""(?:
        \\[dDwWsStrn] | \\[^\w\s] | [^\\\[\](){}*+?|^$]                # a character or a class
      | \[\^?(?:\\[dDwWsStrn]|\\[^\w\s]|[^\\\[\]&^]|&(?!&))+\]         # a set
      | \(\?: | \((?!\?) | \) | \| | \^ | \$
      | (?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})\??(?![*+?{])                # a quantifier
    )*""",
    re.X | re.S,
)


@dataclass(frozen=True)
class QueryPattern:
    """A regular expression of a query, as RE2 reads it."""

    text: str
    has_end: bool  # `$`, which in Athena also matches before a last line feed
    groups: _Groups

    def with_end(self) -> str:
        """For a match anywhere: `$` as Athena reads it."""
        if self.has_end and not re.fullmatch(r"(?:\\.|[^\\$]|\$(?=[)|]|$))*", self.text, re.S):
            raise refused(f"a $ inside of {self.text}")
        return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]|(\$)", _end, self.text, flags=re.S)

    def always(self, number: int) -> bool:
        """Does a group take part in every match? Else it must be one that cannot match ''."""
        if number > len(self.groups.least):
            raise AthenaError(
                f"INVALID_FUNCTION_ARGUMENT: Pattern has {len(self.groups.least)} groups. Cannot "
                f"access group {number}"
            )
        if not number or self.groups.sure(number):
            return True
        if self.groups.least[number] == 0:
            raise refused("a group that may be empty or absent")
        return False


def _end(match: re.Match[str]) -> str:
    return r"(?:\n?\z)" if match[1] else match[0]


def query_pattern(text: str, may_be_empty: bool = True) -> QueryPattern:
    flags = "(?s)" if text.startswith("(?s)") else "(?-s)"
    body = text.removeprefix("(?s)")
    if not ALIKE.fullmatch(body):
        raise refused(f"the regular expression {text}")
    try:
        tree = sre_parser.parse(body, re.DOTALL if flags == "(?s)" else 0)
    except (re.error, OverflowError) as error:
        raise AthenaError(f"INVALID_FUNCTION_ARGUMENT: {error}") from error
    if not may_be_empty and tree.getwidth()[0] == 0:
        raise refused(f"to replace what may be empty: {text}")
    has_end = any(m[1] for m in re.finditer(r"\\.|\[(?:\\.|[^\]\\])*\]|(\$)", body, re.S))
    return QueryPattern(flags + re2_pattern(body), has_end, _Groups(tree))


def replacement(text: str, pattern: QueryPattern) -> str:
    """`$1` and `\\$` of Java as RE2 writes them."""

    def one(match: re.Match[str]) -> str:
        if match["group"]:
            if int(match["group"]) > len(pattern.groups.least):
                raise AthenaError(
                    "INVALID_FUNCTION_ARGUMENT: Illegal replacement sequence: unknown group "
                    f"{match['group']}"
                )
            return "\\" + match["group"]
        return "\\\\" if match["plain"] == "\\" else match["plain"]

    if not re.fullmatch(r"(?:\\.|\$\d(?!\d)|[^\\$])*", text, re.S):
        raise refused(f"the replacement {text}")
    return re.sub(r"\\(?P<plain>.)|\$(?P<group>\d)", one, text, flags=re.S)
