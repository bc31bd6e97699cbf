"""scripts/install.sh: which Python it takes, and what it prints if it cannot install."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import REPO

# Says whether its version fits, names it, and fails at everything else.
FAKE = """#!/bin/sh
case "$1" in
    -c) exit {fits} ;;
    --version) echo "{name}" ;;
    *) echo "{name} was asked to build"; echo "and has no ensurepip"; exit 1 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script, and no Python on its PATH."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(REPO / "scripts" / "install.sh", tmp_path / "scripts")
    for tool in ("bash", "dirname", "mkdir", "tail", "sed"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    return tmp_path


def add_python(checkout: Path, name: str, *, fits: bool) -> None:
    path = checkout / "bin" / name
    path.write_text(FAKE.format(name=name, fits=0 if fits else 1))
    path.chmod(0o755)


def install(checkout: Path, python: str = "") -> str:
    environment = {"PATH": str(checkout / "bin"), "PYTHON": python, "UV_VERSION": "0"}
    done = subprocess.run(
        [checkout / "scripts" / "install.sh"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == ""
    return done.stdout


def test_without_a_python_that_fits_the_message_names_the_versions(checkout: Path) -> None:
    add_python(checkout, "python3", fits=False)
    output = install(checkout)
    assert output.startswith("Lacuna needs Python 3.11, 3.12 or 3.13, and none of them is on PATH")
    assert "make install PYTHON=" in output


def test_a_named_python_that_does_not_fit_is_not_replaced_by_another(checkout: Path) -> None:
    add_python(checkout, "python3.11", fits=True)
    add_python(checkout, "python3.9", fits=False)
    assert install(checkout, "python3.9").startswith("PYTHON=python3.9 is not Python 3.11, 3.12")
    assert install(checkout, "python3.14").startswith("PYTHON=python3.14 is not Python 3.11, 3.12")


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("python3.11", "python3.12", "python3.13", "python3"), "python3.11"),
        (("python3.13", "python3.12"), "python3.12"),
        (("python3.13", "python3"), "python3.13"),
        (("python3",), "python3"),
    ],
)
def test_the_first_python_that_fits_is_taken(
    checkout: Path, names: tuple[str, ...], chosen: str
) -> None:
    for name in names:
        add_python(checkout, name, fits=True)
    assert f"Installing the locked packages into .venv with {chosen} " in install(checkout)


def test_a_python_that_does_not_run_is_passed_over(checkout: Path) -> None:
    """pyenv puts a shim on PATH for versions that are not active."""
    add_python(checkout, "python3.11", fits=False)
    add_python(checkout, "python3.13", fits=True)
    assert "with python3.13 " in install(checkout)


def test_a_failure_shows_the_end_of_the_log_and_what_to_do(checkout: Path) -> None:
    add_python(checkout, "python3.12", fits=True)
    progress, failed, *end, advice = install(checkout).splitlines()
    assert progress.endswith("log: .lacuna/install.log) …")
    assert failed == "The installation failed. The end of .lacuna/install.log:"
    assert end == ["  python3.12 was asked to build", "  and has no ensurepip"]
    assert "run `make install` again" in advice
    assert (checkout / ".lacuna" / "install.log").read_text().endswith("no ensurepip\n")
