"""The parts of the benchmark that need no account of 1,000 buckets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import posture
from bench.__main__ import app
from bench.posture import Cost
from bench.usage import Usage, measure


@pytest.fixture
def peer(tmp_path: Path) -> Path:
    """A virtual environment with a peer in it."""
    command = tmp_path / "bin" / "prowler"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    return command


def test_a_peer_is_found_on_the_path_or_where_its_variable_says(
    peer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert posture.command_of("prowler") is None
    monkeypatch.setenv("PROWLER", str(peer.parents[1]))
    assert posture.command_of("prowler") == str(peer)
    monkeypatch.delenv("PROWLER")
    monkeypatch.setenv("PATH", str(peer.parent))
    assert posture.command_of("prowler") == str(peer)


def test_a_peer_that_is_not_installed_is_reported_and_not_compared() -> None:
    ours, bare = Cost(Usage(8.0, 3.0, 200 << 20), 1200), Cost(Usage(5.0, 2.0, 60 << 20), 1001)
    assert posture.row("Prowler", None) == "| Prowler | not installed | | | |"
    costs = {"us": ours, "loop": bare, "Prowler": None, "Custodian": None}
    lines = "\n".join(posture.ratios(costs))
    assert "| times the wall time of the bare loop | 1.6 | at most 2 |" in lines
    assert "| peak memory | 200 MiB | under 300 MiB |" in lines
    assert "Prowler" not in lines


def test_a_tool_that_failed_is_not_compared_and_a_snapshot_that_failed_ends_the_section() -> None:
    failed, bare = Cost(Usage(0.1, 0.1, 8 << 20, exit_code=1), 0), Cost(Usage(5.0, 2.0), 1001)
    assert "(exit 1)" in posture.row("Lacuna", failed)
    with pytest.raises(RuntimeError, match="the snapshot or the bare loop failed"):
        list(posture.ratios({"us": failed, "loop": bare, "Prowler": None, "none": None}))
    others = posture.ratios({"us": bare, "loop": bare, "Prowler": failed, "none": None})
    assert "Prowler" not in "\n".join(others)


def test_a_process_is_measured_from_its_start_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = iter([3, 10])
    monkeypatch.setattr(posture, "calls", lambda _: next(counted))
    work = (
        "import time; kept = bytearray(100 << 20); time.sleep(0.5); raise SystemExit('no account')"
    )
    cost = posture.measured([sys.executable, "-c", work], dict(os.environ), tmp_path)
    assert cost.usage.wall > 0.5
    assert cost.usage.peak > 100 << 20
    assert (cost.calls, cost.usage.exit_code) == (7, 1)
    assert "no account" in capsys.readouterr().out


def test_the_processes_that_were_started_before_count_if_asked_for(tmp_path: Path) -> None:
    """The memory of a daily run includes the sandbox that answers it."""
    held = "kept = bytearray(100 << 20); print('held', flush=True); input()"
    command, peaks = [sys.executable, "-c", "import time; time.sleep(0.5)"], []
    with subprocess.Popen(
        [sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        for with_sandbox in (True, False):
            usage = measure(command, os.environ, tmp_path / "log", with_sandbox=with_sandbox)
            peaks.append(usage.peak)
        other.kill()
    assert peaks[0] > 100 << 20 > peaks[1]


def test_the_command_line_explains_itself() -> None:
    help_text = CliRunner().invoke(app, ["--help"]).stdout
    for word in ("--requests", "--buckets", "--report", "PROWLER", "GoAccess"):
        assert word in help_text
