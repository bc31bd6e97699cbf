"""How the suites put numbers, hours and subjects into words, and what every check must have."""

from __future__ import annotations

from datetime import date
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations import shared
from lacuna.steps import suites

DAY = date(2026, 11, 20)
MARTS = tuple(suites.PARTITION_COLUMNS)


@pytest.mark.parametrize("mart", MARTS)
def test_every_check_has_a_code_of_its_own_a_severity_a_question_and_a_meaning(mart):
    checks = import_module(f"expectations.{mart}").checks(shared.Partition(DAY))
    assert len({check.code for check in checks}) == len(checks) > 0
    for check in checks:
        assert check.severity in {"critical", "warning", "info"}
        assert check.question.endswith("?")
        assert check.meaning.endswith(".")


@pytest.mark.parametrize("mart", MARTS)
def test_a_suite_has_an_expectation_for_each_check(mart):
    checks = import_module(f"expectations.{mart}").checks(shared.Partition(DAY))
    expectations = shared.suite(mart, checks).expectations
    assert [(one.meta["code"], one.severity.value) for one in expectations] == [
        (check.code, check.severity) for check in checks
    ]


@pytest.mark.parametrize("mart", MARTS)
def test_every_query_reads_the_partition_or_the_evidence_of_its_days_only(mart):
    checks = import_module(f"expectations.{mart}").checks(shared.Partition(DAY))
    for expectation in shared.suite(mart, checks).expectations:
        query = expectation.unexpected_rows_query
        evidence = query.count("lacuna_evidence.")
        assert evidence == query.count("delivered_on = date '2026-11-20'") + query.count(
            "delivered_on >= date '2026-11-20'"
        ) + query.count("observed_on between date '2026-11-21' and date '2026-11-28'")
        assert evidence or "from {batch}" in query


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ("13", "13:00 UTC"),
        ("0 1 2", "00:00-02:59 UTC"),
        ("13 9 11 10", "09:00-11:59, 13:00-13:59 UTC"),
    ],
)
def test_hours_in_a_row_are_a_span(numbers, words):
    assert shared.hours({"hours": numbers}) == words


@given(st.floats(min_value=0, max_value=1))
def test_a_loss_is_never_rounded_away(share):
    assert (shared.percent(share) == "100 %") == (share == 1)


def test_small_shares_keep_one_decimal():
    assert [shared.percent(share) for share in (0.5, 0.614, 0.9999, 0)] == [
        "50 %",
        "61.4 %",
        "99.9 %",
        "0 %",
    ]
