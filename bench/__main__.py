"""`make bench`: ratios from one run on one machine, printed and written to docs/bench.md."""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any

import boto3
import psutil

from bench.posture import posture_section
from sandbox.athena.trino.coordinator import lacking
from sandbox.demo.reading import athena
from sandbox.process import REPO, access, serving

REPORT = REPO / "docs" / "bench.md"
GIB = 2**30
GOACCESS = shutil.which("goaccess")
TIMES = 3  # the quickest of so many, for both that are compared

# Every parsed field is used, so that no engine can leave one out. The line's hash is not a part of
# parsing: the peer makes none.
PARSE = """
select count(*), count(requested_at), count(request_uri), count(http_status), sum(bytes_sent),
    max(length(user_agent)), max(length(host_id)), max(length(tls_version)), max(object_key_raw),
    max(requester), max(remote_ip), max(length(referrer)), sum(total_time_ms)
from lacuna_staging.stg_s3__access_logs where delivered_on = date '{day}'
"""


@dataclass
class Usage:
    """What a stretch of work cost: wall and CPU seconds, peak resident bytes of all its processes."""

    wall: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)


def bench(requests: int, until: date) -> None:
    """Measure, print, and write the report."""
    sections = [
        heading(),
        *demo_section(),
        *large_day_section(requests, until),
        *posture_section(),
    ]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(sections) + "\n")
    print("\n".join(sections))


def heading() -> str:
    now = datetime.now(UTC).date()
    return (
        "# Measured\n\n"
        f"Written by `make bench` on {now}: {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, one run on one machine: "
        "the ratios carry over, the seconds do not.\n"
    )


def demo_section() -> list[str]:
    with measured() as usage:
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "demo"], cwd=REPO, capture_output=True, check=False
        )
    return [
        "## The demo after set-up\n",
        "| figure | measured | bound |",
        "|---|---|---|",
        f"| wall time of `make demo` | {usage.wall:.0f} s | 240 s |",
        f"| peak memory, all processes | {usage.peak / GIB:.1f} GiB | 4 GiB |",
        f"| exit code | {done.returncode} | 0 |",
        "",
    ]


@dataclass
class Day:
    """What the run of one large day cost on one engine, and each of its tasks."""

    run: Usage
    parts: list[dict[str, Any]]


def large_day_section(requests: int, until: date) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="lacuna-bench-") as folder:
        truth, log = Path(folder, "truth"), Path(folder, "access.log")
        options = ("--requests", str(requests), "--days", "1", "--truth", str(truth))
        with serving(*options, echo=True) as environment:
            size = collect_lines(environment, log)
            ours = large_day(environment, until)
            parsed = min((parse(environment, until) for _ in range(TIMES)), key=attrgetter("cpu"))
        peer = (
            min((goaccess(log) for _ in range(TIMES)), key=attrgetter("cpu")) if GOACCESS else None
        )
        total = json.loads(truth.read_text())["totals"]
        trino, missing = None, lacking()
        if not missing:
            with serving(*options, "--engine", "trino", echo=True) as environment:
                trino = large_day(environment, until)
    count = total["access_log_lines"]
    return [
        f"## A day of {count:,} access-log lines ({size / 1e6:,.0f} MB) "
        f"and {total['trail_events']:,} data events\n",
        "| figure | embedded engine | bound | on a real Trino |",
        "|---|---|---|---|",
        *day_rows(ours, trino),
        *parse_rows(count, parsed, peer),
        *([f"\nNot measured on a real Trino. {missing}"] if missing else []),
        "",
    ]


def large_day(environment: dict[str, str], until: date) -> Day:
    with tempfile.TemporaryDirectory(prefix="lacuna-bench-") as folder:
        timings = Path(folder, "timings")
        with measured() as run:
            subprocess.run(
                [sys.executable, "-m", "lacuna", "run", str(until), "--timings", str(timings)],
                env=environment, cwd=REPO, check=True,
            )  # fmt: skip
        return Day(run, json.loads(timings.read_text()))


def day_rows(ours: Day, trino: Day | None) -> list[str]:
    def row(figure: str, bound: str, said: Callable[[Day], str]) -> str:
        return f"| {figure} | {said(ours)} | {bound} | {said(trino) if trino else ''} |"

    return [
        row("the whole daily run", "180 s", lambda day: f"{day.run.wall:.0f} s"),
        row("peak memory, all processes", "", lambda day: f"{day.run.peak / GIB:.1f} GiB"),
        *(
            row(
                f"of it {part['dag']}.{part['task']}",
                "",
                lambda day, at=at: f"{day.parts[at]['seconds']:.1f} s",  # type: ignore[misc]
            )
            for at, part in enumerate(ours.parts)
        ),
    ]


def parse_rows(count: int, parsed: Usage, peer: Usage | None) -> list[str]:
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


def collect_lines(environment: dict[str, str], log: Path) -> int:
    """All access-log lines of the account in one file, for the peer; its size in bytes."""
    s3 = boto3.client("s3", **access(environment))
    targets = {
        target["TargetBucket"]
        for bucket in s3.list_buckets()["Buckets"]
        if (target := logging_target(s3, bucket["Name"]))
    }
    with log.open("wb") as out:
        for bucket in sorted(targets):
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for item in page.get("Contents", []):
                    shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"], out)
    return log.stat().st_size


def logging_target(s3: Any, bucket: str) -> dict[str, str] | None:
    try:
        answer: dict[str, str] | None = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
        s3.head_bucket(Bucket=answer["TargetBucket"]) if answer else None
    except s3.exceptions.ClientError:
        return None
    return answer


def parse(environment: dict[str, str], day: date) -> Usage:
    """What the sandbox spends on parsing every line of the day once more, with nothing written."""
    server = next(p for p in psutil.Process().children() if "sandbox" in " ".join(p.cmdline()))
    query = athena(environment)
    before, began = server.cpu_times(), time.monotonic()
    query(PARSE.format(day=day))
    after = server.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return Usage(wall=time.monotonic() - began, cpu=spent)


def goaccess(log: Path) -> Usage:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [str(GOACCESS), log, "--log-format=AWSS3", "--no-global-config", "--no-progress",
         "-o", log.with_suffix(".json")],
        check=True, capture_output=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


@contextmanager
def measured() -> Iterator[Usage]:
    """Wall time, and the peak of the summed memory of all child processes, sampled."""
    usage, me = Usage(), psutil.Process()

    def sample() -> None:
        while not usage._stop.wait(0.25):
            total = 0
            for child in me.children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            usage.peak = max(usage.peak, total)

    sampler = threading.Thread(target=sample)
    began = time.monotonic()
    sampler.start()
    try:
        yield usage
    finally:
        usage.wall = time.monotonic() - began
        usage._stop.set()
        sampler.join()


if __name__ == "__main__":
    bench(1_110_000, datetime.now(UTC).date() - timedelta(days=1))
