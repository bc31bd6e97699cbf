"""The rules of the saved queries in dbt_project/analyses, which people also run in Athena's console."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from lacuna.cli import answers, saved_queries
from lacuna.cli.saved_queries import SavedQuery, parsed
from tests.support import REPO

MODELS = REPO / "dbt_project" / "models"
QUERIES = {query.name: query for query in saved_queries.every()}
GOOD = """\
-- Hours of a bucket, oldest first.
--
-- bucket (text): Name of the bucket.
-- day (day, default yesterday): Event day, UTC.
select hour, status
from lacuna.fct_delivery_hours
where bucket_name = ? and event_date = cast(? as date)
order by hour
"""


@cache
def partition_columns() -> dict[str, str]:
    """What each mart is filtered by; a view by the column that its description names."""
    texts = {path.stem: path.read_text() for path in MODELS.glob("**/marts/*.sql")}
    found = {name: re.search(r"partitioned_by=\['(\w+)'\]", text) for name, text in texts.items()}
    views = {
        "fct_check_results": "partition_day",
        "fct_run_costs": "day",
        "days": "day",
    } | dict.fromkeys(
        (
            *(
                "fct_cases",
                "fct_detection_coverage",
                "fct_finding_evidence",
                "fct_findings",
                "fct_first_seen",
            ),
            *("fct_logging_effects", "fct_protection_changes", "principal_baselines"),
        ),
        "event_date",
    )
    return {name: match[1] for name, match in found.items() if match} | views


def problems(query: SavedQuery) -> Iterator[str]:
    """What keeps a query from being saved."""
    head = [line for line in query.sql.splitlines() if line.startswith("--")]
    if not re.fullmatch(r"[A-Z][^?]{10,97}\.", query.sentence):
        yield "its first line is no sentence of at most 100 characters"
    if "?" in "".join(head):
        yield "its comment has a question mark, which a client may count"
    entries = [line for line in head if re.match(r"-- [a-z_]+ \(", line)]
    if len(entries) != len(query.parameters):
        yield "a line of its comment is no parameter"
    if not all(re.fullmatch(r"[A-Z].+\.", parameter.meaning) for parameter in query.parameters):
        yield "the meaning of a parameter is no sentence"
    if "{" in query.sql or ";" in query.sql or not answers.only_reads(query.sql):
        yield "it is not one plain query"
    select = sqlglot.parse_one(query.sql, read="athena")
    if len(list(select.find_all(exp.Placeholder))) != len(query.parameters):
        yield "it has not as many question marks as parameters"
    if not select.args.get("order"):
        yield "its rows have no order"
    for table in select.find_all(exp.Table):
        column = partition_columns().get(table.name)
        if table.db != "lacuna" or column is None:
            yield f"{table.sql()} is no mart"
        elif not any(is_bound(one, column) for one in select.find_all(exp.Between, exp.EQ)):
            yield f"it is not bound by days of {column}"


def is_bound(condition: exp.Expression, column: str) -> bool:
    """Whether a condition of the WHERE compares the bare column with days that are given."""
    bare = isinstance(condition.this, exp.Column) and condition.this.name == column
    days = [condition.args.get(name) for name in ("low", "high", "expression")]
    given = [day for day in days if day is not None]
    in_where = isinstance(condition.find_ancestor(exp.Where, exp.Or), exp.Where)
    return (
        bare
        and in_where
        and all(
            isinstance(day, exp.Cast) and isinstance(day.this, exp.Placeholder) for day in given
        )
    )


@pytest.mark.parametrize("name", QUERIES)
def test_a_saved_query_keeps_the_rules(name: str) -> None:
    assert list(problems(QUERIES[name])) == []


def test_a_good_query_has_no_problem() -> None:
    assert list(problems(parsed("good", GOOD))) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("-- Hours of a bucket, oldest first.\n--\n", "", "its first line is no sentence"),
        ("oldest first.", "oldest first?", "its first line is no sentence"),
        ("Event day, UTC.", "Which day?", "its comment has a question mark"),
        ("(text)", "(word)", "a line of its comment is no parameter"),
        ("Event day, UTC.", "event day", "the meaning of a parameter is no sentence"),
        ("order by hour\n", "order by hour;\n", "it is not one plain query"),
        ("bucket_name = ?", "bucket_name = 'a'", "it has not as many question marks"),
        ("order by hour\n", "", "its rows have no order"),
        ("from lacuna.", "from ", "fct_delivery_hours is no mart"),
        ("event_date = cast(? as date)", "cast(event_date as varchar) = ?", "it is not bound"),
        ("event_date = cast(? as date)", "hour > cast(? as date)", "it is not bound"),
        ("and event_date", "or event_date", "it is not bound"),
    ],
)
def test_a_query_that_breaks_a_rule_has_a_problem(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    broken = parsed("broken", GOOD.replace(old, new))
    assert any(one.startswith(problem) for one in problems(broken))


def test_lint_reads_the_saved_queries_too(tmp_path: Path) -> None:
    """`make lint` lints them all, which takes seconds; this proves on one that it finds a slip."""
    makefile = (REPO / "Makefile").read_text().replace("\\\n\t\t", "")
    (command,) = re.findall(r"(?m)^\t@(sqlfluff lint .*)$", makefile)
    command, _, analyses = command.rpartition(" ")
    assert analyses == "dbt_project/analyses"
    models = command[command.index("$(addprefix") :]
    assert models.startswith("$(addprefix .lacuna/compiled/compiled/lacuna/models/,")
    options = command.removesuffix(models).split()
    (tmp_path / "slip.sql").write_text(GOOD.replace("order by", "ORDER by"))
    lint = [
        Path(sys.executable).parent / options[0],
        *options[1:],
        "--config",
        REPO / ".sqlfluff",
        tmp_path,
    ]
    done = subprocess.run(lint, cwd=REPO, capture_output=True, text=True, check=False)
    assert "CP01" in done.stdout
    assert done.returncode == 1
