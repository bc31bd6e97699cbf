"""The answer sheet: what was planted, and what can be known of every hour. Schema: README.md."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Expect:
    """Rows that a reader must find: all of `where` equal, each column of `at_least` no smaller.

    A list in `where` gives values that an array of the row must hold.

    The rows must exist after the run of the delivery day `as_of`; None: after the last run.
    """

    table: str
    where: dict[str, Any]
    at_least: dict[str, float] = field(default_factory=dict)
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault."""

    id: str
    kind: str
    note: str
    expect: Expect
    also: tuple[Expect, ...] = ()
    bucket_name: str | None = None
    region: str | None = None
    log_object: str | None = None
    hours: tuple[str, ...] = ()
    lines: int | None = None
    event_day: str | None = None
    delivery_day: str | None = None


@dataclass(frozen=True, slots=True)
class BucketTruth:
    """A bucket's configuration, and the verdict that each event day must have."""

    bucket_name: str
    region: str
    logging: str
    target_bucket: str | None
    target_prefix: str | None
    key_layout: str | None
    read_coverage: str
    write_coverage: str
    coverage_details: tuple[str, ...]
    sensitivity: str | None
    weaknesses: tuple[str, ...]
    expected: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class HourTruth:
    """A bucket's hour that is not simply delivered and complete."""

    bucket_name: str
    hour: str
    status: str
    access_log_completeness: float | None
    data_event_completeness: float | None


@dataclass(frozen=True, slots=True)
class SaidTruth:
    """What the logs of a bucket's day say that were delivered."""

    bucket_name: str
    day: str
    requests: int
    denied: int
    deleted: int
    anonymous: int
    bytes_sent: int


SAID = tuple(one.name for one in fields(SaidTruth))[2:]


@dataclass(frozen=True, slots=True)
class Truth:
    """The whole answer sheet."""

    seed: int
    until: str
    days: int
    account_id: str
    buckets: tuple[BucketTruth, ...]
    faults: tuple[Fault, ...]
    hours: tuple[HourTruth, ...]
    said: tuple[SaidTruth, ...]
    totals: dict[str, Any]

    def to_json(self) -> str:
        """Return the text of truth.json; the same account gives the same text."""
        return json.dumps(asdict(self), indent=1, sort_keys=False) + "\n"
