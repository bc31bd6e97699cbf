"""Catalog the log objects of one delivery day: what was delivered, where, and is it readable?

Three tasks do it, so that the second may run many times side by side: plan what there is to read
(`catalog_plan`), read a shard of it (`catalog_shards`), and commit what was read. Everything is read
before anything is shown. Then the day is marked as not cataloged first, and as cataloged last. So a
run that was killed anywhere and is run again leaves the same rows.

Beyond a snapshot's permissions the run's role needs s3:ListBucket and s3:GetObject on the log
buckets, cloudtrail:ListPublicKeys, and access to the lake.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from lacuna.aws.accounts import Accounts, open_accounts
from lacuna.lake import shards
from lacuna.lake.lake import Lake, open_lake
from lacuna.lake.shards import Files
from lacuna.settings import Settings
from lacuna.steps import (
    catalog_absent_digests,
    catalog_losses,
    catalog_plan,
    catalog_shards,
    day_states,
)
from lacuna.steps.catalog_plan import Plan, Shard
from lacuna.steps.catalog_shards import Receipt
from lacuna.tables import raw
from lacuna.tables.evidence import (
    CATALOGUED_DAYS,
    LISTINGS,
    LOG_OBJECTS,
    PARSED_DAYS,
    TRAIL_DIGESTS,
    TRAIL_PLACES,
    CataloguedDay,
    TrailPlace,
)
from lacuna.tables.evidence_table import read_back

log = logging.getLogger(__name__)

# The documents of an attempt, and of each of its shards
PLAN, SHARD, RECEIPT = "plan.json", "shard.json", "receipt.json"


@dataclass(frozen=True, slots=True)
class CatalogSummary:
    """What cataloging one delivery day found and cost."""

    day: date
    places: int
    places_unreadable: int
    list_calls: int
    keys_returned: int
    objects_cataloged: int
    unreadable_objects: tuple[str, ...]
    objects_gone: int = 0

    def __str__(self) -> str:
        if self.objects_gone:
            return f"{self.day}: its earlier catalog of {self.objects_cataloged} objects is kept"
        return (
            f"{self.day}: {self.objects_cataloged} objects of {self.places} places, "
            f"{len(self.unreadable_objects)} of them unreadable, {self.places_unreadable} places "
            f"unreadable; {self.list_calls} LIST calls returned {self.keys_returned} keys"
        )


def plan_shards(settings: Settings, day: date) -> list[str]:
    """Plan what is to be read of a day; return the shards, each to be read by a task of its own."""
    lake = open_lake(settings)
    return _plan(lake, open_accounts(lake.account, settings), settings, day)


def read_shard(settings: Settings, shard: str) -> None:
    """Read one shard, and write what was found and its receipt."""
    lake = open_lake(settings)
    _read(lake, open_accounts(lake.account, settings), settings, shard)


def commit_catalog(
    settings: Settings, day: date, read: Sequence[str], *, accept_loss: bool = False
) -> CatalogSummary:
    """Make the shards that were read the catalog of a day. It replaces what an earlier run wrote.

    If log objects are gone that were read before, what the day holds cannot be read again. Then the
    earlier catalog is kept, unless `accept_loss`.

    The next day follows the trails and the digests of this one. If it was cataloged before, when
    they were not known, it is cataloged again.
    """
    lake = open_lake(settings)
    accounts = open_accounts(lake.account, settings)
    return _commit_all(lake, accounts, settings, day, read, accept_loss=accept_loss)


def catalog_day(
    settings: Settings, day: date, *, accept_loss: bool = False, try_all: bool = False
) -> CatalogSummary:
    """Write the catalog of one delivery day, one shard after the other, as the three tasks do.

    `try_all`: try whether Athena may read each object, not only the first and the last of a place.
    """
    lake = open_lake(settings)
    accounts = open_accounts(lake.account, settings)
    read = _plan_and_read(lake, accounts, settings, day, try_all=try_all)
    return _commit_all(lake, accounts, settings, day, read, accept_loss=accept_loss)


def _commit_all(
    lake: Lake,
    accounts: Accounts,
    settings: Settings,
    day: date,
    read: Sequence[str],
    *,
    accept_loss: bool,
) -> CatalogSummary:
    summary = _catalog(lake, accounts, settings, day, read, accept_loss=accept_loss)
    following = day + timedelta(days=1)
    while _follows_another(lake, following):
        before = following - timedelta(days=1)
        log.info("%s was cataloged before %s: it is cataloged again", following, before)
        again = _plan_and_read(lake, accounts, settings, following)
        _catalog(lake, accounts, settings, following, again)
        following += timedelta(days=1)
    # Nothing reads the raw objects of a parsed day again but a run of that day, which registers them
    old = day - timedelta(days=settings.event_day_folders)
    lake.unregister(old, lambda one: day_states.is_parsed(lake, one))
    return summary


def _catalog(
    lake: Lake,
    accounts: Accounts,
    settings: Settings,
    day: date,
    read: Sequence[str],
    *,
    accept_loss: bool = False,
) -> CatalogSummary:
    """Write the catalog that was read of a day, until nothing that it follows changed meanwhile.

    An older attempt, which a person commits once more, may no longer show what there is.
    A run of the day before that ends in between finds no catalog of this day yet.
    """
    while True:
        plan, receipts = _receipts(lake, read)
        # None: what replaced it was killed. Its own: a commit that is tried again
        if day_states.catalogued_at(lake, day) in (None, plan.replaces, plan.planned_at):
            summary = _replace(lake, day, plan, receipts, accept_loss=accept_loss)
            if plan.follows == _followed(lake, day):
                return summary
        log.info("%s or the day before was cataloged meanwhile: it is cataloged again", day)
        read = _plan_and_read(lake, accounts, settings, day, try_all=plan.try_all)


def _plan_and_read(
    lake: Lake, accounts: Accounts, settings: Settings, day: date, *, try_all: bool = False
) -> list[str]:
    planned = _plan(lake, accounts, settings, day, try_all=try_all)
    for shard in planned:
        _read(lake, accounts, settings, shard)
    return planned


def _plan(
    lake: Lake, accounts: Accounts, settings: Settings, day: date, *, try_all: bool = False
) -> list[str]:
    follows = _followed(lake, day)
    plan, planned = catalog_plan.make(lake, accounts, settings, day, follows, try_all=try_all)
    attempt = shards.new_attempt(day)
    shards.write(lake, f"{attempt}{PLAN}", plan)
    folders = [f"{attempt}{number}/" for number in range(len(planned))]
    for folder, shard in zip(folders, planned, strict=True):
        shards.write(lake, f"{folder}{SHARD}", shard)
    return folders


def _read(lake: Lake, accounts: Accounts, settings: Settings, folder: str) -> None:
    plan = shards.read(lake, _plan_of(folder), Plan)
    shard = shards.read(lake, f"{folder}{SHARD}", Shard)
    files = Files(lake, folder)
    receipt = catalog_shards.read(lake, accounts, settings, plan, shard, files)
    shards.write(lake, f"{folder}{RECEIPT}", receipt)


def _receipts(lake: Lake, read: Sequence[str]) -> tuple[Plan, list[Receipt]]:
    plan = shards.read(lake, _plan_of(read[0]), Plan)
    return plan, [shards.read(lake, f"{folder}{RECEIPT}", Receipt) for folder in read]


def _plan_of(folder: str) -> str:
    return f"{folder.rstrip('/').rpartition('/')[0]}/{PLAN}"


def _replace(
    lake: Lake, day: date, plan: Plan, receipts: Sequence[Receipt], *, accept_loss: bool
) -> CatalogSummary:
    """Write the catalog of a day, or keep the earlier one if the new one would lose something."""
    rows = _Catalog(lake, plan, receipts)
    gone = catalog_losses.gone(lake, day, rows.objects, rows.digests)
    if gone and not accept_loss:
        kept = catalog_losses.keep(lake, day, len(gone), plan.follows, rows.objects, rows.listings)
        summary = _kept(day, kept)
    else:
        rows.listings = catalog_losses.accepted(lake, day, gone, rows.listings)
        summary = _summary(day, rows)
        _write(lake, day, rows, summary)
    log.info("%s", summary)
    return summary


class _Catalog:
    """What the shards of a delivery day have read. The rows of its objects stay in their files."""

    def __init__(self, lake: Lake, plan: Plan, receipts: Sequence[Receipt]) -> None:
        self._lake, self.plan, self.receipts = lake, plan, receipts
        self.listings = [*(row for one in receipts for row in one.listings), *plan.listings]
        self.digests = [row for one in receipts for row in one.digests]
        self.row_files = [key for one in receipts for key in one.row_files]

    def objects(self) -> Iterator[Mapping[str, Any]]:
        """Yield of each object what a loss is found by, some in memory at a time."""
        return self._lake.rows_of(self.row_files, catalog_losses.CONTENT)


def _follows_another(lake: Lake, day: date) -> bool:
    """Whether `day` was cataloged, and not from what is known now of the day before."""
    partition = {"delivered_on": day}
    rows = lake.read(CATALOGUED_DAYS, partition)
    if not rows:  # this was begun and killed
        return bool(lake.read(PARSED_DAYS, partition))
    follows = rows[0].get("follows")  # None: an older version does not say
    return follows is not None and follows != _followed(lake, day)


def _followed(lake: Lake, day: date) -> str:
    """Return a fingerprint of all that the catalog of `day` takes from the day before."""
    places = [read_back(TrailPlace, row) for row in lake.read(TRAIL_PLACES, _day_before(day))]
    present = sorted(str(place) for place in places if place.is_present)
    ends = catalog_absent_digests.last_ends(lake.read(TRAIL_DIGESTS, _day_before(day)))
    return sha256(str([present, sorted(ends.items())]).encode()).hexdigest()


def _day_before(day: date) -> dict[str, date]:
    return {"delivered_on": day - timedelta(days=1)}


def _summary(day: date, rows: _Catalog) -> CatalogSummary:
    return CatalogSummary(
        day=day,
        places=len(rows.listings),
        places_unreadable=sum(listing.error_code is not None for listing in rows.listings),
        list_calls=sum(listing.list_calls for listing in rows.listings),
        keys_returned=sum(listing.keys_returned for listing in rows.listings),
        objects_cataloged=sum(one.objects for one in rows.receipts),
        unreadable_objects=tuple(sorted(url for one in rows.receipts for url in one.unreadable)),
    )


def _kept(day: date, kept: CataloguedDay) -> CatalogSummary:
    return CatalogSummary(
        day=day,
        places=kept.places,
        places_unreadable=kept.places_unreadable,
        list_calls=kept.list_calls,
        keys_returned=kept.keys_returned,
        objects_cataloged=kept.objects_catalogued,
        unreadable_objects=(),
        objects_gone=kept.objects_gone or 0,
    )


def _write(lake: Lake, day: date, rows: _Catalog, summary: CatalogSummary) -> None:
    partition, receipts = {"delivered_on": day}, rows.receipts
    lake.drop(CATALOGUED_DAYS, partition)
    lake.show(LOG_OBJECTS, day, rows.row_files)
    lake.write(LISTINGS, rows.listings, partition)
    lake.write(TRAIL_PLACES, rows.plan.trail_places, partition)
    lake.write(TRAIL_DIGESTS, rows.digests, partition)
    lake.show_manifests(day, [key for one in receipts for key in one.manifests])
    lake.register(
        raw.CLOUDTRAIL_EVENTS, day, [part for one in receipts for part in one.trail_partitions]
    )
    # those that an earlier run made and no one needs
    lake.keep_copies(day, {key for one in receipts for key in one.copies})
    row = CataloguedDay(
        catalogued_at=rows.plan.planned_at,
        places=summary.places,
        places_unreadable=summary.places_unreadable,
        list_calls=summary.list_calls,
        keys_returned=summary.keys_returned,
        objects_catalogued=summary.objects_cataloged,
        follows=rows.plan.follows,
    )
    lake.write(CATALOGUED_DAYS, [row], partition)
