"""Parameters of a query: each fills one question mark and reaches no further."""

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


def test_parameters_are_as_many_as_their_question_marks(lake: Any) -> None:
    assert lake.rows("select ? + 1, ?", ExecutionParameters=["41", "'it''s'"]) == [["42", "it's"]]
    assert "Incorrect number of parameters" in lake.reason("select ?")
