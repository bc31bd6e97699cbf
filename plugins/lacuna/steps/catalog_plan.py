"""What there is to read of a delivery day, packed into shards: parts that one task reads each.

The log places come from evidence.logging_snapshots, from the trails themselves and from the places
of trails on the day before, never from settings. Each is read by exactly one shard, and so is all
that is judged together: places whose prefixes overlap, and what trails deliver of an account.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lacuna.access_log import delivery
from lacuna.access_log.delivery import Place
from lacuna.access_log.sources import KeyLayout, Source
from lacuna.aws.accounts import Accounts
from lacuna.lake.lake import Lake
from lacuna.settings import Settings
from lacuna.steps import catalog_trail_files, catalog_trails, day_states
from lacuna.steps.catalog_trail_files import AccountFolder
from lacuna.tables.evidence import LOGGING_SNAPSHOTS, Listing, TrailPlace

log = logging.getLogger(__name__)

# Airflow expands a task at most 1,024 times
MOST_SHARDS = 200
# What one shard reads at least before there is a second one
PLACES_A_SHARD = 200
# The places of an account's trail: one for each Region, and as many of digests
PLACES_OF_A_FOLDER = 20


@dataclass(frozen=True, slots=True)
class Shard:
    """What one task reads: places of access logs, and folders of accounts that trails write to.

    `places` are groups. The places of a group are judged together, because their prefixes overlap.
    """

    places: tuple[tuple[Place, ...], ...] = ()
    folders: tuple[AccountFolder, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What all shards of an attempt know, and what is known of the day before they are read.

    `planned_at`: before anything was listed. `replaces`: the catalog that the day had then, if any.
    `follows`: what was known of the day before. `owners`: of the buckets that another account than
    the run's owns. `answered`: the accounts and Regions whose trails are all known.
    """

    day: date
    planned_at: datetime
    replaces: datetime | None
    follows: str
    try_all: bool
    owners: dict[str, str]
    answered: tuple[tuple[str, str], ...]
    trail_places: tuple[TrailPlace, ...]
    listings: tuple[Listing, ...]


def make(
    lake: Lake, accounts: Accounts, settings: Settings, day: date, follows: str, *, try_all: bool
) -> tuple[Plan, list[Shard]]:
    """Find out what there is to read of a day."""
    now, replaces = datetime.now(UTC), day_states.catalogued_at(lake, day)
    observed = _observed(lake, settings, day)
    accounts.owners |= {row["bucket_name"]: row["account_id"] for row in observed}
    trails = catalog_trails.look(accounts, observed)
    trail_places, followed = catalog_trails.follow(lake, accounts, trails, day)
    folders, listings = catalog_trail_files.account_folders(accounts, followed)
    shards = pack(delivery.access_log_places(_sources(observed)), folders)
    plan = Plan(
        day=day,
        planned_at=now.replace(microsecond=now.microsecond // 1000 * 1000),  # as it is stored
        replaces=replaces,
        follows=follows,
        try_all=try_all,
        owners={
            bucket: owner
            for bucket, owner in accounts.owners.items()
            if accounts.of(owner) is not accounts.home
        },
        answered=tuple(sorted(trails.answered)),
        trail_places=tuple(trail_places),
        listings=(*trails.refused_listings(), *listings),
    )
    return plan, shards


def pack(places: Sequence[Place], folders: Sequence[AccountFolder]) -> list[Shard]:
    """Return at least one shard and at most MOST_SHARDS, of about as many places each."""
    units = [(len(group), Shard(places=(group,))) for group in overlapping(places)]
    units.sort(key=lambda unit: _account_and_region(unit[1].places[0][0]))
    of_account: dict[str, list[AccountFolder]] = {}
    for folder in folders:
        of_account.setdefault(folder.account_id, []).append(folder)
    units += [
        (len(some) * PLACES_OF_A_FOLDER, Shard(folders=tuple(some)))
        for _, some in sorted(of_account.items())
    ]
    total = sum(weight for weight, _ in units)
    number = min(MOST_SHARDS, -(-total // PLACES_A_SHARD)) or 1
    packed: dict[int, list[Shard]] = {0: []}
    before = 0
    for weight, unit in units:
        packed.setdefault(before * number // total, []).append(unit)
        before += weight
    return [
        Shard(
            tuple(group for unit in some for group in unit.places),
            tuple(folder for unit in some for folder in unit.folders),
        )
        for some in packed.values()
    ]


def _account_and_region(place: Place) -> tuple[str, str]:
    return place.account_id or "", place.region or ""


def overlapping(places: Iterable[Place]) -> list[tuple[Place, ...]]:
    """Return the places in groups: an object below several places is below those of one group."""
    groups: list[list[Place]] = []
    for place in sorted(places, key=lambda place: (place.log_bucket, place.prefix)):
        root = groups[-1][0] if groups else None
        if root and place.log_bucket == root.log_bucket and place.prefix.startswith(root.prefix):
            groups[-1].append(place)
        else:
            groups.append([place])
    return [tuple(group) for group in groups]


def _observed(lake: Lake, settings: Settings, day: date) -> list[dict[str, Any]]:
    """Read the snapshots that say whose logs may have been delivered on `day`."""
    days = delivery.snapshots_to_follow(
        lake.days(LOGGING_SNAPSHOTS), day, timedelta(days=settings.lateness_days)
    )
    if not days:
        log.warning("there is no logging snapshot: no access-log place is known")
    return [row for on in days for row in lake.read(LOGGING_SNAPSHOTS, {"observed_on": on})]


def _sources(rows: Iterable[Mapping[str, Any]]) -> list[Source]:
    """Return the source buckets whose access log was on, and its target."""
    sources = {
        Source(
            bucket_name=row["bucket_name"],
            account_id=row["account_id"],
            region=row["region"],
            target_bucket=row["target_bucket"],
            target_prefix=row["target_prefix"],
            key_layout=KeyLayout(row["key_layout"]),
        )
        for row in rows
        if row["logging_state"] == "on"
    }
    return sorted(sources, key=lambda source: (source.bucket_name, source.target_prefix))
