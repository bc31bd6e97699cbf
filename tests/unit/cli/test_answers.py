"""How the answer to a query is printed, and which days of it were not run."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from lacuna.cli.answers import Format, days_not_run, only_reads, show, spans

ROWS = [
    {"bucket_name": "photos", "reasons": None},
    {"bucket_name": 'at"tic, \x1b[31m', "reasons": "a\nb"},
]


class Lake:
    """A lake in which some days of November were cataloged."""

    def __init__(self, *days: int) -> None:
        self._days = [date(2026, 11, day) for day in days]

    def days(self, _table: object) -> list[date]:
        return self._days


@pytest.mark.parametrize(
    "sql", ["select 1", " ( with a as (select 1) select 2)", "-- a\nSHOW TABLES", "/* a */ desc t"]
)
def test_a_query_that_reads_is_let_through(sql: str) -> None:
    assert only_reads(sql)


@pytest.mark.parametrize("sql", ["drop table a", "selection", "", "-- select 1", "insert into a"])
def test_anything_else_is_not(sql: str) -> None:
    assert not only_reads(sql)


def test_rows_for_a_program_have_a_header_and_nothing_that_moves_a_cursor(capsys) -> None:
    show(ROWS, None)
    assert capsys.readouterr().out == (
        'bucket_name\treasons\nphotos\tNULL\nat"tic, \\x1b[31m\ta\\nb\n'
    )
    show(ROWS, Format.CSV)
    assert list(csv.reader(io.StringIO(capsys.readouterr().out)))[1:] == [
        ["photos", ""],
        ['at"tic, \\x1b[31m', "a\\nb"],
    ]
    show(ROWS, Format.JSON)
    printed = capsys.readouterr().out
    assert json.loads(printed) == ROWS
    assert "\x1b" not in printed


def test_a_table_shows_every_value_whole(capsys) -> None:
    show([{"name": "n" * 300, "hour": "1"}], Format.TABLE)
    assert capsys.readouterr().out.count("n") == 301


def test_a_row_whose_names_do_not_fit_is_a_list(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    show([{f"column_{n}": str(n) for n in range(9)}], Format.TABLE)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert (first.split(), second.split()) == (["column_0", "0"], ["column_1", "1"])


def test_what_describe_answers_is_in_columns(capsys) -> None:
    show([{"col": "hour  \ttimestamp\t  "}], Format.TABS)
    assert capsys.readouterr().out == "col\nhour\ttimestamp\t\n"


@pytest.mark.parametrize("form", Format)
def test_no_rows_print_nothing_that_looks_like_one(form: Format, capsys) -> None:
    show([], form)
    assert capsys.readouterr().out.strip() in ("", "[]")


@pytest.mark.parametrize(
    ("sql", "missing"),
    [
        ("select 1", []),
        ("… where event_date = date '2026-11-20'", []),
        ("… where event_date = date '2026-11-21'", [21]),
        ("… between date '2026-11-19' and date '2026-11-23'", [19, 21, 23]),
        ("… hour < timestamp '2026-11-21 10:00:00'", [21]),
        ("… where day = '2026-13-45'", []),
    ],
)
def test_days_of_a_query_that_were_not_run_are_found(sql: str, missing: list[int]) -> None:
    assert days_not_run(Lake(20, 22), sql) == [date(2026, 11, day) for day in missing]


def test_a_query_without_an_end_is_about_all_days_since() -> None:
    sql = "select 1 from fct_logging_coverage where event_date >= date '2026-11-20'"
    missing = days_not_run(Lake(20, 22), sql)
    assert missing[:2] == [date(2026, 11, 21), date(2026, 11, 23)]
    assert missing[-1] == datetime.now(UTC).date() - timedelta(days=1)


def test_days_that_follow_each_other_are_a_span() -> None:
    days = [date(2026, 11, day) for day in (1, 3, 4, 5, 9)]
    assert spans(days) == "2026-11-01, 2026-11-03 to 2026-11-05, 2026-11-09"
