"""Regular expressions of queries: what Java's dialect and RE2 read alike."""

from __future__ import annotations

import re
import re._constants as sre  # type: ignore[import-not-found]
import re._parser as sre_parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.athena.errors import AthenaError, refused


def re2_pattern(java: str) -> str:
    """Return a Java pattern in RE2's words: in Java, \\s is also the vertical tab."""
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


@dataclass(frozen=True)
class Group:
    """A capturing group: whether it is part of every match, and whether it can match ''."""

    always: bool
    may_be_empty: bool


def groups_of(tree: Any, always: bool = True) -> Iterator[Group]:
    """The capturing groups of a parsed pattern, in the order of their numbers."""
    for op, value in tree:
        if op is sre.SUBPATTERN:
            number, _, _, inner = value
            if number:
                yield Group(always, inner.getwidth()[0] == 0)
            yield from groups_of(inner, always)
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, most, inner = value
            if most > 1 and not inner.getwidth()[0] and next(groups_of(inner), None):
                raise refused("a repeated group that may be empty")  # what it holds at the end
            yield from groups_of(inner, always and least > 0)
        elif op is sre.BRANCH:
            for branch in value[1]:
                yield from groups_of(branch, False)


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
    groups: tuple[Group, ...]

    def with_end(self) -> str:
        """For a match anywhere: `$` as Athena reads it."""
        if self.has_end and not re.fullmatch(r"(?:\\.|[^\\$]|\$(?=[)|]|$))*", self.text, re.S):
            raise refused(f"a $ inside of {self.text}")
        return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]|(\$)", _end, self.text, flags=re.S)

    def always(self, number: int) -> bool:
        """Is a group part of every match? If not, it must be a group that cannot match ''."""
        if number > len(self.groups):
            raise AthenaError(
                f"INVALID_FUNCTION_ARGUMENT: Pattern has {len(self.groups)} groups. Cannot "
                f"access group {number}"
            )
        if not number or self.groups[number - 1].always:
            return True
        if self.groups[number - 1].may_be_empty:
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
    return QueryPattern(flags + re2_pattern(body), has_end, tuple(groups_of(tree)))


def replacement(text: str, pattern: QueryPattern) -> str:
    """`$1` and `\\$` of Java as RE2 writes them."""

    def as_re2(match: re.Match[str]) -> str:
        if match["group"]:
            if int(match["group"]) > len(pattern.groups):
                raise AthenaError(
                    "INVALID_FUNCTION_ARGUMENT: Illegal replacement sequence: unknown group "
                    f"{match['group']}"
                )
            return "\\" + match["group"]
        return "\\\\" if match["plain"] == "\\" else match["plain"]

    if not re.fullmatch(r"(?:\\.|\$\d(?!\d)|[^\\$])*", text, re.S):
        raise refused(f"the replacement {text}")
    return re.sub(r"\\(?P<plain>.)|\$(?P<group>\d)", as_re2, text, flags=re.S)
