"""What a failed task leaves for the end of a run: the cause, and whether there is a summary."""

from datetime import date
from types import SimpleNamespace

import pytest

from lacuna.cli.runner import Progress
from lacuna.steps import withholding
from lacuna.steps.build import BuildFailed
from lacuna.steps.check import CheckErrored
from lacuna.steps.gate import DayWithheld, NotChecked

DAY = date(2026, 11, 20)


def noted(error: Exception) -> Exception:
    error.add_note(withholding.NOTE)
    return error


@pytest.mark.parametrize(
    ("errors", "reported", "cause"),
    [
        ([BuildFailed("a", "b")], False, "a\\nb"),
        ([noted(BuildFailed("a", "b"))], True, "a\\nb"),
        ([CheckErrored("c")], True, "c"),
        ([CheckErrored("c"), DayWithheld("d")], True, "d"),
        # the check itself has failed, and its cause counts
        ([noted(RuntimeError("e")), NotChecked("f")], True, "e"),
        ([RuntimeError("e"), NotChecked("f")], False, "e"),
    ],
)
def test_there_is_a_summary_if_the_check_results_say_why(errors, reported, cause):
    progress = Progress(DAY, SimpleNamespace(asked=False))
    task = SimpleNamespace(dag_id="dag", task_id="task", state="failed")
    for error in errors:
        progress.on_task_instance_failed(None, task, error)
    assert progress.is_reported is reported
    assert progress.failure == f"dag.task of 2026-11-20: {cause}"
