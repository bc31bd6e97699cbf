"""The simulated account's ground truth judges the pipeline: all planted faults, nothing else."""

import os
import subprocess
import sys

import pytest

from sandbox.process import REPO


@pytest.mark.long  # `make demo` runs four such days, and fails as this does
@pytest.mark.parametrize(("days", "requests"), [(2, 3000), (3, 5000)])
def test_every_planted_fault_is_found_and_nothing_else(days, requests, airflow_home):
    """The whole product end to end takes half a minute a day. Two days are the fewest that have a yesterday:
    what is late on the first heals on the second, and a change is seen between two snapshots."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sandbox", "demo"),
            *("--seed", "11", "--requests", str(requests), "--days", str(days)),
        ],
        cwd=REPO, env=os.environ | {"AIRFLOW_HOME": airflow_home},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert "not found" not in done.stdout
