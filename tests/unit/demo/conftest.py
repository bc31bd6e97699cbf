"""The answer sheet of a small simulated account, and what a faultless run would leave behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from expectations.shared import subject
from sandbox.account.account import Account
from sandbox.account.faults import make_plan
from sandbox.account.period import Period
from sandbox.demo.comparison import BETWEEN, BREAKS, HOURLY, Seen, expectations
from sandbox.demo.said import COUNTED

UNTIL = date(2026, 11, 21)
DAYS = 4


@pytest.fixture(scope="session")
def truth() -> dict[str, Any]:
    account = Account(make_plan(seed=7, requests=2000, period=Period(UNTIL, DAYS)))
    for _ in account.objects():
        pass
    return json.loads(account.truth().to_json())


@pytest.fixture(scope="session")
def faultless(truth) -> Seen:
    return Seen(
        coverage=coverage(truth),
        hours=hours(truth),
        days=days(truth),
        checks=checks(truth),
        findings=findings(truth),
        answers=[{"state": "found", "number": 3}, {"state": "clear", "number": 1200}],
        expected_rows={
            fault["id"]: [expect["at_least"].get("rows", 1) for expect in expectations(fault)]
            for fault in truth["faults"]
        },
        said=[
            {
                "what": name,
                "bucket_name": said["bucket_name"],
                "event_date": date.fromisoformat(said["day"]),
                "counted": said[name] or None,
            }
            for said in truth["said"]
            for name in COUNTED
        ],
        most=[],
        lake_bucket="lake",
    )


def findings(truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Each planted finding once, with what the comparison reads of it."""
    wanted = [
        expect["where"]
        for fault in truth["faults"]
        for expect in expectations(fault)
        if expect["table"] == "fct_findings"
    ]
    free = dict.fromkeys(("subject", "principal", "confidence"), "any")
    return [
        free
        | {"severity": "high", "summary": f"{where['detection']} was planted"}
        | where
        | {"event_date": date.fromisoformat(where["event_date"])}
        for where in wanted
    ]


def coverage(truth: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "event_date": date.fromisoformat(day),
            "bucket_name": bucket["bucket_name"],
            "verdict": expected["verdict"],
            "reasons": "",
            "read_coverage": expected.get("read_coverage", bucket["read_coverage"]),
            "write_coverage": expected.get("write_coverage", bucket["write_coverage"]),
            "coverage_details": BETWEEN.join(bucket["coverage_details"]),
            "sensitivity": bucket["sensitivity"],
            "weaknesses": BETWEEN.join(bucket["weaknesses"]),
        }
        for bucket in truth["buckets"]
        for day, expected in bucket["expected"].items()
    ]


def hours(truth: dict[str, Any]) -> list[dict[str, Any]]:
    planted = {(hour["bucket_name"], hour["hour"][:13]): hour for hour in truth["hours"]}
    idle = {"status": "idle", "access_log_completeness": None, "data_event_completeness": None}
    first = datetime.combine(UNTIL, datetime.min.time()) - timedelta(days=DAYS - 1)
    moments = [first + timedelta(hours=n) for n in range(24 * DAYS)]
    return [
        {"access_log_requests": 1}
        | (planted.get((bucket["bucket_name"], f"{moment:%Y-%m-%dT%H}")) or idle)
        | {"bucket_name": bucket["bucket_name"], "hour": moment}
        for bucket in truth["buckets"]
        if bucket["logging"] == "on"
        for moment in moments
    ]


def days(truth: dict[str, Any]) -> list[dict[str, Any]]:
    planted = [(hour["bucket_name"], hour["hour"][:10], hour["status"]) for hour in truth["hours"]]
    return [
        {
            "event_date": date.fromisoformat(day),
            "bucket_name": bucket["bucket_name"],
            "hours_missing": planted.count((bucket["bucket_name"], day, "missing")),
            "sentence": f"lost {planted.count((bucket['bucket_name'], day, 'missing'))} of 24 hours",
        }
        for bucket in truth["buckets"]
        for day in bucket["expected"]
    ]


def checks(truth: dict[str, Any]) -> list[dict[str, Any]]:
    """The failed checks that the planted faults must lead to, on each day's run."""
    found = []
    for fault in truth["faults"]:
        for code in BREAKS.get(fault["kind"], ())[:1]:
            found.append((fault["delivery_day"] or truth["until"], code, fault))
        for expect in fault["also"]:
            code = {"missing": "hour_lost", "partial": "hour_partly_lost"}.get(
                expect["where"].get("status", "")
            )
            if code is not None:
                found.append((expect["as_of"], code, fault))
    return [
        check(day, code, subject_of(fault, code, truth), fault["bucket_name"])
        for day, code, fault in found
    ]


def check(day: str, code: str, subject: str | None, bucket_name: str = "") -> dict[str, Any]:
    return {
        "delivery_day": date.fromisoformat(day),
        "partition_day": date.fromisoformat(day),
        "expectation": code,
        "errored": False,
        "message": "",
        "subject": subject,
        "bucket_name": bucket_name,
    }


def subject_of(fault: dict[str, Any], code: str, truth: dict[str, Any]) -> str:
    """A fault's subject, as the suites would write it."""
    if fault["kind"] == "log_bucket_weak":
        targets = {one["bucket_name"]: one["target_bucket"] for one in truth["buckets"]}
        return str(targets[fault["bucket_name"]])
    if fault["kind"].startswith("trail_file") or fault["kind"] == "stray_object":
        return fault["log_object"]
    if fault["kind"] == "trail_bucket_gone":
        return subject({"log_bucket": fault["bucket_name"], "prefix": None})
    moments = fault["hours"]
    if not moments or code not in HOURLY:
        return fault["bucket_name"]
    numbers = " ".join(moment[11:13] for moment in moments)
    return subject({"bucket_name": fault["bucket_name"], "day": moments[0][:10], "hours": numbers})


@pytest.fixture
def spoiled(faultless) -> Callable[..., Seen]:
    """Makes what was seen with some of it replaced."""
    return lambda **changes: replace(faultless, **changes)


@pytest.fixture(scope="session")
def finding() -> Callable[..., dict[str, Any]]:
    """Makes a finding of a failed check."""
    return check
