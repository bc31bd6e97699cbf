"""A day of a million access-log lines: the daily run on both engines, parsing beside GoAccess."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Any

import boto3
import psutil

from bench.day_run import Day, DayFailed, run_day
from bench.questions import ask_all, question_rows
from bench.usage import GIB, Usage, measure
from sandbox.athena.trino.coordinator import lacking
from sandbox.demo.reading import athena
from sandbox.process import access, serving

GOACCESS = shutil.which("goaccess")
MOST_WITH_MARTS = 1.6  # times the run without the marts for analysts
MOST_OF_FINDINGS = 0.25  # of the run
RUNS = 3  # of Lacuna and of GoAccess; the quickest counts

# Every parsed field is used, so that no engine can leave one out. The line's hash is not used: it
# is no part of parsing, and GoAccess makes none.
PARSE = """
select count(*), count(requested_at), count(request_uri), count(http_status), sum(bytes_sent),
    max(length(user_agent)), max(length(host_id)), max(length(tls_version)), max(object_key_raw),
    max(requester), max(remote_ip), max(length(referrer)), sum(total_time_ms)
from lacuna_staging.stg_s3__access_logs where delivered_on = date '{day}'
"""


def large_day_section(requests: int, day: date) -> list[str]:
    """Measure a day of about `requests` requests; return the section of the report."""
    with tempfile.TemporaryDirectory(prefix="lacuna-bench-") as name:
        folder = Path(name)
        truth, lines = folder / "truth", folder / "access.log"
        options = ("--requests", str(requests), "--days", "1", "--truth", str(truth))
        with serving(*options, echo=True) as environment:
            size = collect_lines(environment, lines)
            ours = run_day(environment, day, folder)
            asked = ask_all(environment, day)
            parsed = min((parse(environment, day) for _ in range(RUNS)), key=attrgetter("cpu"))
        peer = (
            min((goaccess(lines) for _ in range(RUNS)), key=attrgetter("cpu")) if GOACCESS else None
        )
        total = json.loads(truth.read_text())["totals"]
        trino, asked_trino, missing = None, None, lacking()
        if not missing:
            with serving(*options, "--engine", "trino", echo=True) as environment:
                trino, missing = on_trino(environment, day, folder)
                asked_trino = ask_all(environment, day) if trino else None
    count = total["access_log_lines"]
    return [
        f"## A day of {count:,} access-log lines ({size / 1e6:,.0f} MB) "
        f"and {total['trail_events']:,} data events\n",
        "| figure | embedded engine | bound | on a real Trino |",
        "|---|---|---|---|",
        *day_rows(ours, trino),
        *scan_rows(size, ours, trino),
        *parse_rows(count, parsed, peer),
        *([f"\nNot measured on a real Trino. {missing}"] if missing else []),
        *question_rows(size, asked, asked_trino),
        "",
    ]


def day_rows(ours: Day, trino: Day | None) -> list[str]:
    """Return the table's rows of the daily run and of each of its tasks."""

    def row(figure: str, bound: str, cell: Callable[[Day], str]) -> str:
        return f"| {figure} | {cell(ours)} | {bound} | {cell(trino) if trino else ''} |"

    def finding(name: str) -> Callable[[Day], str]:
        return lambda day: day.finding(name).figures()

    names = [step.name for step in ours.findings]
    return [
        row("the whole daily run", "180 s", lambda day: day.whole().figures()),
        row("peak memory, all processes", "", lambda day: f"{day.run.peak / GIB:.1f} GiB"),
        *(
            row(f"of it {step.name}", "", lambda day, at=at: day.steps[at].figures())  # type: ignore[misc]
            for at, step in enumerate(ours.steps)
        ),
        row(
            "of it while the marts for analysts were made and tested",
            "",
            lambda day: f"{day.analysts:.1f} s",
        ),
        row(
            "**times the run without them, at most**",
            f"{MOST_WITH_MARTS}",
            lambda day: f"{day.times_without_analysts():.2f}",
        ),
        *(row(f"of it {name} and its tests", "", finding(name)) for name in names),
        row(
            "**share of the run that the detections are, at most**",
            f"{MOST_OF_FINDINGS:.0%}",
            lambda day: f"{day.share_of_findings():.0%}",
        ),
    ]


def scan_rows(size: int, ours: Day, trino: Day | None) -> list[str]:
    """Return the table's row of the bytes scanned, to each byte of access log."""
    cells = [f"{day.whole().scanned / size:.2f}" if day else "" for day in (ours, trino)]
    return [f"| **bytes scanned to each byte of access log** | {cells[0]} | | {cells[1]} |"]


def on_trino(environment: Mapping[str, str], day: date, folder: Path) -> tuple[Day | None, str]:
    """Measure the day on a real Trino; if it fails there, return why. The other figures stand."""
    try:
        return run_day(environment, day, folder), ""
    except DayFailed as error:
        return None, f"{error}."


def parse_rows(count: int, parsed: Usage, peer: Usage | None) -> list[str]:
    """Return the table's rows of the parsing speed, and of its ratio to GoAccess."""
    ours = count / parsed.cpu
    rows = [f"| lines parsed per second and core | {ours:,.0f} | | |"]
    if peer is None:
        return [*rows, "| GoAccess | not installed (a package of Debian and Homebrew) | | |"]
    theirs = count / peer.cpu
    return [
        *rows,
        f"| GoAccess on the same lines, per second and core | {theirs:,.0f} | | |",
        f"| **ratio to GoAccess** | **{ours / theirs:.1f}** | 3 | |",
    ]


def collect_lines(environment: Mapping[str, str], lines: Path) -> int:
    """Write all access-log lines of the account to one file; return its size in bytes."""
    s3 = boto3.client("s3", **access(environment))
    targets = {
        target["TargetBucket"]
        for bucket in s3.list_buckets()["Buckets"]
        if (target := logging_target(s3, bucket["Name"]))
    }
    with lines.open("wb") as out:
        for bucket in sorted(targets):
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for item in page.get("Contents", []):
                    shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"], out)
    return lines.stat().st_size


def logging_target(s3: Any, bucket: str) -> dict[str, str] | None:
    """Return where a bucket's access log goes; None if it is off or cannot be read."""
    try:
        target: dict[str, str] | None = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
        s3.head_bucket(Bucket=target["TargetBucket"]) if target else None
    except s3.exceptions.ClientError:
        return None
    return target


def parse(environment: Mapping[str, str], day: date) -> Usage:
    """Measure what the sandbox uses to parse every line of the day again, writing nothing."""
    server = next(p for p in psutil.Process().children() if "sandbox" in " ".join(p.cmdline()))
    query = athena(environment)
    before, began = server.cpu_times(), time.monotonic()
    query(PARSE.format(day=day))
    after = server.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return Usage(wall=time.monotonic() - began, cpu=cpu)


def goaccess(lines: Path) -> Usage:
    """Measure GoAccess on the same lines."""
    options = ("--log-format=AWSS3", "--no-global-config", "--no-progress")
    command = [str(GOACCESS), str(lines), *options, "-o", str(lines.with_suffix(".json"))]
    return measure(command, os.environ, lines.with_suffix(".goaccess"))
