"""The comment that says what a statement is for, and what its execution then cost."""

from datetime import UTC, date, datetime

import pytest

from lacuna.tables.statements import ANALYST, BY_OTHERS, Origin, cost, marked, origin_of

DAY = date(2026, 11, 20)
CHECK = Origin("check_marts", DAY, "suite", "fct_delivery_hours")
# as dbt-athena puts it in front
DBTS = (
    "-- /* lacuna day=2026-11-20 step=parse_delivery_day kind=model model=int_x */\ncreate table x"
)


@pytest.mark.parametrize("origin", [CHECK, Origin("ask"), Origin("find_event_days", DAY)])
def test_a_statement_gives_back_the_origin_that_it_was_marked_with(origin):
    assert origin_of(marked("select 1", origin)) == origin


@pytest.mark.parametrize("query", ["select 1", "select 1;", "select 1\n;\n", "select 1 -- why;"])
def test_the_mark_moves_no_line_and_ends_no_statement(query):
    said = marked(query, CHECK)
    assert said.splitlines()[0] == query.splitlines()[0].removesuffix(";")
    assert ";" not in said.replace("-- why;", "")


@pytest.mark.parametrize("query", ["show tables", "-- all\n DESCRIBE lacuna.days", "/* a */desc x"])
def test_a_statement_that_hive_parses_is_not_marked(query):
    assert marked(query, CHECK) == query


@pytest.mark.parametrize(
    "query",
    [
        "",
        "select 1",
        "select '\n-- lacuna day=2026-11-20 step=a kind=b model=c\n'",
        "-- lacuna day=2026-13-20 step=a kind=b model=c\nselect 1",
        "-- lacuna day=2026-11-20 step=a kind=b model=c d\nselect 1",
    ],
)
def test_a_statement_without_a_mark_has_no_origin(query):
    assert origin_of(query) is None


def test_dbts_comment_is_read_too():
    assert origin_of(DBTS) == Origin("parse_delivery_day", DAY, "model", "int_x")


def execution(query, **statistics):
    return {
        "QueryExecutionId": "1",
        "WorkGroup": "primary",
        "Query": query,
        "StatementType": "DML",
        "Status": {
            "State": "SUCCEEDED",
            "SubmissionDateTime": datetime(2026, 11, 21, 1, 30, tzinfo=UTC),
        },
        "Statistics": statistics,
    }


def test_a_statement_is_counted_under_the_delivery_day_of_its_run():
    done = execution(DBTS, DataScannedInBytes=7, EngineExecutionTimeInMillis=1500)
    day, row = cost(done, "us-east-1", BY_OTHERS, 3)
    assert day == DAY
    assert (row.step, row.kind, row.model) == ("parse_delivery_day", "model", "int_x")
    assert (row.bytes_scanned, row.engine_ms, row.rows_written) == (7, 1500, 3)


@pytest.mark.parametrize(
    ("query", "without_origin", "step"),
    [
        ("select 1", BY_OTHERS, BY_OTHERS),
        (marked("select 1", Origin("ask")), BY_OTHERS, "ask"),
        # in their own workgroup nobody passes for a run
        (DBTS, ANALYST, ANALYST),
    ],
)
def test_a_statement_of_no_run_is_counted_under_the_day_of_its_submission(
    query, without_origin, step
):
    day, row = cost(execution(query), "us-east-1", without_origin, None)
    assert (day, row.step, row.bytes_scanned) == (date(2026, 11, 21), step, 0)
