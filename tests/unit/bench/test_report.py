"""What the report of `make bench` says of a run's steps, and of a section that fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from typer.testing import CliRunner

from bench import __main__ as command
from bench import large_day, questions
from bench.day_run import Day, DayFailed, Step, steps
from bench.small_day import row
from bench.usage import Usage
from lacuna.cli import saved_queries


def test_a_step_has_the_statements_that_the_mart_of_costs_knows_of_it():
    timings = [{"dag": "dag", "task": name, "seconds": 5} for name in ("first", "second", "third")]
    costs = [
        {"step": "first", "statements": 2, "scanned": 10, "usd": 0.5},
        {"step": "second", "statements": 1, "scanned": 20, "usd": None},
        {"step": "ask", "statements": 9, "scanned": 9, "usd": 9.0},
    ]
    found = steps(timings, costs)
    assert found == [
        Step("dag.first", 5, 2, 10, 0.5),
        Step("dag.second", 5, 1, 20, 0),
        Step("dag.third", 5, 0, 0, 0),
    ]
    whole = Day(Usage(8, 1), found).whole()
    assert whole == Step("the whole daily run", 8, 3, 30, 0.5)
    assert row(found[1], whole) == "| dag.second | 5.0 | 1 | 33% | 0.0 | 67% | 0.0000 |"


def test_a_section_that_fails_says_so_and_the_others_are_written(tmp_path, monkeypatch):
    def fails(*_: Any) -> list[str]:
        raise DayFailed("the daily run failed: out of memory")

    monkeypatch.setattr(command, "interrupt_once", lambda: None)
    for name in ("demo_section", "small_day_section", "posture_section", "growth_section"):
        monkeypatch.setattr(command, name, lambda *_, name=name: [f"## {name}"])
    monkeypatch.setattr(command, "large_day_section", fails)
    report = tmp_path / "bench.md"
    result = CliRunner().invoke(command.app, ["--requests", "1000", "--report", str(report)])
    assert result.exit_code == 1
    text = report.read_text()
    assert "## A day of 1,000 requests" in text
    assert "**Not measured:** the daily run failed: out of memory" in text
    assert [name in text for name in ("demo", "small_day", "posture")] == [True] * 3
    monkeypatch.setattr(command, "large_day_section", lambda *_: [])
    assert CliRunner().invoke(command.app, ["--report", str(report)]).exit_code == 0


def test_a_day_that_fails_on_trino_leaves_the_figures_of_the_embedded_engine(monkeypatch, tmp_path):
    def fails(*_: Any) -> Day:
        raise DayFailed("the daily run of 2026-11-20 failed: EXCEEDED_LOCAL_MEMORY_LIMIT")

    monkeypatch.setattr(large_day, "run_day", fails)
    trino, missing = large_day.on_trino({}, date(2026, 11, 20), tmp_path)
    assert trino is None
    assert missing.endswith("EXCEEDED_LOCAL_MEMORY_LIMIT.")
    ours = Day(Usage(8, 1, 2**30), [Step("dag.first", 5, 2, 3_000_000, 0.25)])
    assert large_day.day_rows(ours, trino)[0] == (
        "| the whole daily run | 8.0 s, 2 statements, 3.0 MB scanned, $0.2500 | 180 s |  |"
    )
    found = [Step("hits", 1, 2, 3_000_000), Step("findings", 1, 1, 0)]
    rows = large_day.day_rows(replace(ours, analysts=4.0, findings=found), None)
    assert rows[3:] == [
        "| of it while the marts for analysts were made and tested | 4.0 s |  |  |",
        "| **times the run without them, at most** | 2.00 | 1.6 |  |",
        "| of it hits and its tests | 1.0 s, 2 statements, 3.0 MB scanned, $0.0000 |  |  |",
        "| of it findings and its tests | 1.0 s, 1 statement, 0.0 MB scanned, $0.0000 |  |  |",
        "| **share of the run that the detections are, at most** | 25% | 25% |  |",
    ]
    (scan,) = large_day.scan_rows(1_500_000, ours, trino)
    assert scan == "| **bytes scanned to each byte of access log** | 2.00 | |  |"


def test_a_question_has_its_share_of_the_raw_bytes_and_the_wide_table_no_bound():
    ours = dict.fromkeys((query.name for query in saved_queries.every()), 1_000_000)
    ours |= {"sessions": 3_000_000, "who": 50_000_000}
    rows = questions.question_rows(100_000_000, ours, None)
    assert rows[4] == "| sessions | fct_sessions | 3.0 | 3.00% | 2% |  |  |"
    assert "| who | fct_object_requests | 50.0 | 50.00% |  |  |  |" in rows
    assert rows[-1] == "| **the most, without fct_object_requests** | | 3.0 | 3.00% | 2% |  |  |"
    with_trino = questions.question_rows(100_000_000, ours, ours | {"sessions": 500_000})
    assert with_trino[4] == "| sessions | fct_sessions | 3.0 | 3.00% | 2% | 0.5 | 0.50% |"


def test_ctrl_c_writes_no_report(tmp_path, monkeypatch):
    def interrupted() -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "interrupt_once", lambda: None)
    monkeypatch.setattr(command, "demo_section", interrupted)
    report = tmp_path / "bench.md"
    result = CliRunner().invoke(command.app, ["--report", str(report)])
    assert (result.exit_code, report.exists()) == (130, False)
