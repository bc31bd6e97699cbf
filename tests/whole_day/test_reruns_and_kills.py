"""Running a day twice, and running it again after a kill at any task, leaves the same rows."""

import signal

import pytest

from lacuna.run import in_asset_order, load_dags

pytestmark = pytest.mark.dag


@pytest.fixture(scope="module")
def boundaries() -> list[str]:
    """`dag.task` of every task of a day, in the order in which they end."""
    dags = in_asset_order(load_dags())
    return [f"{dag.dag_id}.{task.task_id}" for dag in dags for task in dag.topological_sort()]


def test_a_day_run_again_or_killed_anywhere_gives_the_same_rows(simulated, boundaries):
    day = simulated.truth["until"]
    simulated.run(day)
    once = simulated.contents()
    assert sum(map(len, once.values())) > 1000

    simulated.run(day)
    assert_same(simulated.contents(), once, "after a rerun")

    for boundary in boundaries:
        with simulated.start(day) as process:
            for line in process.stdout:
                if boundary in line and " ok " in line:
                    process.send_signal(signal.SIGKILL)
                    break
            else:
                pytest.fail(f"{boundary} was never reached")
    simulated.run(day)
    assert_same(simulated.contents(), once, "after kills at every task")


def assert_same(now, before, when):
    assert now.keys() == before.keys(), when
    for table, rows in before.items():
        assert now[table] == rows, f"{table} differs {when}"
