"""Running a day twice, and running it first after kills at every task, leaves the same rows."""

import re
import signal

import pytest

from lacuna.run import in_asset_order, load_dags

pytestmark = pytest.mark.dag

# What a run prints in the midst of its longest tasks
IN_THE_MIDST = (r"built \S*int_access_log_records in", r"built \S*fct_object_requests in")


@pytest.fixture(scope="module")
def moments() -> list[str]:
    """A pattern of the line that tells each moment to kill at: inside of tasks, and the end of
    each task in the order in which they end."""
    dags = in_asset_order(load_dags())
    ends = [f"{dag.dag_id}.{task.task_id}" for dag in dags for task in dag.topological_sort()]
    return [*IN_THE_MIDST, *(rf"{re.escape(end)} .*\bok\b" for end in ends)]


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
    for moment in moments:
        with untouched.start(day) as process:
            for line in process.stdout:
                if re.search(moment, line):
                    process.send_signal(signal.SIGKILL)
                    break
            else:
                pytest.fail(f"{moment} was never reached")
    untouched.run(day)
    assert_same(untouched.contents(), once)


def assert_same(now, before):
    assert now.keys() == before.keys()
    for table, rows in before.items():
        assert now[table] == rows, f"{table} differs"
