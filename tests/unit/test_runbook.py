"""The runbook says of everything that can be found what it means; nothing it names is invented."""

from __future__ import annotations

import re
from datetime import date
from importlib import import_module

import pytest

from expectations.shared import Partition
from lacuna.access_log.delivery import NOT_A_LOG_KEY
from lacuna.cli.summary import STATUSES, VERDICTS
from lacuna.steps import gate
from lacuna.steps.catalog_access_logs import LINE_BREAK
from lacuna.steps.suites import PARTITION_COLUMNS
from lacuna.trail.digests import DigestState
from tests.support import REPO

RUNBOOK = (REPO / "docs" / "runbook.md").read_text()
MODELS = REPO / "dbt_project" / "models"


def words_of(model: str, rule: str) -> set[str]:
    """The values that a rule of a model's tests allows."""
    text = next(MODELS.rglob(f"{model}.yml")).read_text()
    (allowed,) = re.findall(rf"{rule}: \"(?:status|verdict) in \(([^)]*)\)", text)
    return set(re.findall(r"'(\w+)'", allowed))


def test_every_check_has_a_section_and_every_section_is_a_check():
    checks = {
        check.code
        for mart in PARTITION_COLUMNS
        for check in import_module(f"expectations.{mart}").checks(Partition(date(2026, 11, 20)))
    }
    checks.add(gate.CODE)
    assert set(re.findall(r"(?m)^### (\w+)$", RUNBOOK)) == checks
    assert set(re.findall(r"\]\(#(\w+)\)", RUNBOOK)) <= checks | {"reasons"}


def test_every_section_says_its_severity():
    for mart in PARTITION_COLUMNS:
        for check in import_module(f"expectations.{mart}").checks(Partition(date(2026, 11, 20))):
            section = RUNBOOK.partition(f"### {check.code}\n")[2]
            assert section.startswith(f"*{check.severity.capitalize()}")


@pytest.mark.parametrize(
    ("model", "rule", "told"),
    [
        ("fct_logging_coverage", "verdict_is_known", VERDICTS),
        ("fct_delivery_hours", "status_is_known", STATUSES),
    ],
)
def test_the_summary_and_the_runbook_know_every_word_of_a_mart(model, rule, told):
    assert words_of(model, rule) == set(told)
    for word in told:
        assert f"`{word}`" in RUNBOOK


def test_the_words_of_log_objects_digests_and_lines_are_told():
    reasons = re.findall(
        r"then '(\w+)'",
        (MODELS / "staging" / "s3" / "stg_s3__access_logs.sql").read_text()
        + (REPO / "dbt_project" / "macros" / "access_log_cutting.sql").read_text(),
    )
    quarantined = {"no_match", "ambiguous_status", "forged_tail", "bad_time", "truncated"}
    assert quarantined <= set(reasons)
    states = {state.value for state in DigestState} - {"valid"}
    for word in words_of("fct_log_objects", "status_is_known") | states | quarantined:
        assert f"`{word}`" in RUNBOOK, word
    assert NOT_A_LOG_KEY in RUNBOOK
    assert f"`{LINE_BREAK}`" in RUNBOOK
