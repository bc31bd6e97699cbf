"""What each statement cost, from Athena's history: each once, and nothing that was not read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from lacuna.lake import athena, history
from lacuna.lake.lake import open_lake
from lacuna.steps import costs
from lacuna.tables.evidence import CHECK_RESULTS, COST_READINGS, RUN_COSTS
from lacuna.tables.statements import ANALYST, BY_OTHERS
from tests.sandbox.lacuna.conftest import DAY


@pytest.fixture
def spend(settings: Any) -> Any:
    """Send a statement as a step of a run does, or as somebody else."""

    def send(step: str = "", day: date | None = None, query: str = "select 1") -> None:
        athena.rows(open_lake(settings, step, day), query)

    return send


@pytest.fixture
def counted(settings: Any) -> Any:
    """Read the history as a run of the day does."""

    def read(*analysts: str) -> int:
        return costs.read(open_lake(settings, "count_costs", DAY), analysts, DAY)

    return read


@pytest.fixture
def known(settings: Any) -> Any:
    """What is written of the statements: each row, with the day of its partition."""

    def read() -> list[dict[str, Any]]:
        lake = open_lake(settings)
        found = []
        for on in lake.days(RUN_COSTS):
            for day in (DAY, DAY - timedelta(days=1), on):
                rows = lake.read(RUN_COSTS, {"submitted_on": on, "day": day})
                found += [row | {"day": day} for row in rows]
        return found

    return read


@pytest.fixture
def readings(settings: Any) -> Any:
    def read() -> list[dict[str, Any]]:
        lake = open_lake(settings)
        rows = [
            row
            for on in lake.days(COST_READINGS)
            for row in lake.read(COST_READINGS, {"read_on": on})
        ]
        return sorted(rows, key=lambda row: row["read_at"])

    return read


def test_what_a_killed_run_and_a_run_beside_it_spent_is_counted_once(
    settings, spend, known, counted
):
    spend("parse_delivery_day", DAY)  # and the run is killed
    spend("check_marts", DAY - timedelta(days=1))
    spend(query="select 2")  # nobody counted before, so this may be an older version's
    assert counted() == 2
    spend("parse_delivery_day", DAY)
    spend(query="select 3")
    counted()
    counted()
    once = {row["statement_id"]: (row["day"], row["step"]) for row in known()}
    assert sorted(once.values(), key=str) == [
        (DAY - timedelta(days=1), "check_marts"),
        (DAY, "parse_delivery_day"),
        (DAY, "parse_delivery_day"),
        *[(next(row["day"] for row in known() if row["step"] == BY_OTHERS), BY_OTHERS)] * 2,
    ]


def test_a_statement_is_written_with_what_athena_says_of_it(settings, spend, known, counted):
    spend("a", DAY, "create table lacuna.two as select 1 as one union all select 2 as one")
    spend("b", DAY, "select * from lacuna.two")
    counted()
    made, read = sorted(known(), key=lambda row: row["step"])
    assert (made["rows_written"], read["rows_written"]) == (2, None)
    assert read["bytes_scanned"] > 0
    assert (read["statement_type"], read["state"]) == ("DML", "SUCCEEDED")
    assert (read["workgroup"], read["region"]) == ("primary", "us-east-1")


@pytest.mark.parametrize("operation", ["ListQueryExecutions", "BatchGetQueryExecution"])
def test_a_history_that_is_refused_is_a_row_and_is_read_by_the_next_run(
    cloud, settings, spend, known, readings, operation, counted
):
    spend("parse_delivery_day", DAY)
    cloud.faults({"operation": operation, "error": "AccessDeniedException", "status": 400})
    assert counted() == 0
    (refused,) = readings()
    assert refused["missing_permission"] == f"athena:{operation}"
    assert (refused["run_day"], refused["known_until"]) == (DAY, None)
    cloud.faults()
    assert counted() == 1
    assert readings()[-1]["error_code"] is None
    assert [row["step"] for row in known()] == ["parse_delivery_day"]


def test_the_history_is_read_no_further_back_than_the_reading_before(
    cloud, settings, spend, monkeypatch, counted
):
    monkeypatch.setattr(costs, "MARGIN", timedelta(0))
    for _ in range(60):
        cloud.client("athena").start_query_execution(
            QueryString="select 1",
            ResultConfiguration={"OutputLocation": open_lake(settings).query_results},
        )
    counted()
    before = cloud.calls("ListQueryExecutions")
    spend("check_marts", DAY)
    assert counted() <= 2
    assert cloud.calls("ListQueryExecutions") - before <= 2


def test_a_history_that_is_too_long_is_said_and_not_read_again(
    cloud, settings, spend, readings, monkeypatch, counted
):
    monkeypatch.setattr(history, "MOST_PAGES", 1)
    for _ in range(51):
        cloud.client("athena").start_query_execution(
            QueryString="select 1",
            ResultConfiguration={"OutputLocation": open_lake(settings).query_results},
        )
    counted()
    (cut,) = readings()
    assert cut["error_code"] == "HistoryTooLong"
    assert cut["known_until"] is not None


def test_analysts_are_counted_by_their_workgroup_and_no_text_of_theirs_is_kept(
    cloud, settings, known, readings, counted
):
    client = cloud.client("athena")
    for name in ("reports", "science"):
        client.create_work_group(Name=name)
        client.start_query_execution(
            QueryString="select 'their text' as a",
            WorkGroup=name,
            ResultConfiguration={"OutputLocation": open_lake(settings).query_results},
        )
    counted("reports", "gone")
    assert [(row["workgroup"], row["step"]) for row in known()] == [("reports", ANALYST)]
    assert "their text" not in str(known())
    errors = {row["workgroup"]: row["error_code"] for row in readings()}
    assert errors == {"primary": None, "reports": None, "gone": "InvalidRequestException"}


def test_costs_that_cannot_be_written_or_checked_fail_no_run(
    cloud, settings, spend, known, counted
):
    spend("check_marts", DAY)
    cloud.faults({"operation": "PutObject", "error": "AccessDenied", "status": 403})
    assert costs.count_costs(settings, DAY) == 0
    cloud.faults()
    assert known() == []
    assert costs.count_costs(settings, DAY) == 1  # of a lake that has no such mart
    (on,) = open_lake(settings).days(CHECK_RESULTS)
    found = open_lake(settings).read(CHECK_RESULTS, {"checked_on": on, "delivery_day": DAY})
    assert {(row["suite"], row["errored"]) for row in found} == {("fct_run_costs", True)}
