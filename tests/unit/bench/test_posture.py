"""The parts of the benchmark of postures that need no account of 1,000 buckets."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench import posture
from bench.posture import Cost


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
    assert posture.found("prowler") is None
    monkeypatch.setenv("PROWLER", str(peer.parents[1]))
    assert posture.found("prowler") == str(peer)
    monkeypatch.delenv("PROWLER")
    monkeypatch.setenv("PATH", str(peer.parent))
    assert posture.found("prowler") == str(peer)


def test_a_peer_that_is_not_installed_is_said_to_be_so_and_compared_with_nothing() -> None:
    ours, bare = Cost(8.0, 3.0, 200 << 20, 1200, 0), Cost(5.0, 2.0, 60 << 20, 1001, 0)
    assert posture.row("Prowler", None) == "| Prowler | not installed | | | |"
    told = "\n".join(posture.ratios({"us": ours, "loop": bare, "Prowler": None, "Custodian": None}))
    assert "| times the wall time of the bare loop | 1.6 | at most 2 |" in told
    assert "| peak memory | 200 MiB | under 300 MiB |" in told
    assert "Prowler" not in told


def test_a_process_is_measured_from_its_start_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = iter([3, 10])
    monkeypatch.setattr(posture, "calls", lambda _: next(counted))
    work = (
        "import time; kept = bytearray(100 << 20); time.sleep(0.5); raise SystemExit('no account')"
    )
    cost = posture.measure([sys.executable, "-c", work], dict(os.environ), tmp_path)
    assert cost.wall > 0.5
    assert cost.peak > 100 << 20
    assert (cost.calls, cost.exit_code) == (7, 1)
    assert "no account" in capsys.readouterr().out
