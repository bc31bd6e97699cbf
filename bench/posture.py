"""What a snapshot of an account of 1,000 buckets costs: Lacuna, its peers and a bare loop.

A peer is measured if it is installed: on PATH, or in the virtual environment that its variable
(PROWLER, CUSTODIAN) names. Each tool is a separate process, measured from its start to its end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench.usage import MIB, Usage, measure
from sandbox.process import REPO, access, serving

REGIONS = ("us-east-1", "eu-west-1")
WORKERS = 16
RUNS = 2
# Neither number may divide the number of log buckets, or some log buckets would get no log
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
# The script that anyone writes in ten minutes: no log bucket, no trail, no tag, no errors handled.
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


@dataclass(frozen=True, slots=True)
class Cost:
    """What a tool used, and how many API calls the sandbox counted."""

    usage: Usage
    calls: int


def posture_section(buckets: int = 1000, log_buckets: int = 20, trails: int = 5) -> list[str]:
    """Measure the tools; return the section of the report."""
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
        f"the quickest of {RUNS} runs. "
        "Install each other tool yourself, in an environment of its own: "
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
    """Return the command of each tool that is compared; None if it is not installed."""
    prowler, custodian = command_of("prowler"), command_of("custodian")
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


def command_of(name: str) -> str | None:
    """Return a peer's command: from the virtual environment that its variable names, else PATH."""
    home = os.environ.get(name.upper())
    return shutil.which(name, path=f"{home}/bin" if home else None)


def row(name: str, cost: Cost | None) -> str:
    """Return a tool's row of the table."""
    if cost is None:
        return f"| {name} | not installed | | | |"
    usage = cost.usage
    failed = f" (exit {usage.exit_code})" if usage.exit_code else ""
    return (
        f"| {name}{failed} | {usage.wall:.1f} s | {usage.cpu:.1f} s | {usage.peak / MIB:.0f} MiB "
        f"| {cost.calls:,} |"
    )


def ratios(costs: dict[str, Cost | None]) -> Iterator[str]:
    """Compare Lacuna with the others; the bound is what it has to reach.

    Another tool that failed is compared with nothing.
    """
    ours, bare, prowler, _ = (
        cost.usage if cost and not cost.usage.exit_code else None for cost in costs.values()
    )
    if ours is None or bare is None:
        raise RuntimeError("the snapshot or the bare loop failed: see above")
    yield "| figure | measured | bound |"
    yield "|---|---|---|"
    if prowler:
        yield f"| times faster than Prowler | {prowler.wall / ours.wall:.1f} | at least 15 |"
    yield f"| times the wall time of the bare loop | {ours.wall / bare.wall:.1f} | at most 2 |"
    yield f"| peak memory | {ours.peak / MIB:.0f} MiB | under 300 MiB |"


def quickest(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Cost:
    """Return the quickest of RUNS runs: other work of the machine slows it down least."""
    return min(
        (measured(command, environment, folder) for _ in range(RUNS)),
        key=lambda cost: cost.usage.wall,
    )


def measured(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Cost:
    """Run a tool until it ends, and count its API calls."""
    before = calls(environment)
    usage = measure(command, environment, folder / "log", folder=folder)
    return Cost(usage, calls(environment) - before)


def calls(environment: Mapping[str, str]) -> int:
    """Return how many API calls the sandbox has answered."""
    with urllib.request.urlopen(f"{environment['AWS_ENDPOINT_URL']}/_sandbox/calls") as answer:
        return sum(json.load(answer).values())


def build(environment: Mapping[str, str], buckets: int, log_buckets: int, trails: int) -> None:
    """Fill an account that already holds the lake: log buckets in two Regions, sources, trails."""
    client = clients(environment)
    targets = [f"bench-logs-{number}" for number in range(log_buckets)]
    for number, name in enumerate(targets):
        add_log_bucket(client("s3", region_of(number)), name, region_of(number))
    # the lake and the trails' bucket are two of the buckets
    sources = range(buckets - log_buckets - 2)
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda number: add_source(client, targets, number), sources))
    add_bucket(client("s3", REGIONS[0]), "bench-trails", REGIONS[0])
    for number in range(trails):
        add_trail(client("cloudtrail", REGIONS[0]), f"bench-{number}", number == 0)


def region_of(number: int) -> str:
    return REGIONS[number % len(REGIONS)]


def clients(environment: Mapping[str, str]) -> Callable[[str, str], Any]:
    """Return clients of the sandbox by service and Region, made before any thread needs one."""
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
    """Create a bucket as S3 does today, with ACLs disabled, that S3 may deliver logs to."""
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
    """Create a source bucket; most log to a log bucket of their Region, some are tagged."""
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
