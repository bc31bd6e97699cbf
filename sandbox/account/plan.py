"""Everything that decides what the account holds, before anything is generated."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.account.management import Call, LoggingChange, SelectorsChange
from sandbox.account.period import Period
from sandbox.account.traffic import Burst
from sandbox.account.truth import Fault


class Tampering(StrEnum):
    """What happens to the records of one hour of one bucket."""

    LOSE = "lose"
    DELAY = "delay"
    REPEAT_LINES = "repeat_lines"
    REPEAT_OBJECT = "repeat_object"
    SPOIL = "spoil"


@dataclass(frozen=True, slots=True)
class Tamper:
    """`share` of the records are lost or delayed by `delay` seconds; `lines` are repeated."""

    fault_id: str
    how: Tampering
    share: float = 1.0
    delay: int = 0
    lines: int = 0


class Damage(StrEnum):
    """What happens to a CloudTrail file after its digest was written."""

    TRUNCATED = "truncated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Tear:
    """What happens to the CloudTrail file of one Region's window."""

    fault_id: str
    damage: Damage


@dataclass(frozen=True, slots=True)
class Stray:
    """An object among the logs that is no log."""

    fault_id: str
    log_bucket: str
    key: str
    body: bytes
    delivered_at: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides what the account holds.

    `forgeries` gives, for a Region and a window, the fault that adds a file to CloudTrail's own.
    """

    seed: int
    requests: int
    period: Period
    faults: tuple[Fault, ...] = ()
    bursts: tuple[Burst, ...] = ()
    tampers: dict[tuple[str, int], Tamper] = field(default_factory=dict)
    tears: dict[tuple[str, int], Tear] = field(default_factory=dict)
    forgeries: dict[tuple[str, int], str] = field(default_factory=dict)
    strays: tuple[Stray, ...] = ()
    changes: tuple[LoggingChange, ...] = ()
    trail_changes: tuple[SelectorsChange, ...] = ()
    calls: tuple[Call, ...] = ()
