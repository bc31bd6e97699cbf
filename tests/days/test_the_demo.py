"""The simulated account's ground truth judges the pipeline: all planted faults, nothing else."""

import os
import subprocess
import sys

import pytest

from sandbox.process import REPO

pytestmark = pytest.mark.long


@pytest.mark.parametrize("seed", [11])
def test_every_planted_fault_is_found_and_nothing_else(seed, airflow_home):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sandbox", "demo"),
            *("--seed", str(seed), "--requests", "5000", "--days", "3"),
        ],
        cwd=REPO, env=os.environ | {"AIRFLOW_HOME": airflow_home},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert "not found" not in done.stdout
