"""What CloudTrail's event selectors match: exact set arithmetic over selectors as read. Pure.

A selector field is judged on *representatives*: strings that stand for all strings which no
selector distinguishes (same longest matching prefix, same longest matching suffix, same matching
literals). A mode is covered if every combination of representatives is matched by some selector.
So two selectors that cover a bucket only together are seen to do so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lacuna.trail.events import OBJECTS, READS, Mode

EVENT, ARN = "eventName", "resources.ARN"
CALLER, CONSOLE = "userIdentity.arn", "sessionCredentialFromConsole"
_KNOWN_FIELDS = frozenset({*READS.fixed, EVENT, ARN, CALLER, CONSOLE})

_MODE_OF = {"ReadOnly": ("true",), "WriteOnly": ("false",)}
# Occurs in no ARN, so text + _FILLER + text matches no longer prefix or suffix than its parts.
_FILLER = "\0"

# Representatives by field; and those that one selector accepts.
Axes = Mapping[str, Sequence[str]]
Box = Mapping[str, frozenset[str]]


class Coverage(StrEnum):
    """How much of one mode (reads, writes, changes) is recorded."""

    COVERED = "covered"
    PARTLY_COVERED = "partly_covered"
    NOT_COVERED = "not_covered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """One field of an advanced selector, without operators that hold for every value.

    CloudTrail combines the operators like this: if there are positive operators, one of them must
    match; no negative operator may match.
    """

    field: str
    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    ends_with: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    not_starts_with: tuple[str, ...] = ()
    not_ends_with: tuple[str, ...] = ()

    def matches(self, value: str) -> bool:
        return self._includes(value) and not (
            value in self.not_equals
            or value.startswith(self.not_starts_with)
            or value.endswith(self.not_ends_with)
        )

    @property
    def has_positive(self) -> bool:
        """Is there an operator that must match?"""
        return bool(self.equals or self.starts_with or self.ends_with)

    def _includes(self, value: str) -> bool:
        return (
            not self.has_positive
            or value in self.equals
            or value.startswith(self.starts_with)
            or value.endswith(self.ends_with)
        )


@dataclass(frozen=True, slots=True)
class Selector:
    """Fields that must all match. A trail records what any of its selectors matches."""

    fields: tuple[FieldSelector, ...]


ANYTHING = (Selector(()),)


def basic_selector(
    read_write_type: str, data_resources: Sequence[tuple[str, Sequence[str]]]
) -> Selector | None:
    """Translate a basic selector into an advanced one; None if it selects no S3 objects.

    Its values are prefixes of the object's ARN: `arn:aws:s3:::logs` also selects `logs-archive`.
    """
    prefixes = tuple(
        value for kind, values in data_resources if kind == OBJECTS for value in values
    )
    if not prefixes:
        return None
    return Selector(
        (
            FieldSelector("eventCategory", equals=("Data",)),
            FieldSelector("resources.type", equals=(OBJECTS,)),
            FieldSelector("resources.ARN", starts_with=prefixes),
            FieldSelector("readOnly", equals=_MODE_OF.get(read_write_type, ())),
        )
    )


def basic_management_selector(read_write_type: str) -> Selector:
    """Translate a basic selector with IncludeManagementEvents into an advanced one.

    It may exclude two sources (KMS, the RDS Data API). They write no event that is judged here.
    """
    return Selector(
        (
            FieldSelector("eventCategory", equals=("Management",)),
            FieldSelector("readOnly", equals=_MODE_OF.get(read_write_type, ())),
        )
    )


def has_unknown_field(selector: Selector) -> bool:
    """Does the selector test a field that Lacuna does not know?"""
    return any(test.field not in _KNOWN_FIELDS for test in selector.fields)


def has_repeated_field(selector: Selector) -> bool:
    """Does the selector name a field twice? CloudTrail does not document what that means."""
    return len({test.field for test in selector.fields}) < len(selector.fields)


def is_exact(selector: Selector) -> bool:
    """Is it documented what the selector matches?"""
    return not has_unknown_field(selector) and not has_repeated_field(selector)


def upper_bound(selector: Selector) -> Selector:
    """Return the most that a selector can match, whatever CloudTrail makes of undocumented fields.

    An unknown field may hold for every event. If a field is named twice, both tests may have to
    match, or one positive operator of the two.
    """
    if is_exact(selector):
        return selector
    merged: dict[str, FieldSelector] = {}
    for test in selector.fields:
        if test.field in _KNOWN_FIELDS:
            merged[test.field] = _merged(merged[test.field], test) if test.field in merged else test
    return Selector(tuple(merged.values()))


def _merged(first: FieldSelector, second: FieldSelector) -> FieldSelector:
    negative = FieldSelector(
        first.field,
        not_equals=first.not_equals + second.not_equals,
        not_starts_with=first.not_starts_with + second.not_starts_with,
        not_ends_with=first.not_ends_with + second.not_ends_with,
    )
    if not (first.has_positive and second.has_positive):
        # Without a positive operator a field selects everything.
        return negative
    return replace(
        negative,
        equals=first.equals + second.equals,
        starts_with=first.starts_with + second.starts_with,
        ends_with=first.ends_with + second.ends_with,
    )


def recorded(selectors: Sequence[Selector], arn: str, mode: Mode) -> Coverage:
    """Return how many of the mode's requests the selectors match together: all, some or none."""
    relevant = relevant_to(selectors, mode)
    axes = axes_of(relevant, arn, mode)
    boxes = [accepted(selector, axes) for selector in relevant]
    if not any(all(box.values()) for box in boxes):
        return Coverage.NOT_COVERED
    whole = {field: frozenset(values) for field, values in axes.items()}
    return Coverage.COVERED if _is_covered(whole, boxes) else Coverage.PARTLY_COVERED


def adds(
    selectors: Sequence[Selector], recorded_by: Sequence[Selector], arn: str, mode: Mode
) -> bool:
    """Does a selector match a request of the mode that none of `recorded_by` matches?"""
    more, known = relevant_to(selectors, mode), relevant_to(recorded_by, mode)
    axes = axes_of([*more, *known], arn, mode)
    boxes = [accepted(selector, axes) for selector in known]
    return any(not _is_covered(accepted(selector, axes), boxes) for selector in more)


def _is_covered(combinations: Box, boxes: Sequence[Box]) -> bool:
    """Is every combination of the axes' values within some box?"""
    # By value of an axis, the boxes that hold it, as bits. A combination of values that no box
    # holds as a whole leaves none of them.
    remaining = {(1 << len(boxes)) - 1}
    for field, values in combinations.items():
        bits = {sum((value in box[field]) << n for n, box in enumerate(boxes)) for value in values}
        remaining = {before & holding for before in remaining for holding in bits}
    return 0 not in remaining


def relevant_to(selectors: Iterable[Selector], mode: Mode) -> list[Selector]:
    """Return the selectors that could match a request of the mode, judged by its fixed fields."""
    return [
        selector
        for selector in selectors
        if all(
            test.matches(mode.fixed[test.field])
            for test in selector.fields
            if test.field in mode.fixed
        )
    ]


def axes_of(selectors: Sequence[Selector], arn: str, mode: Mode) -> Axes:
    """Return the representatives of each field that varies and that some selector names."""
    universe = {
        EVENT: mode.event_names,
        ARN: _representatives(tests_of(selectors, ARN), base=arn),
        # No caller's ARN, and one that begins and ends like none of the tests, are alike.
        CALLER: _representatives(tests_of(selectors, CALLER), base=""),
        CONSOLE: ["", "true"],
    }
    # A field that no selector names splits nothing.
    named = {test.field for selector in selectors for test in selector.fields}
    return {field: values for field, values in universe.items() if field in named}


def accepted(selector: Selector, axes: Axes) -> dict[str, frozenset[str]]:
    """Return, by field, the representatives that the selector matches."""
    return {
        field: frozenset(
            value
            for value in values
            if all(test.matches(value) for test in selector.fields if test.field == field)
        )
        for field, values in axes.items()
    }


def tests_of(selectors: Iterable[Selector], field: str) -> list[FieldSelector]:
    """Return every test of a field."""
    return [test for selector in selectors for test in selector.fields if test.field == field]


def _representatives(tests: Sequence[FieldSelector], base: str) -> list[str]:
    """Return one string for each class of strings beginning with `base` that the tests distinguish."""
    prefixes = {base}
    suffixes = {""}
    literals = set()
    for test in tests:
        prefixes |= {
            text for text in (*test.starts_with, *test.not_starts_with) if text.startswith(base)
        }
        suffixes |= {*test.ends_with, *test.not_ends_with}
        literals |= {
            text
            for text in (*test.equals, *test.not_equals)
            if text.startswith(base) and text != base
        }
    classes = {prefix + _FILLER + suffix for prefix in prefixes for suffix in suffixes}
    return sorted(classes | literals)
