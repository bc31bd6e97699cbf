"""What `make ask` refuses before anything is sent, and what it says about an answer."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from lacuna.cli import ask
from lacuna.cli.saved_queries import WrongQuestion
from lacuna.lake.athena import Answer

SELECT = "select * from fct_delivery_hours where bucket_name = ?"
HEAD = "-- Hours of a bucket.\n--\n-- bucket (text): Its name.\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Which query? make ask SQL="),
        ({"sql": "select 1", "name": "missing_hours"}, "One query at a time: make ask SQL="),
        ({"sql": "drop table a"}, "ask only reads: "),
        ({"sql": "select 1", "params": "a=1"}, "this query takes no parameters"),
        ({"name": "missing_hours", "params": "photos"}, "PARAMS has 'photos' without a name"),
        (
            {"name": "missing_hours", "params": "key='a"},
            "PARAMS cannot be read: No closing quotation",
        ),
        ({"name": "missing_hours", "params": "bucket=a bucket=b"}, "PARAMS has bucket twice"),
        ({"file": Path("/no/such.sql")}, "the query cannot be read from /no/such.sql: "),
    ],
)
def test_what_is_not_one_query_that_reads_is_refused(given, said) -> None:
    with pytest.raises(WrongQuestion) as raised:
        ask.question(*(given.get(name) for name in ("sql", "file", "name", "params")))
    assert str(raised.value).startswith(said)


def test_a_refusal_names_what_really_protects_the_lake() -> None:
    with pytest.raises(WrongQuestion, match="What protects the lake is the role"):
        ask.question("insert into a select 1", None, None, None)


def test_a_file_of_ones_own_takes_the_parameters_that_its_comment_names(tmp_path, monkeypatch):
    file = tmp_path / "mine.sql"
    file.write_text(HEAD + SELECT)
    params = "bucket='an \"odd\" name; drop'"
    asked = ask.question(None, file, None, params)
    assert asked.parameters == ("'an \"odd\" name; drop'",)
    assert asked.query.sql == HEAD + SELECT
    monkeypatch.setattr(sys, "stdin", io.StringIO(HEAD + SELECT))
    assert ask.question(None, Path("-"), None, params).parameters == asked.parameters


def test_days_that_are_asked_about_are_known() -> None:
    asked = ask.question(None, None, "missing_hours", "bucket=2026-01-01 since=2026-11-20")
    assert asked.days == ("2026-11-20", "2026-11-20")
    assert list(ask.defaults(asked)) == [
        "bucket = '2026-01-01', since = '2026-11-20', until = '2026-11-20'"
    ]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (12_345, "12.3 kB"),
        (10**9, "1.0 GB"),
        (10**16, "10,000.0 TB"),
    ],
)
def test_the_last_line_says_what_was_read(size: int, shown: str) -> None:
    assert ask.cost(Answer([], iter([]), size, 1.26), 1234) == f"1,234 rows, {shown} scanned, 1.3 s"
