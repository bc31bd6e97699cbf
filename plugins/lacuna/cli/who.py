"""`make who`: who did what in a bucket, and how much of that time was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from lacuna.cli import ask, saved_queries
from lacuna.cli.ask import Question
from lacuna.lake.athena import Answer
from lacuna.lake.lake import Lake
from lacuna.text import visible

CALLERS, HOURS = "who", "hours_seen"


def questions(bucket: str, given: Mapping[str, str | None]) -> tuple[Question, Question]:
    """Return the question about the callers, and the one about the hours that were seen.

    `given`: prefix, since and until, None for what was not said. Raises WrongQuestion.
    """
    said = {"bucket": bucket} | {name: text for name, text in given.items() if text is not None}
    callers = ask.saved(saved_queries.find(CALLERS), said)
    hours = saved_queries.find(HOURS)
    names = [parameter.name for parameter in hours.parameters]
    return callers, ask.saved(hours, {name: said[name] for name in names if name in said})


def completeness(lake: Lake, asked: Question, bucket: str) -> str:
    """Return a sentence: how much of the window of `asked` was seen."""
    since, until = map(date.fromisoformat, asked.days)
    return "".join(_sentence(bucket, _counts(ask.answer(lake, asked)), (until - since).days + 1))


def _counts(found: Answer) -> dict[str, str | None]:
    (row,) = found.rows
    return dict(zip((column.name for column in found.columns), row, strict=True))


def _sentence(bucket: str, counts: Mapping[str, str | None], days: int) -> Iterator[str]:
    judged, whole, in_part, unseen, unwitnessed = (
        int(counts[name] or 0) for name in ("hours", "whole", "in_part", "unseen", "unwitnessed")
    )
    hours = 24 * days
    if not judged:
        yield (
            f"Unknown: no hour of {visible(bucket)} is judged in these {hours} hours, because the days "
            "were not built or the bucket was not observed. That there is no row proves nothing."
        )
        return
    if whole == hours:
        yield f"Complete: at least one log was seen whole in each of the {hours} hours."
    else:
        yield (
            f"At least: of {hours} hours, {whole} were provably seen whole, {in_part} in part, "
            f"and {unseen} not provably"
        )
        if judged < hours:
            yield f"; {hours - judged} are not judged"
        yield f" ({counts['reasons']})." if counts["reasons"] else "."
    if unwitnessed:
        yield f" In {unwitnessed} of those seen, no other log could show what is missing."
