"""Parameters of a query, given with it or to a statement that was prepared."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="module", autouse=True)
def numbers(lake: Any) -> None:
    lake.rows("create table numbers as select * from (values (1, 'a'), (2, 'b')) as t (n, word)")


@pytest.mark.parametrize(
    ("sql", "parameters", "rows"),
    [
        ("select word from numbers where n = ?", ["1"], [["a"]]),
        ("select word from numbers order by n limit ?", ["1"], [["a"]]),
        ("select ?", ["'it''s ?'"], [["it's ?"]]),
        # each is an expression of its own: the sign and the comment stay within it
        ("select 5 -?", ["-1"], [["6"]]),
        ("select ? * 2", ["1 + 1 -- of it"], [["4"]]),
        ("select ?", ["array[1, 2]"], [["[1, 2]"]]),
    ],
)
def test_a_parameter_is_put_where_its_question_mark_stands(lake, sql, parameters, rows) -> None:
    assert lake.rows(sql, ExecutionParameters=parameters) == rows


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1 or true", "TYPE_MISMATCH"),
        ("1) or (true", "SYNTAX_ERROR"),
        ("1, 2", "SYNTAX_ERROR"),
        ("1 union select 2", "SYNTAX_ERROR"),
        ("1 from numbers", "SYNTAX_ERROR"),
        ("n", "SYNTAX_ERROR: line 1:1: Constant expression expected"),
        ("(select 1)", "SYNTAX_ERROR: line 1:1: Constant expression expected"),
        ("1 as n", "SYNTAX_ERROR: line 1:1: Constant expression expected"),
    ],
)
def test_a_parameter_does_not_reach_beyond_its_place(lake, value, reason) -> None:
    sql = "select word from numbers where n = ?"
    assert lake.reason(sql, ExecutionParameters=[value]).startswith(reason)


def test_a_prepared_statement_runs_with_what_it_is_given(lake) -> None:
    lake.rows("prepare by_number from select word, ? as given from numbers where n = ?")
    assert lake.rows("execute by_number using 'x, y', 2") == [["b", "x, y"]]
    assert lake.rows("/* again */ EXECUTE By_Number USING concat('x', 'y'), 1;") == [["a", "xy"]]
    assert lake.rows("execute by_number", ExecutionParameters=["'z'", "1"]) == [["a", "z"]]
    assert "expected 2 but found 1" in lake.reason("execute by_number using 1")
    kept = lake.athena.get_prepared_statement(StatementName="by_number", WorkGroup="primary")
    assert kept["PreparedStatement"]["QueryStatement"].startswith("select word, ?")

    lake.rows("deallocate prepare by_number")
    gone = "PreparedStatement by_number was not found in workGroup primary"
    assert lake.reason("execute by_number using 'x', 2") == gone
    assert lake.reason("deallocate prepare by_number") == gone


def test_a_statement_that_was_prepared_through_the_api_runs_too(lake) -> None:
    lake.athena.create_prepared_statement(
        StatementName="Counted", WorkGroup="primary", QueryStatement="select count(*) from numbers"
    )
    assert lake.rows('execute "Counted"') == [["2"]]


def test_a_prepared_statement_is_of_its_workgroup(lake) -> None:
    lake.athena.create_work_group(
        Name="others",
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{lake.bucket}/athena-results/"}
        },
    )
    lake.rows("prepare mine from select 1")
    assert lake.rows("execute mine") == [["1"]]
    assert "was not found in workGroup others" in lake.reason("execute mine", WorkGroup="others")
