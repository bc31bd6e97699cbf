"""How a saved query is read, and what fills its question marks."""

from datetime import date

import pytest

from lacuna.cli.saved_queries import Parameter, WrongQuestion, find, literal, parsed, usage, values

TODAY = date(2026, 11, 22)
QUERY = parsed(
    "who_read",
    """-- Who read objects of a bucket, the most first,
--   and from where.
--
-- bucket (text): Name of the bucket.
-- prefix (text, default ''): How keys begin.
-- most (number, default 100): Rows at most.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day,
--   UTC.
select 1 -- no (text): parameter
""",
)


def chosen(**given: str) -> list[str]:
    return [literal(*one) for one in values(QUERY, given, TODAY)]


def test_the_comment_says_what_is_answered_and_what_is_to_be_given() -> None:
    assert QUERY.sentence == "Who read objects of a bucket, the most first, and from where."
    assert [one.name for one in QUERY.parameters] == ["bucket", "prefix", "most", "since", "until"]
    assert QUERY.parameters[4] == Parameter("until", "day", "since", "Last day, UTC.")
    assert usage(QUERY) == (
        "make ask QUERY=who_read "
        "PARAMS='bucket=… [prefix=] [most=100] [since=yesterday] [until=since]'"
    )


@pytest.mark.parametrize(
    "sql", ["select 1", "-- a note\nselect 1", "", "-- bucket: of it\nselect 1"]
)
def test_a_query_without_such_a_comment_takes_nothing(sql: str) -> None:
    assert parsed("", sql).parameters == ()


def test_values_are_literals_in_the_order_of_the_question_marks() -> None:
    assert chosen(since="2026-11-01", bucket="it's") == [
        *("'it''s'", "''", "100", "'2026-11-01'", "'2026-11-01'")
    ]


def test_a_day_that_is_not_given_is_yesterday() -> None:
    assert chosen(bucket="b")[3:] == ["'2026-11-21'", "'2026-11-21'"]
    assert chosen(bucket="b", until="yesterday", since="2026-11-20")[3:] == [
        *("'2026-11-20'", "'2026-11-21'")
    ]


def test_a_value_that_looks_like_sql_or_another_parameter_is_a_value() -> None:
    assert chosen(bucket="' or true --", prefix="since")[:2] == ["''' or true --'", "'since'"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "bucket is missing: Name of the bucket."),
        ({"bucket": "b", "buckt": "c"}, "who_read has no parameter 'buckt'. Did you mean bucket?"),
        ({"bucket": "b", "x\x1b": "c"}, "who_read has no parameter 'x\\x1b'."),
        ({"bucket": "b", "since": "2026-2-3"}, "since is '2026-2-3', not a day like 2026-11-21"),
        ({"bucket": "b", "since": "2026-02-30"}, "since is '2026-02-30', not a day"),
        ({"bucket": "b", "since": "2026-11-22"}, None),
        ({"bucket": "b", "until": "2026-11-20"}, "since (2026-11-21) is after until (2026-11-20)"),
        ({"bucket": "b", "most": "1 or true"}, "most is '1 or true', not a whole number"),
        ({"bucket": "b", "most": "-5"}, None),
    ],
)
def test_what_is_wrong_is_said_with_the_command(given: dict[str, str], problem: str | None) -> None:
    if problem is None:
        assert chosen(**given)
        return
    with pytest.raises(WrongQuestion) as raised:
        chosen(**given)
    first, *_, last = str(raised.value).split("\n")
    assert first.startswith(problem)
    assert last == usage(QUERY)


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(WrongQuestion, match=r"'object_histroy'\. Did you mean object_history\?"):
        find("object_histroy")
    with pytest.raises(WrongQuestion, match=r"no saved query '\\x1b'\. To see all"):
        find("\x1b")
