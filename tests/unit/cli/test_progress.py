"""What of the progress a terminal shows: a line after silence, and the end of what was begun."""

from __future__ import annotations

import logging
import time

import pytest

from lacuna.cli import terminal


def line(text: str, logger: str = "lacuna.steps.build", level: int = logging.INFO, **extra: bool):
    record = logging.LogRecord(logger, level, "", 0, text, (), None)
    vars(record).update(extra)
    return record


@pytest.fixture
def shown(monkeypatch):
    """Shows lines at given seconds; returns the texts that passed."""

    def show(*timed: tuple[float, logging.LogRecord]) -> list[str]:
        now = iter([0.0, *(seconds for seconds, _ in timed)])
        monkeypatch.setattr(time, "monotonic", lambda: next(now))
        sparing = terminal._Sparing()
        return [record.getMessage() for _, record in timed if sparing.filter(record)]

    return show


def test_a_progress_of_which_a_line_was_shown_is_shown_to_its_end(shown):
    assert shown(
        (1, line("built a")),
        (6, line("built b")),
        (7, line("built c")),
        (8, line("done", ends=True)),
    ) == ["built b", "done"]


def test_a_progress_that_was_quick_says_nothing(shown):
    assert shown((1, line("built a")), (2, line("done", ends=True))) == []


def test_an_end_belongs_to_its_own_progress(shown):
    assert shown(
        (6, line("built a")),
        (7, line("read all", "lacuna.aws.session", ends=True)),
        (8, line("done", ends=True)),
        (9, line("done", ends=True)),
    ) == ["built a", "done"]


def test_warnings_always_pass(shown):
    assert shown((1, line("odd", level=logging.WARNING))) == ["odd"]
