"""What it costs to look at an account of 1,000 buckets: Lacuna, its peers and a bare loop, side by side.

The peers are measured where whoever benches has installed them, in environments of their own: as commands on PATH, or in
the virtual environments that PROWLER and CUSTODIAN name. Each is a process of its own, from its start to its end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

from sandbox.process import REPO, access, serving

MIB = 2**20
REGIONS = ("us-east-1", "eu-west-1")
WORKERS = 16
TIMES = 2
# Neither divides the number of log buckets, or some of them would get no log
TAGGED_EVERY, UNLOGGED_EVERY = 7, 9

PREPARE = """
from lacuna.lake import lake
from lacuna.settings import Settings
lake.open_lake(Settings.from_env()).prepare()
"""
SNAPSHOT = """
from datetime import UTC, datetime
from lacuna.steps import snapshot
from lacuna.settings import Settings
print(snapshot.observe(Settings.from_env(), datetime.now(UTC)))
"""
# What anyone would write in ten minutes: no target, no trail, no tag, nothing said of a refusal.
BARE_LOOP = f"""
from concurrent.futures import ThreadPoolExecutor
import boto3
from botocore.config import Config
s3 = boto3.client("s3", config=Config(max_pool_connections={WORKERS}))
names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
with ThreadPoolExecutor({WORKERS}) as pool:
    answers = list(pool.map(lambda name: s3.get_bucket_logging(Bucket=name), names))
print(sum("LoggingEnabled" in answer for answer in answers), len(answers))
"""
POLICY = """
policies:
  - name: unlogged
    resource: aws.s3
    filters:
      - type: bucket-logging
        op: disabled
"""
PROWLER_CHECKS = (
    "s3_bucket_server_access_logging_enabled",
    "cloudtrail_s3_dataevents_read_enabled",
    "cloudtrail_s3_dataevents_write_enabled",
)


@dataclass(frozen=True)
class Cost:
    """What one process and its children cost, and how many API calls the sandbox counted."""

    wall: float
    cpu: float
    peak: int
    calls: int
    exit_code: int


def posture_section(buckets: int = 1000, log_buckets: int = 20, trails: int = 5) -> list[str]:
    """Measure, and tell it as a section of the report."""
    with (
        serving("--account", "empty") as environment,
        tempfile.TemporaryDirectory(prefix="lacuna-bench-") as folder,
    ):
        subprocess.run([sys.executable, "-c", PREPARE], env=environment, cwd=REPO, check=True)
        build(environment, buckets, log_buckets, trails)
        costs = {
            name: quickest(command, environment, Path(folder)) if command else None
            for name, command in commands(Path(folder)).items()
        }
    return [
        f"## An account of {buckets:,} buckets ({log_buckets} log buckets, {trails} trails)\n",
        "Each tool is a process of its own, from its start to its end, against the same sandbox; "
        f"the quickest of {TIMES} runs. "
        "A peer is installed by whoever measures, in an environment of its own: "
        "`python3.11 -m venv DIR && DIR/bin/pip install prowler` (or `c7n`), "
        "then `make bench PROWLER=DIR CUSTODIAN=DIR`.\n",
        "| tool | wall | CPU | peak memory | API calls |",
        "|---|---|---|---|---|",
        *(row(name, cost) for name, cost in costs.items()),
        "",
        *ratios(costs),
        "",
    ]


def commands(folder: Path) -> dict[str, Sequence[str] | None]:
    """The tools that are compared, and how each is run; None: not installed."""
    prowler, custodian = found("prowler"), found("custodian")
    policy = folder / "policy.yml"
    policy.write_text(POLICY)
    return {
        "Lacuna's snapshot": [sys.executable, "-c", SNAPSHOT],
        "bare threaded boto3 loop": [sys.executable, "-c", BARE_LOOP],
        "Prowler, three checks": prowler
        and [
            *(prowler, "aws", "--checks", *PROWLER_CHECKS, "--region", *REGIONS),
            *("--output-formats", "csv", "--output-directory", str(folder / "prowler")),
            *("--no-banner", "--ignore-exit-code-3"),
        ],
        "Cloud Custodian, bucket-logging": custodian
        and [
            *(custodian, "run", "--output-dir", str(folder / "custodian")),
            *("--cache-period", "0", "--region", REGIONS[0], str(policy)),
        ],
    }


def found(name: str) -> str | None:
    """A peer's command: of the virtual environment that its variable names, else on PATH."""
    home = os.environ.get(name.upper())
    return shutil.which(name, path=f"{home}/bin" if home else None)


def row(name: str, cost: Cost | None) -> str:
    if cost is None:
        return f"| {name} | not installed | | | |"
    failed = f" (exit {cost.exit_code})" if cost.exit_code else ""
    return (
        f"| {name}{failed} | {cost.wall:.1f} s | {cost.cpu:.1f} s | {cost.peak / MIB:.0f} MiB "
        f"| {cost.calls:,} |"
    )


def ratios(costs: dict[str, Cost | None]) -> Iterator[str]:
    """What is to be reached, and what was."""
    ours, bare, prowler, _ = costs.values()
    if ours is None or bare is None:
        return
    yield "| figure | measured | bound |"
    yield "|---|---|---|"
    if prowler:
        yield f"| times faster than Prowler | {prowler.wall / ours.wall:.1f} | at least 15 |"
    yield f"| times the wall time of the bare loop | {ours.wall / bare.wall:.1f} | at most 2 |"
    yield f"| peak memory | {ours.peak / MIB:.0f} MiB | under 300 MiB |"


def quickest(command: Sequence[str], environment: dict[str, str], folder: Path) -> Cost:
    """The quickest of a few runs, the same for all: what else the machine does is in none of them."""
    return min(
        (measure(command, environment, folder) for _ in range(TIMES)), key=attrgetter("wall")
    )


def measure(command: Sequence[str], environment: dict[str, str], folder: Path) -> Cost:
    """Run a tool to its end; what it says is kept for whoever looks into a failure."""
    before, began = calls(environment), time.monotonic()
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=said, stderr=subprocess.STDOUT
        )
        watched, peak = psutil.Process(process.pid), 0
        while True:
            peak = max(peak, memory(watched))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.05)
    wall = time.monotonic() - began
    process.returncode = exit_code = os.waitstatus_to_exitcode(status)
    if exit_code:
        print(f"{command[0]} failed:\n{(folder / 'said').read_text()[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak, calls(environment) - before, exit_code)


def memory(process: psutil.Process) -> int:
    """Resident bytes of a process and all that it started."""
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.Error:
        return total
    return total


def calls(environment: dict[str, str]) -> int:
    with urllib.request.urlopen(f"{environment['AWS_ENDPOINT_URL']}/_sandbox/calls") as answer:
        return sum(json.load(answer).values())


def build(environment: dict[str, str], buckets: int, log_buckets: int, trails: int) -> None:
    """Fill an account that holds the lake: log buckets of two Regions, sources, trails."""
    client = clients(environment)
    targets = [f"bench-logs-{number}" for number in range(log_buckets)]
    for number, name in enumerate(targets):
        add_log_bucket(client("s3", region_of(number)), name, region_of(number))
    # the lake and the bucket of the trails are two of them
    sources = range(buckets - log_buckets - 2)
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda number: add_source(client, targets, number), sources))
    add_bucket(client("s3", REGIONS[0]), "bench-trails", REGIONS[0])
    for number in range(trails):
        add_trail(client("cloudtrail", REGIONS[0]), f"bench-{number}", number == 0)


def region_of(number: int) -> str:
    return REGIONS[number % len(REGIONS)]


def clients(environment: dict[str, str]) -> Callable[[str, str], Any]:
    """Clients of the sandbox by service and Region, made before any thread asks for one."""
    reach = access(environment)
    made: dict[tuple[str, str], Any] = {}
    for region in REGIONS:
        reach["region_name"] = region
        made["s3", region] = boto3.client(
            "s3", **reach, config=Config(max_pool_connections=WORKERS)
        )
        made["cloudtrail", region] = boto3.client("cloudtrail", **reach)
    return lambda service, region: made[service, region]


def add_bucket(s3: Any, name: str, region: str) -> None:
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **({} if region == REGIONS[0] else where))


def add_log_bucket(s3: Any, name: str, region: str) -> None:
    """As S3 makes a bucket today, with ACLs disabled, and one that it may deliver to."""
    add_bucket(s3, name, region)
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=rules)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))


def add_source(client: Callable[[str, str], Any], targets: Sequence[str], number: int) -> None:
    """One bucket; most are logged into a log bucket of their Region, some are tagged."""
    region, name = region_of(number), f"bench-source-{number}"
    s3 = client("s3", region)
    add_bucket(s3, name, region)
    if number % UNLOGGED_EVERY:
        target = targets[number % len(targets)]
        enabled = {"TargetBucket": target, "TargetPrefix": f"{name}/"}
        s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": enabled})
    if number % TAGGED_EVERY == 0:
        tags = {"TagSet": [{"Key": "sensitivity", "Value": "high"}]}
        s3.put_bucket_tagging(Bucket=name, Tagging=tags)


def add_trail(cloudtrail: Any, name: str, is_multi_region: bool) -> None:
    cloudtrail.create_trail(
        Name=name, S3BucketName="bench-trails", IsMultiRegionTrail=is_multi_region
    )
    cloudtrail.put_event_selectors(
        TrailName=name,
        EventSelectors=[
            {
                "ReadWriteType": "All",
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
            }
        ],
    )
    cloudtrail.start_logging(Name=name)


if __name__ == "__main__":
    print("\n".join(posture_section(*(int(size) for size in sys.argv[1:]))))
