"""How the suites put numbers, hours and subjects into words, and that each finding has words."""

from __future__ import annotations

from datetime import date
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations import partition
from lacuna.steps import suites

DAY = date(2026, 11, 20)
MARTS = tuple(suites.PARTITION_COLUMNS)


@pytest.mark.parametrize("mart", MARTS)
def test_every_expectation_has_a_code_a_note_a_severity_and_words(mart):
    module = import_module(f"expectations.{mart}")
    expectations = module.suite(partition.Partition(DAY)).expectations
    assert {expectation.meta["code"] for expectation in expectations} == set(module.WORDS)
    for expectation in expectations:
        assert expectation.severity.value in {"critical", "warning", "info"}
        assert expectation.notes.endswith(".")


@pytest.mark.parametrize("mart", MARTS)
def test_every_query_reads_the_partition_or_the_evidence_of_its_days_only(mart):
    suite = import_module(f"expectations.{mart}").suite(partition.Partition(DAY))
    for expectation in suite.expectations:
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
def test_hours_are_told_as_spans(numbers, words):
    assert partition.hours({"hours": numbers}) == words


@given(st.floats(min_value=0, max_value=1))
def test_a_loss_is_never_rounded_away(share):
    assert (partition.percent(share) == "100 %") == (share == 1)


def test_small_shares_keep_one_decimal():
    assert [partition.percent(share) for share in (0.5, 0.614, 0.9999, 0)] == [
        "50 %",
        "61.4 %",
        "99.9 %",
        "0 %",
    ]
