"""What the detections found and answered, against what was planted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

TABLE = "fct_findings"

# What detections find of a fault in its bucket on its day, if the other log shows anything of it
MAY_FIND: Mapping[str, str] = dict.fromkeys(
    ("hour_lost", "silent", "late_beyond_budget", "logging_interrupted", "target_policy_denies"),
    "activity_in_logging_gap",
)

SEVERITIES = ("critical", "high", "medium", "low", "informational")

# The checks whose findings are rows of TABLE, which are compared themselves
CHECKS = frozenset({"case_found", "finding_critical", "finding_high", "finding_other"})


def unplanted(
    expected: Iterable[Row], faults: Sequence[Row], findings: Iterable[Row]
) -> Iterator[str]:
    """Yield the findings that nobody planted; `expected` are the rows that the faults leave."""
    planted = [expect["where"] for expect in expected if expect["table"] == TABLE]
    for finding in findings:
        is_planted = any(
            all(_as_text(finding[name]) == _as_text(value) for name, value in where.items())
            for where in planted
        )
        may_be = any(
            MAY_FIND.get(fault["kind"]) == finding["detection"]
            and fault["bucket_name"] == finding["bucket_name"]
            for fault in faults
        )
        if not is_planted and not may_be:
            yield f"{finding['detection']} of {finding['event_date']}: {finding['summary']}"


def in_words(answers: Iterable[Row], findings: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each kind of answer that detections give, of all buckets and days."""
    numbers = {answer["state"]: int(answer["number"]) for answer in answers}
    worst = Counter(finding["severity"] for finding in findings)
    of_severity = ", ".join(f"{worst[name]} {name}" for name in SEVERITIES if worst[name])
    words = {
        "found": f"found ({len(findings)} findings: {of_severity or 'none'})",
        "clear": "clear: nothing was there, and all that is needed was seen",
        "unknown": "unknown: not all that is needed was seen",
        "not_applicable": "not applicable",
    }
    for state, text in words.items():
        yield f"{numbers.get(state, 0):>14,}  {text}"


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)
