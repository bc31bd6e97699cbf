"""The log of check_marts ends with its findings, the worst first, and libraries are silent."""

from __future__ import annotations

import logging
import warnings
from dataclasses import fields, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

from lacuna.settings import Settings
from lacuna.steps import check, suites
from lacuna.tables.evidence import CheckResult

DAY = date(2026, 11, 20)


def result(severity: str, message: str, success: bool = False) -> CheckResult:
    nothing: dict[str, Any] = dict.fromkeys(field.name for field in fields(CheckResult))
    values = {"severity": severity, "message": message, "success": success, "errored": False}
    values |= {"partition_day": DAY}
    return replace(CheckResult(**nothing), **values)


def test_the_findings_are_the_end_of_the_log_the_worst_first(monkeypatch, caplog):
    found = [
        result("info", "c"),
        result("warning", "b"),
        result("critical", "good", success=True),
        result("critical", "a"),
    ]

    def chatter(*_: object, source: str) -> list[CheckResult]:
        warnings.warn("this is old", DeprecationWarning, stacklevel=2)
        logging.getLogger("pyathena.common").warning("slow")
        return found

    monkeypatch.setattr(
        check, "open_lake", lambda *_: SimpleNamespace(write=lambda *_: None, days=lambda _: [])
    )
    monkeypatch.setattr(check, "_partitions", lambda *_: [("fct_delivery_hours", DAY, "lacuna")])
    monkeypatch.setattr(suites, "check", chatter)
    caplog.set_level(logging.INFO, "lacuna")
    logging.captureWarnings(True)
    try:
        messages = check.check_delivery_day(Settings(), DAY)
    finally:
        logging.captureWarnings(False)
    assert messages == ["c", "b", "a"]
    assert [one.getMessage() for one in caplog.records] == [
        "5 checks, failed: {'info': 1, 'warning': 1, 'critical': 1}",
        *("critical: a", "warning: b", "info: c"),
    ]
