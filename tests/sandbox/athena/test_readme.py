"""The folder stands by itself: its README's five lines run alone, and no file names Lacuna."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sandbox import athena

README = Path(str(athena.__file__)).with_name("README.md")


def test_the_five_lines_print_the_answer(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", README.read_text(), re.S)
    assert code
    assert len([line for line in code[1].splitlines() if line]) == 5
    package = tmp_path / "sandbox" / "athena"
    package.parent.mkdir()
    package.symlink_to(README.parent)
    done = subprocess.run(
        [sys.executable, "-c", code[1]],
        cwd=tmp_path,
        env={"PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[(42,)]\n"


def test_no_file_names_lacuna_but_the_readme_that_says_so_once() -> None:
    texts = {
        path.name: path.read_text(errors="replace").lower()
        for path in README.parent.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name: n for name, text in texts.items() if (n := text.count("lacuna"))} == {
        "README.md": 1
    }
