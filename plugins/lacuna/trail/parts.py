"""Which part of a partly covered mode is recorded, as conditions and as text. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lacuna.text import visible
from lacuna.trail.events import Mode
from lacuna.trail.selectors import (
    ARN,
    CALLER,
    CONSOLE,
    EVENT,
    Axes,
    Box,
    FieldSelector,
    Selector,
    accepted,
    axes_of,
    relevant_to,
    tests_of,
)

KEY = "key"
_NOUNS = {KEY: "keys", CALLER: "caller ARNs"}
# A description shows at most this many values.
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Part:
    """Requests of a `mode` (reads, writes) that are recorded: those that meet every condition.

    Conditions test eventName, userIdentity.arn, sessionCredentialFromConsole, or `key`: the
    object's key, which follows the bucket in resources.ARN. `is_certain` is False if it depends on
    something unreadable whether they are recorded. As text: one line that is safe to show.
    """

    mode: str
    conditions: tuple[FieldSelector, ...]
    is_certain: bool = True

    def __str__(self) -> str:
        verb = "recorded" if self.is_certain else "perhaps recorded"
        conditions = "; ".join(map(_in_words, self.conditions))
        return f"{self.mode} {verb}: {conditions or 'all'}"


def parts(
    certain: Sequence[Selector], possible: Sequence[Selector], arn: str, mode: Mode
) -> tuple[Part, ...]:
    """Return what each selector records of the mode, without what others record as well."""
    recording, maybe_recording = relevant_to(certain, mode), relevant_to(possible, mode)
    axes = axes_of(recording + maybe_recording, arn, mode)
    kept: list[tuple[Part, Box]] = []
    for selector, is_certain in [
        *((selector, True) for selector in recording),
        *((selector, False) for selector in maybe_recording),
    ]:
        box = accepted(selector, axes)
        if not all(box.values()) or any(_is_within(box, other) for _, other in kept):
            continue
        kept = [
            (part, other)
            for part, other in kept
            if part.is_certain is not is_certain or not _is_within(other, box)
        ]
        kept.append((Part(mode.name, _conditions(selector, box, axes, arn), is_certain), box))
    return tuple(part for part, _ in kept)


def _is_within(box: Box, other: Box) -> bool:
    return all(box[field] <= other[field] for field in box)


def _conditions(selector: Selector, box: Box, axes: Axes, arn: str) -> tuple[FieldSelector, ...]:
    """Return the tests of the selector that exclude requests of the bucket, in their shortest form."""
    conditions = []
    if EVENT in axes and len(box[EVENT]) < len(axes[EVENT]):
        names = tuple(name for name in axes[EVENT] if name in box[EVENT])
        others = tuple(name for name in axes[EVENT] if name not in box[EVENT])
        conditions.append(
            FieldSelector(EVENT, not_equals=others)
            if len(others) < len(names)
            else FieldSelector(EVENT, equals=names)
        )
    for field in (ARN, CALLER, CONSOLE):
        tests = [
            test for test in tests_of([selector], field) if not all(map(test.matches, axes[field]))
        ]
        conditions += [_of_key(test, arn) if field == ARN else test for test in tests]
    return tuple(conditions)


def _of_key(test: FieldSelector, base: str) -> FieldSelector:
    """Return the same test for the key alone, which follows `base` in an ARN."""

    def after(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            text.removeprefix(base) for text in texts if text.startswith(base) and text != base
        )

    def overlapping(endings: Iterable[str]) -> tuple[str, ...]:
        """Whole keys that complete an ending of which `base` holds the first characters."""
        return tuple(
            text[n:] for text in endings for n in range(1, len(text)) if base.endswith(text[:n])
        )

    negative = FieldSelector(
        KEY,
        not_equals=after(test.not_equals) + overlapping(test.not_ends_with),
        not_starts_with=after(test.not_starts_with),
        not_ends_with=test.not_ends_with,
    )
    if base.startswith(test.starts_with):
        return negative
    return replace(
        negative,
        equals=after(test.equals) + overlapping(test.ends_with),
        starts_with=after(test.starts_with),
        ends_with=test.ends_with,
    )


def _in_words(test: FieldSelector) -> str:
    """Return a condition in words, on one line."""
    if test.field == EVENT:
        return ", ".join(test.equals) or f"all but {', '.join(test.not_equals)}"
    if test.field == CONSOLE:
        return "console sessions" if test.matches("true") else "all but console sessions"
    positive = [
        *_phrases("are", test.equals),
        *_phrases("begin with", test.starts_with),
        *_phrases("end with", test.ends_with),
    ]
    negative = [
        *_phrases("are not", test.not_equals),
        *_phrases("do not begin with", test.not_starts_with),
        *_phrases("do not end with", test.not_ends_with),
    ]
    phrases = [" or ".join(positive)] if positive else []
    return f"{_NOUNS[test.field]} that {' and '.join(phrases + negative)}"


def _phrases(verb: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    shown = [_quoted(text) for text in texts[:_MOST_SHOWN]]
    more = len(texts) - len(shown)
    return [f"{verb} {', '.join(shown)}{f' or {more} more' if more else ''}"]


def _quoted(text: str) -> str:
    # People write selectors: a quote within one must not look like the end.
    return "'" + visible(text).replace("'", "''") + "'"
