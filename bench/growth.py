"""How the cost of a run grows: with the objects, places, digests and days, each ten times as many.

The accounts are generated and the work is the product's own. Each measurement is a process of its
own against a sandbox in this one.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from bench.large_account import LargeAccount, large_account
from bench.usage import MIB
from sandbox.process import REPO

# A quadratic step shows as 2
MOST = 1.2


@dataclass(frozen=True, slots=True)
class Used:
    """What a piece of work used: CPU seconds, peak of resident bytes, calls, entries listed."""

    cpu: float
    peak: int
    calls: int
    entries: int


@dataclass(frozen=True, slots=True)
class Growth:
    """A piece of work and what grows, and what it used at each size."""

    name: str
    unit: str
    used: dict[int, Used]

    def exponent(self) -> float:
        """Return the exponent by which the CPU time grows, of the last step from size to size."""
        (small, before), (large, after) = list(self.used.items())[-2:]
        return math.log(after.cpu / before.cpu) / math.log(large / small)

    def rows(self) -> Iterator[str]:
        """Yield the rows of the table, the last one with the exponent."""
        for size, used in self.used.items():
            is_last = size == max(self.used)
            exponent = f"{self.exponent():.2f}" if is_last else ""
            yield (
                f"| {self.name} | {size:,} {self.unit} | {used.cpu:.1f} s | {used.peak / MIB:.0f} MiB "
                f"| {used.calls:,} | {exponent} | {f'at most {MOST}' if is_last else ''} |"
            )


def growth_section(day: date) -> list[str]:
    """Measure each piece of work at two sizes and more; return the section of the report."""
    measured = [
        Growth("snapshot", "accounts of 10 buckets", sizes(day, (10, 100), snapshots)),
        Growth("listing", "places of 1 object", sizes(day, (200, 2000), access_logs(1))),
        Growth("cataloging", "places of 100 objects", sizes(day, (200, 2000), access_logs(100))),
        Growth("digests", "accounts, 24 digests each", sizes(day, (20, 200), digests)),
        Growth("publishing", "event days of 8 marts", sizes(day, (10, 100, 1000), publishing)),
    ]
    return [
        "## Growth\n",
        "Of generated accounts. CPU seconds and memory are the product's own, without the sandbox. "
        "The exponent is that of the CPU time over the last step: 1 is linear, 2 is quadratic.\n",
        "| work | size | CPU | peak memory | API calls | exponent | bound |",
        "|---|---|---|---|---|---|---|",
        *(row for growth in measured for row in growth.rows()),
        "",
        *history_rows(day),
    ]


def history_rows(day: date, days: Sequence[int] = (10, 365)) -> Iterator[str]:
    """Yield the table of what one day costs after a few days and after a year."""
    yield f"What a day costs in a lake that has held {days[0]} days, and {days[1]}:\n"
    yield f"| step | calls, {days[0]} days | {days[1]} days | entries listed, {days[0]} days | {days[1]} days |"
    yield "|---|---|---|---|---|"
    used = [after_days(day, number) for number in days]
    for step in used[0]:
        few, many = (of[step] for of in used)
        yield (f"| {step} | {few.calls:,} | {many.calls:,} | {few.entries:,} | {many.entries:,} |")
    yield ""


def sizes(
    day: date, numbers: Sequence[int], measure: Callable[[LargeAccount, date, int], Used]
) -> dict[int, Used]:
    """Measure in an account of each size."""
    used = {}
    for number in numbers:
        with large_account() as account:
            used[number] = measure(account, day, number)
    return used


def snapshots(account: LargeAccount, day: date, accounts: int) -> Used:
    """Measure a snapshot of so many accounts."""
    account.add_accounts(accounts, buckets=10)
    work(account, "prepare", day, 0)
    return work(account, "observe", day)


def access_logs(objects: int) -> Callable[[LargeAccount, date, int], Used]:
    """Return how a day of so many access logs in each place is measured."""

    def measure(account: LargeAccount, day: date, places: int) -> Used:
        account.add_access_logs(day, places, objects)
        work(account, "prepare", day, places)
        return work(account, "catalog", day)

    return measure


def digests(account: LargeAccount, day: date, accounts: int) -> Used:
    """Measure a day of an organization's trail."""
    account.add_digest_chains(day, accounts)
    work(account, "prepare", day, 0)
    return work(account, "catalog", day)


def publishing(account: LargeAccount, day: date, days: int) -> Used:
    """Measure what it takes to show so many event days that were built again."""
    work(account, "prepare", day, 0)
    account.add_marts(day, days)
    account.add_builds(day, days)
    return work(account, "publish", day, days)


def after_days(day: date, days: int) -> dict[str, Used]:
    """Measure the steps of a day in a lake that has held so many days before."""
    with large_account() as account:
        account.add_access_logs(day, 1, 100)
        work(account, "prepare", day, 1)
        work(account, "catalog", day)
        account.repeat_evidence(day, days)
        account.add_marts(day, days)
        account.add_builds(day, 2)
        return {
            "catalog": work(account, "catalog", day),
            "publish": work(account, "publish", day, 2),
            "sweep": work(account, "sweep", day),
        }


def work(account: LargeAccount, name: str, day: date, number: int = 0) -> Used:
    """Do a piece of work in a process of its own; return what it used."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.growth_work", name, str(day), str(number)],
        env=os.environ | account.environment,
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr.strip().splitlines()[-1]}")
    return Used(**json.loads(done.stdout.splitlines()[-1]))
