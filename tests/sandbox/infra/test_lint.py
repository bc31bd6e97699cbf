"""cfn-lint knows every property of every resource type, and every action of IAM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cfnlint import api
from cfnlint.config import ManualArgs

from tests.sandbox.infra.conftest import INFRA, TEMPLATES

# "I" is what it would have otherwise without calling it wrong
STRICT = ManualArgs(include_checks=["E", "W", "I"])


def found(path: Path) -> list[str]:
    return [f"{match.linenumber}: {match}" for match in api.lint_file(path, STRICT)]


def test_every_template_is_linted() -> None:
    names = {"log_bucket", "trail", "lacuna", "member", "remediation", "sensitivity_table"}
    assert {path.stem for path in TEMPLATES} == names


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_clean(path: Path) -> None:
    assert found(path) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("BlockPublicAcls", "BlockPublicAcl"), ("SSEAlgorithm: AES256", "SSEAlgorithm: AES512")],
)
def test_a_slip_is_found(tmp_path: Any, right: str, wrong: str) -> None:
    text = (INFRA / "log_bucket.yaml").read_text()
    assert right in text
    slipped = tmp_path / "slipped.yaml"
    slipped.write_text(text.replace(right, wrong))
    assert found(slipped) != []
