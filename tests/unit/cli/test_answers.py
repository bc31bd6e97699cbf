"""How the answer to a query is printed, and which days of it were not run."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import repeat

import pytest

from lacuna.cli import terminal
from lacuna.cli.answers import Format, days_not_run, in_columns, only_reads, show, spans
from lacuna.cli.tables import MEASURED
from lacuna.lake.athena import Answer, Column
from sandbox.account import hostile


def answer(rows: Sequence[Sequence[str | None]], *types: str, names: Sequence[str] = ()) -> Answer:
    """An answer with columns of these types; their names are letters."""
    columns = [Column(name, of) for name, of in zip(names or "abcdefghi", types, strict=False)]
    return Answer(columns, iter(rows))


ROWS = [["photos", None], ['at"tic, \x1b[31m', "a\nb"]]


class Lake:
    """A lake in which some days of November were cataloged."""

    def __init__(self, *days: int) -> None:
        self._days = [date(2026, 11, day) for day in days]

    def days(self, _table: object) -> list[date]:
        return self._days


@pytest.mark.parametrize(
    "sql",
    [
        *("select 1", " ( with a as (select 1) select 2)", "-- a\nSHOW TABLES", "/* a */ desc t"),
        *("explain select 1", "EXPLAIN (type logical) with a as (select 1) select 2"),
        "explain analyze verbose (select 1)",
    ],
)
def test_a_query_that_reads_is_let_through(sql: str) -> None:
    assert only_reads(sql)


@pytest.mark.parametrize(
    "sql",
    [
        *(
            "drop table a",
            "selection",
            "",
            "-- select 1",
            "insert into a",
            "unload (select 1) to 'a'",
        ),
        *("explain insert into a select 1", "explain analyze\ninsert into a select 1"),
        *("/* select 1 */ drop table a", "explain (type distributed) delete from a"),
    ],
)
def test_anything_else_is_not(sql: str) -> None:
    assert not only_reads(sql)


def test_rows_for_a_program_have_a_header_and_nothing_that_moves_a_cursor(capsys) -> None:
    names = ["bucket_name", "reasons"]
    assert show(answer(ROWS, "varchar", "varchar", names=names), None) == 2
    assert capsys.readouterr().out == (
        'bucket_name\treasons\nphotos\tNULL\nat"tic, \\x1b[31m\ta\\nb\n'
    )
    show(answer(ROWS, "varchar", "varchar", names=names), Format.CSV)
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [
        names,
        ["photos", ""],
        ['at"tic, \\x1b[31m', "a\\nb"],
    ]
    show(answer(ROWS, "varchar", "varchar", names=names), Format.JSON)
    printed = capsys.readouterr().out
    assert json.loads(printed) == [dict(zip(names, row, strict=True)) for row in ROWS]
    assert "\x1b" not in printed


def test_json_has_numbers_and_truth_where_athena_has_them(capsys) -> None:
    """A decimal is text, because its readers keep fewer digits; so is what JSON has no number for."""
    types = ("bigint", "boolean", "double", "double", "decimal(38,2)", "varchar", "date")
    show(answer([["7", "true", "1.5E300", "NaN", "0.10", "7", None]], *types), Format.JSON)
    (row,) = json.loads(capsys.readouterr().out)
    assert list(row.values()) == [7, True, 1.5e300, "NaN", "0.10", "7", None]


HOSTILE = [*hostile.USER_AGENTS, *hostile.REFERRERS, *hostile.KEYS, "\ttab", "\rreturn", "\uff1d1"]


@pytest.mark.parametrize("form", Format)
def test_text_of_strangers_is_inert_in_every_format(form: Format, capsys) -> None:
    show(answer([[text, "1"] for text in HOSTILE], "varchar", "bigint"), form)
    printed = capsys.readouterr().out
    separators = "\n\t" if form is Format.TABS else "\n"
    assert [one for one in printed if not one.isprintable() and one not in separators] == []
    if form is Format.JSON:
        assert [row["a"] for row in json.loads(printed)] == HOSTILE
    else:
        assert len(printed.splitlines()) == len(HOSTILE) + 1  # the header, and no row makes two


def test_no_cell_of_a_csv_file_is_a_formula_and_numbers_stay_numbers(capsys) -> None:
    texts = ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\uff1d1", 'x"=1', "x;=1", "", None, "safe"]
    show(answer([[text, "-1.5E-3"] for text in texts], "varchar", "double"), Format.CSV)
    printed = capsys.readouterr().out
    rows = list(csv.reader(io.StringIO(printed)))[1:]
    assert [row[0] for row in rows] == [
        *("'=1+1", "'+1", "'-1", "'@a", "'\\t=1", "'\\r=1", "'\uff1d1"),
        *('x"=1', "x;=1", "", "", "safe"),
    ]
    assert {row[1] for row in rows} == {"-1.5E-3"}
    # text has quotation marks, so that no other separator splits it; nothing is NULL
    assert '\n"x;=1",' in printed
    assert '\n"",' in printed
    assert "\n,-1.5E-3" in printed


def test_columns_of_one_name_are_all_there(capsys) -> None:
    for form in Format:
        show(answer([["1", "2"]], "bigint", "bigint", names=["n", "n"]), form)
        printed = capsys.readouterr().out
        assert "1" in printed
        assert "2" in printed


class EnoughError(Exception):
    """More rows were taken than need be."""


@pytest.mark.parametrize(
    ("form", "read", "printed"),
    [
        (Format.CSV, 5, 5),
        (Format.TABS, 5, 5),
        (Format.JSON, 5, 4),
        (Format.TABLE, MEASURED, MEASURED),
    ],
)
def test_rows_are_printed_as_they_are_read(form: Format, read: int, printed: int, capsys) -> None:
    """A million rows need no more memory than a page of them, or than decide a table's widths."""

    def rows() -> Iterator[Sequence[str]]:
        yield from repeat(["x"], read)
        raise EnoughError

    with pytest.raises(EnoughError):
        show(Answer([Column("a", "varchar")], rows()), form)
    assert capsys.readouterr().out.count("x") == printed


def test_a_table_that_cuts_values_says_where_they_are_whole(capsys, monkeypatch) -> None:
    monkeypatch.setattr(terminal, "width", lambda: 30)
    show(answer([["a" * 40, "b"]], "varchar", "varchar"), Format.TABLE)
    assert capsys.readouterr().err == "… stands for what has no room: FORMAT=csv has it whole\n"
    show(answer([["a", "b"]], "varchar", "varchar"), Format.TABLE)
    assert capsys.readouterr().err == ""


def test_what_describe_answers_is_in_columns(capsys) -> None:
    lines = [["hour  \ttimestamp\tUTC hour.  "], ["# Partition Information\t \t "]]
    show(in_columns(answer(lines, "string", names=["result"])), Format.TABS)
    assert capsys.readouterr().out == (
        "col_name\tdata_type\tcomment\nhour\ttimestamp\tUTC hour.\n# Partition Information\t\t\n"
    )
    show(in_columns(answer([["Plan\n - scan\n"]], "varchar", names=["Query Plan"])), Format.TABS)
    assert capsys.readouterr().out == "Query Plan\nPlan\n- scan\n\n"


def test_a_tab_in_a_value_makes_no_column(capsys) -> None:
    show(answer([["Nikto\t2.5.0"]], "varchar"), Format.TABLE)
    assert capsys.readouterr().out == "a\nNikto\\t2.5.0\n"


def test_a_table_has_numbers_and_moments_as_a_person_writes_them(capsys) -> None:
    cells = ["4.2E-4", "1.0E7", "Infinity", "2026-11-20 10:00:00.000", None]
    types = ["double", "real", "double", "timestamp", "double"]
    show(answer([cells], *types), Format.TABLE)
    assert capsys.readouterr().out.splitlines()[1].split("  ") == [
        *("0.00042", "10000000", "Infinity", "2026-11-20 10:00:00", "NULL")
    ]
    show(answer([cells], *types), Format.CSV)
    assert '4.2E-4,1.0E7,Infinity,"2026-11-20 10:00:00.000",\n' in capsys.readouterr().out


@pytest.mark.parametrize("form", Format)
def test_no_rows_print_nothing_that_looks_like_one(form: Format, capsys) -> None:
    assert show(answer([], "varchar"), form) == 0
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
