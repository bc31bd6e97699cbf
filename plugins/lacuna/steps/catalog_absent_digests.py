"""Hours without a digest: is it missing, or may it still be on its way?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from lacuna import day as days
from lacuna.aws.accounts import Accounts
from lacuna.aws.session import each
from lacuna.aws.trails import read_status
from lacuna.refusals import Refusal
from lacuna.steps.catalog_trail_files import Chain, ChainKey, TrailFiles
from lacuna.steps.catalog_trails import fail_if_transient
from lacuna.trail import digests
from lacuna.trail.digests import DigestState, JudgedDigest
from lacuna.trail.recorders import Trail, TrailStatus


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Up to when a chain was judged on the day before. `is_pending`: what follows is still owed."""

    at: datetime
    is_pending: bool = False


class _Asked(NamedTuple):
    """A trail, its account, and the Region that is asked for its status."""

    account_id: str
    trail_arn: str
    region: str


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
    chains: Iterable[Chain],
    files: TrailFiles,
    hourly: Mapping[ChainKey, Sequence[JudgedDigest]],
    known_ends: Mapping[ChainKey, ChainEnd],
    started: Mapping[str, datetime | None],
) -> list[tuple[Chain, list[JudgedDigest]]]:
    """Return the hours of the day without a digest of each Region's hourly chain, with their state.

    Of a trail that is gone or writes no digests, none can be on its way.
    """
    absent: list[tuple[Chain, list[JudgedDigest], _Asked | None]] = []
    for chain in chains:
        started_at = started[chain.trail.arn] if chain.trail.has_digests else None
        of_chain = hourly.get(chain.key, ())
        hours = _missing_hours(files.day, of_chain, known_ends.get(chain.key), started_at)
        absent.append((chain, hours, _asked(chain, files) if started_at and hours else None))
    latest = _latest_deliveries(accounts, {asked for _, _, asked in absent if asked})
    return [
        (chain, _pending(hours, hourly.get(chain.key, ()), latest.get(asked), files.day))
        for chain, hours, asked in absent
    ]


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
    absent: Sequence[JudgedDigest],
    hourly: Sequence[JudgedDigest],
    latest: datetime | None,
    day: date,
) -> list[JudgedDigest]:
    """Call those absent digests pending that CloudTrail had no time to deliver.

    AWS does not say how long a digest takes. GetTrailStatus shows when the newest was delivered in
    a Region (`latest`). Hours that ended later, and after every digest that is there, are still owed.
    """
    if latest is None:
        return list(absent)
    delivered = max((digest.end_at for digest in hourly if digest.file), default=latest)
    reached = max(latest, delivered, days.start_of(day))
    return [
        replace(hour, state=DigestState.PENDING) if hour.end_at > reached else hour
        for hour in absent
    ]


def _asked(chain: Chain, files: TrailFiles) -> _Asked:
    """Return who says when a chain last got a digest.

    A Region is asked only if it has answered already: anybody who may write to the log bucket can
    invent a folder of another name. The home Region answers for the rest.
    """
    trail = chain.trail
    is_known = (trail.account_id, chain.region) in files.answered
    return _Asked(trail.account_id, trail.arn, chain.region if is_known else trail.home_region)


def _latest_deliveries(
    accounts: Accounts, asked: Iterable[_Asked]
) -> dict[_Asked | None, datetime | None]:
    """Return when each trail last delivered a digest in a Region; None if it does not say."""
    ordered = sorted(asked)
    statuses = each(
        lambda one: _status(accounts, *one),
        ordered,
        accounts.concurrency,
        "trails without a digest",
    )
    return {
        one: status.digest_at if status else None
        for one, status in zip(ordered, statuses, strict=True)
    }


def writes_digests_since(accounts: Accounts, trail: Trail) -> datetime | None:
    """Return when a trail that writes digests was last started; None for others, or if unknown."""
    if not trail.has_digests:
        return None
    status = _status(accounts, trail.account_id, trail.arn, trail.home_region)
    if status is None or not status.is_logging:
        return None
    return status.started_at or datetime.min.replace(tzinfo=UTC)


def _status(accounts: Accounts, account_id: str, trail_arn: str, region: str) -> TrailStatus | None:
    """Return a trail's status in a Region; None if AWS refuses it for good."""
    status = read_status(accounts.of(account_id).cloudtrail(region), trail_arn)
    if isinstance(status, Refusal):
        fail_if_transient(status)
        return None
    return status
