"""Running a day twice, and running it first after kills at every task, leaves the same rows.

What runs twice, runs under the role of infra/lacuna.yaml.
"""

import os
import signal
import time

import pytest

from lacuna.cli.runner import in_asset_order, load_dags
from tests.days.conftest import Started

pytestmark = pytest.mark.long

# Seconds after the end of a task: dbt writes tables then, in the next one
IN_THE_MIDST = 3.0
BEFORE_DBT = ("catalog_day", "find_event_days")

# What Athena asks of Glue and S3 as whoever started the query, and no client ever does. From AWS's managed policy
# AmazonAthenaFullAccess: its reading of tables and results, its creating of tables and partitions.
ON_BEHALF = {
    "s3:GetBucketLocation",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:AbortMultipartUpload",
    "glue:GetDatabase",
    "glue:GetPartition",
    "glue:BatchGetPartition",
    "glue:CreatePartition",
    "glue:UpdatePartition",
}
# Seen in no run over this account: a table whose columns a new version has changed; a run ended in the midst of a
# query; tags that have to be asked of each bucket; other accounts.
RARE = {
    "glue:UpdateTable",
    "athena:StopQueryExecution",
    "s3:GetBucketTagging",
    "sts:AssumeRole",
    "organizations:ListAccounts",
}


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


@pytest.fixture(scope="module")
def twice(simulated, once):
    """The rows after a second run of the same day."""
    simulated.run(simulated.truth["until"])
    return simulated.contents()


def test_a_day_run_again_gives_the_same_rows(once, twice):
    assert_same(twice, once)


@pytest.mark.usefixtures("once")
def test_what_to_do_is_printed_to_be_copied(simulated):
    bucket = "meridian-scratch"  # whose logging somebody has turned off
    arguments = ["advise", simulated.truth["until"], "--bucket", bucket]
    with Started(arguments, simulated.environment) as started:
        head, *lines = started.stdout.read().splitlines()
        assert started.wait() == 0
    assert head == f"{bucket}: off"
    assert any(one.startswith(f"aws s3api put-bucket-logging --bucket {bucket} ") for one in lines)


@pytest.mark.usefixtures("twice")
def test_the_role_lets_these_runs_do_all_they_do_and_nothing_else(simulated):
    """Unseen here: which of Glue's databases a call is about (tests/sandbox/infra/test_role.py), and what
    Athena does on the caller's behalf, which is listed above from AWS's own policy."""
    seen = simulated.seen()
    assert seen["refused"] == []
    assert set(seen["granted"]) - set(seen["used"]) == ON_BEHALF | RARE


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
