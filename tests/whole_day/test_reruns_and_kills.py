"""Running a day twice, and running it first after kills at every task, leaves the same rows."""

import os
import signal
import time

import pytest

from lacuna.run import in_asset_order, load_dags

pytestmark = pytest.mark.dag

# Seconds after the end of a task: dbt writes tables then, in the next one
IN_THE_MIDST = 3.0
BEFORE_DBT = ("catalog_day", "find_event_days")


@pytest.fixture(scope="module")
def moments() -> list[tuple[str, float]]:
    """When to kill: a task whose end is told, and the seconds after it. All task ends, in their
    order, and in the midst of the tasks that take long."""
    dags = in_asset_order(load_dags())
    ends = [f"{dag.dag_id}.{task.task_id}" for dag in dags for task in dag.topological_sort()]
    midst = [(end, IN_THE_MIDST) for end in ends if end.endswith(BEFORE_DBT)]
    assert len(midst) == len(BEFORE_DBT)
    return [*midst, *((end, 0.0) for end in ends)]


@pytest.fixture(scope="module")
def once(simulated):
    """The rows of every table after one run that nothing disturbed."""
    simulated.run(simulated.truth["until"])
    contents = simulated.contents()
    assert sum(map(len, contents.values())) > 1000
    return contents


def test_a_day_run_again_gives_the_same_rows(simulated, once):
    simulated.run(simulated.truth["until"])
    assert_same(simulated.contents(), once)


def test_a_first_run_killed_anywhere_and_run_again_gives_the_same_rows(untouched, once, moments):
    """Every kill hits a lake that no run has finished: the rows of an earlier day cannot help."""
    day = untouched.truth["until"]
    for task, seconds in moments:
        with untouched.start(day) as process:
            for line in process.stdout:
                if task in line and " ok " in line:
                    time.sleep(seconds)
                    os.kill(process.pid, signal.SIGKILL)
                    break
            else:
                pytest.fail(f"{task} never ended")
    untouched.run(day)
    assert_same(untouched.contents(), once)


def assert_same(now, before):
    assert now.keys() == before.keys()
    for table, rows in before.items():
        assert now[table] == rows, f"{table} differs"
