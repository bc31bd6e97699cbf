from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from tests.support import REPO


def test_the_account_can_be_written_into_a_folder(tmp_path: Path) -> None:
    arguments = ["--seed", "3", "--requests", "900", "--days", "1", "--until", "2026-03-05"]
    subprocess.run(
        [sys.executable, "-m", "sandbox.account", *arguments, "--out", str(tmp_path)],
        cwd=REPO,
        env=os.environ | {"PYTHONPATH": str(REPO)},
        check=True,
        capture_output=True,
    )
    rows = [json.loads(line) for line in (tmp_path / "objects.jsonl").read_text().splitlines()]
    totals = json.loads((tmp_path / "truth.json").read_text())["totals"]
    assert sum("/CloudTrail/" in row["key"] for row in rows) == totals["trail_files"]
    for row in rows:
        path = tmp_path / row["bucket"] / row["key"]
        assert path.stat().st_size == row["size"]
        assert path.stat().st_mtime == datetime.fromisoformat(row["delivered_at"]).timestamp()
