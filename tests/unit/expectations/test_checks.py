"""How the suites put numbers, hours and subjects into words, and what every check must have."""

from __future__ import annotations

from datetime import date
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations import shared, suite
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
    for made in (suite.counting(mart, checks), suite.naming(mart, checks)):
        assert [(one.meta["code"], one.severity.value) for one in made.expectations] == [
            (check.code, check.severity) for check in checks
        ]


@pytest.mark.parametrize("mart", MARTS)
def test_a_suite_is_counted_by_few_statements_that_athena_takes(mart):
    checks = import_module(f"expectations.{mart}").checks(shared.Partition(DAY))
    queries = {one.counts_query for one in suite.counting(mart, checks).expectations}
    counts = [query.count(" as code, count(*) as findings from ") for query in queries]
    assert sum(counts) == len(checks)
    assert len(queries) <= 1 + sum(check.stages for check in checks) // (suite.MOST_STAGES // 2)
    for query in queries:
        assert query.startswith("with batch as (select * from {batch})")
        assert query.count("{batch}") == 1
        assert len(query.encode()) < suite.MOST_BYTES / 4


def test_checks_that_are_too_long_or_too_many_for_one_statement_are_counted_by_several():
    def check(number, size=1):
        return shared.Check(f"c{number}", "info", "Is it?", "It is.", "x" * size, lambda row: "")

    most = suite.MOST_STAGES // check(0).stages
    many = [check(number) for number in range(most + 1)]
    long = [check(number, suite.MOST_BYTES // 2) for number in range(3)]
    for checks, sizes in ((many, [most, 1]), (long, [2, 1])):
        made = suite.counting("any", checks).expectations
        assert [one.meta["code"] for one in made] == [one.code for one in checks]
        queries = [one.counts_query for one in made]
        assert [queries.count(one) for one in dict.fromkeys(queries)] == sizes
        assert max(map(len, queries)) < 262_144


def test_a_check_that_is_too_long_is_counted_alone_and_nothing_is_no_statement():
    long = shared.Check("c", "info", "?", ".", "x" * (suite.MOST_BYTES + 1), lambda row: "")
    assert len(suite.counting("any", [long]).expectations) == 1
    assert suite.counting("any", []).expectations == []


@pytest.mark.parametrize("mart", MARTS)
def test_every_query_reads_the_partition_or_the_evidence_of_its_days_only(mart):
    checks = import_module(f"expectations.{mart}").checks(shared.Partition(DAY))
    for expectation in suite.naming(mart, checks).expectations:
        query = expectation.unexpected_rows_query
        evidence = query.count("lacuna_evidence.")
        assert evidence == query.count("delivered_on = date '2026-11-20'") + query.count(
            "delivered_on >= date '2026-11-20'"
        ) + query.count("observed_on between date '2026-11-21' and date '2026-11-28'")
        assert evidence or "from {batch}" in query or "event_date = date '2026-11-20'" in query


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
