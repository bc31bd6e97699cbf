"""The work that `bench.growth` measures, in a process of its own.

`python -m bench.growth_work WORK DAY [NUMBER]` prints what the work used, without the start of the
process: CPU seconds, the process's peak of resident bytes, API calls, and what they listed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore

from bench.large_account import REGION, TARGET, source_of
from lacuna.lake import publishing
from lacuna.lake.lake import open_lake
from lacuna.settings import Settings
from lacuna.steps import catalog, snapshot
from lacuna.tables.evidence import LOGGING_SNAPSHOTS, LoggingSnapshot

# What the answers of a listing hold
LISTS = ("Contents", "CommonPrefixes", "Partitions", "TableList")
KEPT = timedelta(days=7)


class Counted:
    """The calls of this process's clients, and the entries of their listings."""

    def __init__(self) -> None:
        self.calls = self.entries = 0
        botocore.register_initializer(lambda session: session.register("after-call", self._note))

    def _note(self, **event: Any) -> None:
        self.calls += 1
        self.entries += sum(len(event["parsed"].get(name, ())) for name in LISTS)


def prepare(settings: Settings, day: date, places: int) -> None:
    """Make the lake, and the snapshot of an account with so many places of access logs."""
    lake = open_lake(settings)
    lake.prepare()
    rows = [
        LoggingSnapshot(
            account_id=lake.account.account_id,
            region=REGION,
            bucket_name=source_of(place),
            observed_at=datetime.now(UTC),
            logging_state="on",
            target_bucket=TARGET,
            target_prefix=f"{source_of(place)}/",
            key_layout="simple",
        )
        for place in range(places)
    ]
    lake.write(LOGGING_SNAPSHOTS, rows, {"observed_on": day})


def observe(settings: Settings, _day: date, _: int) -> None:
    """Observe all accounts as of now."""
    snapshot.observe(settings, datetime.now(UTC))


def catalog_day(settings: Settings, day: date, _: int) -> None:
    """Catalog the day."""
    catalog.catalog_day(settings, day)


def publish(settings: Settings, day: date, days: int) -> None:
    """Publish what a run has built of the `days` event days that end with `day`."""
    lake = open_lake(settings)
    event_days = {day - timedelta(days=n) for n in range(days)}
    builds = publishing.builds(lake, day, {day}, event_days)
    publishing.publish(lake, builds, "publish", day)


def sweep(settings: Settings, _day: date, _: int) -> None:
    """Delete the versions that are not kept."""
    publishing.sweep(open_lake(settings), KEPT, datetime.now(UTC))


WORK: dict[str, Callable[[Settings, date, int], None]] = {
    "prepare": prepare,
    "observe": observe,
    "catalog": catalog_day,
    "publish": publish,
    "sweep": sweep,
}


def peak_memory() -> int:
    """Return the peak of this process's resident bytes, as Linux tells it.

    `ru_maxrss` would begin with the peak of the larger process that started this one.
    """
    status = Path("/proc/self/status").read_text()
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak) * 1024


def main(name: str, day: str, number: str = "0") -> None:
    """Do the work and print what it used."""
    counted, settings = Counted(), Settings.from_env()
    before = time.process_time()
    WORK[name](settings, date.fromisoformat(day), int(number))
    used = {
        "cpu": time.process_time() - before,
        "peak": peak_memory(),
        "calls": counted.calls,
        "entries": counted.entries,
    }
    print(json.dumps(used))


if __name__ == "__main__":
    main(*sys.argv[1:])
