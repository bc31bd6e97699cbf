"""The sentence on how much of a window was seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lacuna.cli import who
from lacuna.lake.athena import Answer, Column

NAMES = ("hours", "whole", "in_part", "unseen", "unwitnessed", "reasons")


def sentence(monkeypatch: pytest.MonkeyPatch, *row: str | None, bucket: str = "photos") -> str:
    """What is said of two days of which a query counted this."""
    _, asked = who.questions(bucket, {"since": "2026-11-20", "until": "2026-11-21"})
    assert asked.parameters == (f"'{bucket}'", "'2026-11-20'", "'2026-11-21'")

    def answer(_: object, question: object) -> Answer:
        assert question == asked
        rows: Iterator[tuple[str | None, ...]] = iter([row])
        return Answer([Column(name, "varchar") for name in NAMES], rows, 0, 0.0)

    monkeypatch.setattr("lacuna.cli.ask.answer", answer)
    return who.completeness(None, asked, bucket)


def test_no_rows_are_no_answer_if_no_hour_is_judged(monkeypatch):
    said = sentence(monkeypatch, "0", "0", "0", "0", "0", None, bucket="a\x1b[31m")
    assert said.startswith("Unknown: no hour of a\\x1b[31m is judged in these 48 hours")
    assert said.endswith("proves nothing.")


def test_only_hours_that_were_all_seen_whole_are_complete(monkeypatch):
    assert sentence(monkeypatch, "48", "48", "0", "0", "0", "") == (
        "Complete: at least one log was seen whole in each of the 48 hours."
    )
    assert sentence(monkeypatch, "48", "48", "0", "0", "3", "").endswith(
        "hours. In 3 of those seen, no other log could show what is missing."
    )
    assert sentence(monkeypatch, "24", "24", "0", "0", "0", "") == (
        "At least: of 48 hours, 24 were provably seen whole, 0 in part, and 0 not provably; 24 are not judged."
    )


def test_what_was_not_seen_is_counted_with_its_reasons(monkeypatch):
    assert sentence(monkeypatch, "48", "40", "3", "5", "0", "hours_missing, no_witness") == (
        "At least: of 48 hours, 40 were provably seen whole, 3 in part, and 5 not provably (hours_missing, "
        "no_witness)."
    )


def test_what_is_not_said_has_the_default_of_the_query():
    callers, hours = who.questions("b", {"prefix": None, "since": None, "until": None})
    assert callers.parameters[:2] == ("'b'", "''")
    assert callers.parameters[2:] == hours.parameters[1:]
