"""What a failed check found, and the one place where findings become lines of text.

`lacuna.steps.suites` writes a check's message with it, `lacuna.cli.summary` the summary of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found: a sentence, what to do about it, and what it is about.

    `to_do` is empty if the runbook alone says what to do, `bucket_name` if it is about no bucket.
    """

    sentence: str
    to_do: str = ""
    subject: str = ""
    bucket_name: str = ""


def columns(findings: Sequence[Finding]) -> dict[str, tuple[str, ...]]:
    """Return the columns of a check result that hold its findings, an item for each."""
    return {
        "offending": tuple(finding.subject for finding in findings),
        "sentences": tuple(finding.sentence for finding in findings),
        "to_do": tuple(finding.to_do for finding in findings),
        "bucket_names": tuple(finding.bucket_name for finding in findings),
    }


def text(check: str, day: str, number: int, findings: Sequence[Finding], query_of_all: str) -> str:
    """Return the message of a check on one day; `number` counts also findings that are not named."""
    unnamed = number - len(findings)
    remainders = [remainder(unnamed, query_of_all)] if unnamed else []
    return "\n".join([head(check, day, number), *lines(findings, remainders)])


def head(check: str, days: str, number: int) -> str:
    """Return the first line: `hour_lost of 2026-11-20: 2 findings`."""
    return f"{check} of {days}: {number:,} finding{'' if number == 1 else 's'}"


def remainder(number: int, query_of_all: str) -> str:
    """Return the line for findings that are counted and not named."""
    return f"and {number:,} more; all: {query_of_all}"


def lines(findings: Iterable[Finding], remainders: Sequence[str] = ()) -> list[str]:
    """Return an indented line for each finding, and what to do once below those that need it.

    Findings without anything to do come last: above it they would seem to be repaired by it too.
    """
    by_to_do: dict[str, list[str]] = {}
    for finding in findings:
        by_to_do.setdefault(finding.to_do, []).append(finding.sentence)
    text = []
    for to_do, sentences in sorted(by_to_do.items(), key=lambda pair: not pair[0]):
        text += [f"  {sentence}" for sentence in sentences]
        text += [f"    to do: {to_do}"] if to_do else []
    return [*text, *(f"  {line}" for line in remainders)]
