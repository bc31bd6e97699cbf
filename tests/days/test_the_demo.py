"""The simulated account's ground truth judges the pipeline: all planted faults, nothing else."""

import os
import subprocess
import sys

import pytest

from sandbox.process import REPO


@pytest.mark.long  # `make demo` runs four such days, and fails as this does
def test_every_planted_fault_is_found_and_nothing_else(airflow_home):
    """The whole product end to end takes half a minute a day. Three days are the fewest of which one has a day on
    each side: what is late on the first heals on the second, and a change is seen between two snapshots."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sandbox", "demo"),
            *("--seed", "11", "--requests", "4000", "--days", "3"),
        ],
        cwd=REPO, env=os.environ | {"AIRFLOW_HOME": airflow_home},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert "not found" not in done.stdout
