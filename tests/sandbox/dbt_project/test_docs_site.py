"""`make docs-site`: dbt's documentation in one file, without AWS."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support import REPO


@pytest.mark.long
def test_the_site_has_the_columns_and_the_lineage_of_every_mart() -> None:
    """dbt parses and compiles the whole project in a process of its own, and then makes the page: half a minute."""
    done = subprocess.run(
        ["make", "--no-print-directory", "-o", ".venv/.installed", "docs-site"],
        cwd=REPO, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    page = Path(done.stdout.split("file://")[1].strip())
    ignored = subprocess.run(["git", "check-ignore", "-q", page], cwd=REPO, check=False)
    assert ignored.returncode == 0
    manifest = json.loads((page.parent / "manifest.json").read_text())
    for path in (REPO / "dbt_project" / "models").glob("**/marts/*.sql"):
        model = f"model.lacuna.{path.stem}"
        assert manifest["parent_map"][model], path.stem
        assert all(one["description"] for one in manifest["nodes"][model]["columns"].values())
        assert model in page.read_text()
