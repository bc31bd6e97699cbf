"""`make lint` tries every template; this is the proof that it would find a slip."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.sandbox.infra.conftest import INFRA
from tests.support import REPO


def test_a_slip_is_found(tmp_path: Path) -> None:
    """As the Makefile calls cfn-lint: a property of another name is an error."""
    (command,) = re.findall(
        r"(?m)^\t@cfn-lint (.*) infra/\*\.yaml$", (REPO / "Makefile").read_text()
    )
    slipped = tmp_path / "slipped.yaml"
    text = (INFRA / "log_bucket.yaml").read_text()
    assert "BlockPublicAcls" in text
    slipped.write_text(text.replace("BlockPublicAcls", "BlockPublicAcl"))
    lint = [Path(sys.executable).parent / "cfn-lint", *command.split(), slipped]
    done = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert "BlockPublicAcl" in done.stdout
    assert done.returncode != 0
