"""`lacuna ask` against Athena: values stay values, long answers are read in pages, failures say what to do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from lacuna.cli.commands import app
from tests.support.account import Account

HEAD = "-- A word.\n--\n-- word (text): It.\n-- day (day, default yesterday): A day.\n"


@pytest.fixture
def ask(settings: Any) -> Any:
    def run(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, ["ask", *arguments], input=stdin)

    return run


def last_statement(cloud: Account) -> Any:
    athena = cloud.client("athena")
    newest = athena.list_query_executions(WorkGroup="primary")["QueryExecutionIds"][0]
    return athena.get_query_execution(QueryExecutionId=newest)["QueryExecution"]


def test_a_value_is_passed_beside_the_query_and_never_becomes_a_part_of_it(ask, cloud, tmp_path):
    file = tmp_path / "mine.sql"
    file.write_text(f"{HEAD}select ? as word, cast(? as date) as day")
    value = "it's \x1b[31m' or true --"
    done = ask("--file", str(file), "--params", f'word="{value}" day=2026-11-20', "--format", "csv")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == '"word","day"\n"it\'s \\x1b[31m\' or true --","2026-11-20"\n'
    sent = last_statement(cloud)
    assert sent["ExecutionParameters"] == ["'it''s \x1b[31m'' or true --'", "'2026-11-20'"]
    assert "it's" not in sent["Query"]
    said = done.stderr.splitlines()
    assert said[0] == "word = 'it''s \\x1b[31m'' or true --', day = '2026-11-20'"
    assert said[1].startswith("1 row, 0 bytes scanned, ")
    assert said[2].startswith("not run: 2026-11-20.")


def test_a_day_that_is_not_over_cannot_be_run(ask):
    done = ask("select 1 where date '2120-01-01' is null")
    assert done.stderr.splitlines()[-1] == "not run: 2120-01-01. No day of them is over (UTC)."


def test_what_a_query_cost_is_counted_under_its_name(ask, cloud):
    assert ask("--query", "open_findings").exit_code == 1  # no day was published
    assert last_statement(cloud)["Query"].endswith(
        "\n-- lacuna day= step=ask kind=query model=open_findings"
    )


def test_standard_input_holds_a_query_too(ask):
    done = ask("--file", "-", stdin="select 'from', 'stdin'")
    assert done.stdout == "_col0\t_col1\nfrom\tstdin\n"


@pytest.mark.parametrize(("form", "lines"), [("csv", 2501), ("json", 2502), ("table", 2501)])
def test_an_answer_of_many_pages_is_whole(ask, form, lines):
    many = "select n from unnest(sequence(1, 2500)) as numbers (n) order by n"
    done = ask(many, "--format", form)
    assert len(done.stdout.splitlines()) == lines
    assert done.stderr.startswith("2,500 rows, ")
    assert "2500" in done.stdout


def test_a_query_that_is_interrupted_costs_no_more(ask, cloud, monkeypatch):
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    numbers = "unnest(sequence(1, 10000))"
    endless = f"select count(*) from {numbers} as a (n), {numbers} as b (n), {numbers} as c (n)"
    with monkeypatch.context() as patch:
        patch.setattr("lacuna.lake.athena.time.sleep", interrupted)
        assert ask(endless).exit_code != 0
    deadline = time.monotonic() + 60
    while (state := last_statement(cloud)["Status"]["State"]) == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert state == "CANCELLED"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["select 1 from fct_log_objects"], 1, "fct_log_objects is made when the first day is"),
        (
            ["--query", "open_findings"],
            1,
            "fct_check_results is made when the first day is published",
        ),
        (["select 1 from fct_log_objcts"], 1, "Did you mean fct_log_objects? To see all: make ask"),
        (["select 1 from nowhere.a"], 1, "SCHEMA_NOT_FOUND"),
        (['select "\x1b[31m"'], 1, "Column '\\x1b[31m' cannot be resolved"),
        (["selec\x1b 1"], 2, "ask only reads"),
        (["select 1 from"], 1, "Athena refused a query: "),
        (["--query", "opne_findings"], 2, "Did you mean open_findings?"),
        (["--query", "object_history", "--params", "key=a"], 2, "bucket is missing: "),
    ],
)
def test_a_failure_says_what_to_do(ask, arguments, code, said):
    done = ask(*arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_saved_queries_are_listed_with_what_they_answer(ask):
    done = ask("--list")
    lines = done.stdout.splitlines()
    names = [path.stem for path in sorted(Path("dbt_project/analyses").glob("*.sql"))]
    assert [line.split("QUERY=")[1].split()[0] for line in lines[1::2]] == names
    assert all(line[0].isupper() and line.endswith(".") for line in lines[::2])
