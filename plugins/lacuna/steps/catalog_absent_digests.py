"""Hours without a digest: is it missing, or may it still be on its way?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from lacuna import day as days
from lacuna.aws.accounts import Accounts
from lacuna.aws.trails import read_status
from lacuna.refusals import Refusal
from lacuna.steps.catalog_trail_files import Chain, ChainKey, TrailFiles
from lacuna.steps.catalog_trails import fail_if_passing
from lacuna.trail import digests
from lacuna.trail.digests import DigestState, JudgedDigest
from lacuna.trail.recorders import Trail, TrailStatus


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Up to when a chain was judged on the day before. `is_pending`: what follows is still owed."""

    at: datetime
    is_pending: bool = False


def last_ends(rows: Iterable[Mapping[str, Any]]) -> dict[ChainKey, ChainEnd]:
    """Return when each chain ended, or should have, by the evidence rows of the day before."""
    ends: dict[ChainKey, ChainEnd] = {}
    for row in sorted(rows, key=lambda row: row["digest_end_at"]):
        key = (row["trail_arn"], row["account_id"], row["region"])
        if key in ends and ends[key].is_pending:
            continue
        is_pending = row["state"] == DigestState.PENDING
        moment = row["digest_start_at" if is_pending else "digest_end_at"]
        ends[key] = ChainEnd(moment.replace(tzinfo=UTC), is_pending)
    return ends


def absent_hours(
    accounts: Accounts,
    chain: Chain,
    files: TrailFiles,
    hourly: Sequence[JudgedDigest],
    known_end: ChainEnd | None,
    started_at: datetime | None,
) -> list[JudgedDigest]:
    """Return the hours of the day without a digest of one Region's hourly chain, with their state."""
    absent = _missing_hours(files.day, hourly, known_end, started_at)
    return _pending(accounts, chain, files, hourly, absent) if started_at and absent else absent


def _missing_hours(
    day: date,
    hourly: Sequence[JudgedDigest],
    known_end: ChainEnd | None,
    started_at: datetime | None,
) -> list[JudgedDigest]:
    """Return the hours that end on `day`, or that the day before still owed, and have no digest.

    The first and the last hours count if the trail was writing digests by then.
    """
    begin, until = days.start_of(day), days.end_of(day)
    since = known_end.at if known_end else None
    is_owed = known_end is not None and known_end.is_pending
    certain = digests.missing_hours(hourly, since)
    return [
        hour
        for hour in digests.missing_hours(hourly, since or begin, until)
        if (is_owed and hour.end_at <= begin)
        or (
            begin < hour.end_at <= until
            and (hour in certain or (started_at is not None and started_at <= hour.start_at))
        )
    ]


def _pending(
    accounts: Accounts,
    chain: Chain,
    files: TrailFiles,
    hourly: Sequence[JudgedDigest],
    absent: Sequence[JudgedDigest],
) -> list[JudgedDigest]:
    """Call those absent digests pending that CloudTrail had no time to deliver.

    AWS does not say how long a digest takes. GetTrailStatus shows when the newest was delivered in
    a Region. Hours that ended later, and after every digest that is there, are still owed.
    """
    delivered = max((digest.end_at for digest in hourly if digest.file), default=None)
    latest = _latest_delivery(accounts, chain, files)
    if latest is None:
        return list(absent)
    reached = max(latest, delivered or latest, days.start_of(files.day))
    return [
        replace(hour, state=DigestState.PENDING) if hour.end_at > reached else hour
        for hour in absent
    ]


def _latest_delivery(accounts: Accounts, chain: Chain, files: TrailFiles) -> datetime | None:
    """Return when a trail last delivered a digest in a chain's Region; None if it does not say.

    A Region is asked only if it has answered already: anybody who may write to the log bucket can
    invent a folder of another name. The home Region answers for the rest.
    """
    trail = chain.trail
    is_known = (trail.account_id, chain.region) in files.answered
    status = _status(accounts, trail, chain.region if is_known else trail.home_region)
    return status.digest_at if status else None


def writes_digests_since(accounts: Accounts, trail: Trail) -> datetime | None:
    """Return when a trail that writes digests was last started; None for others, or if unknown."""
    if not trail.has_digests:
        return None
    status = _status(accounts, trail, trail.home_region)
    if status is None or not status.is_logging:
        return None
    return status.started_at or datetime.min.replace(tzinfo=UTC)


def _status(accounts: Accounts, trail: Trail, region: str) -> TrailStatus | None:
    """Return a trail's status in a Region; None if AWS refuses it for good."""
    status = read_status(accounts.of(trail.account_id).cloudtrail(region), trail.arn)
    if isinstance(status, Refusal):
        fail_if_passing(status)
        return None
    return status
