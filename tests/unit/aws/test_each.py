"""Calls side by side: answers in order, and a progress whose last line says how it ended."""

from __future__ import annotations

import logging

import pytest

from lacuna.aws.session import each


def lines(caplog) -> list[tuple[str, bool]]:
    return [(one.getMessage(), getattr(one, "ends", False)) for one in caplog.records]


@pytest.fixture(autouse=True)
def info(caplog):
    caplog.set_level(logging.INFO, "lacuna.aws.session")


def test_the_last_line_says_that_all_is_done(caplog):
    assert list(each(str, range(10), 2, "buckets")) == [str(n) for n in range(10)]
    assert lines(caplog) == [
        *((f"read {n} of 10 buckets", False) for n in (2, 4, 6, 8)),
        ("read 10 of 10 buckets: done", True),
    ]


def test_a_failure_ends_it_where_it_stopped(caplog):
    with pytest.raises(ZeroDivisionError):
        list(each(lambda n: 1 // (3 - n), range(5), 1, "files"))
    assert lines(caplog)[-1] == ("read 3 of 5 files: stopped", True)


def test_who_takes_no_more_than_the_answers_sees_the_end(caplog):
    answers = each(str, range(2), 1, "places")
    assert [next(answers), next(answers)] == ["0", "1"]
    answers.close()
    assert lines(caplog)[-1] == ("read 2 of 2 places: done", True)


def test_nothing_to_read_says_nothing(caplog):
    assert list(each(str, [], 1, "places")) == []
    assert lines(caplog) == []
