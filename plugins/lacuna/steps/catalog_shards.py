"""Read one shard of a delivery day: list its places, check its trail files, write what was found.

The rows go to files that no table points to, and the receipt, which is written last, names them. At
no time are more objects in memory than of one batch of accounts' trail files, or of a few files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from lacuna.aws.accounts import Accounts
from lacuna.lake.lake import Lake
from lacuna.lake.shards import Files
from lacuna.settings import Settings
from lacuna.steps import (
    catalog_access_logs,
    catalog_digests,
    catalog_readers,
    catalog_rows,
    catalog_trail_files,
    catalog_trail_folders,
)
from lacuna.steps.catalog_day_before import DayBefore
from lacuna.steps.catalog_late import Late
from lacuna.steps.catalog_plan import Plan, Shard
from lacuna.steps.catalog_trail_files import AccountFolder
from lacuna.tables.evidence import Listing, TrailDigest
from lacuna.tables.raw import RawPartition

# Accounts' folders whose trail files and digests are in memory together
FOLDERS_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one shard has read: the files that hold its rows, and all that is not about one object.

    `copies`: the keys of copied trail files. `objects`: how many rows there are.
    """

    row_files: tuple[str, ...]
    manifests: tuple[str, ...]
    objects: int
    unreadable: tuple[str, ...]
    listings: tuple[Listing, ...]
    digests: tuple[TrailDigest, ...] = ()
    trail_partitions: tuple[RawPartition, ...] = ()
    copies: tuple[str, ...] = ()


def read(
    lake: Lake, accounts: Accounts, settings: Settings, plan: Plan, shard: Shard, files: Files
) -> Receipt:
    """Read a shard, write its rows to `files`, and return its receipt."""
    accounts.owners |= plan.owners
    late = Late(lake, plan.day, settings.event_day_folders)
    listings = catalog_access_logs.read(accounts, late, shard.places, files, try_all=plan.try_all)
    digests: list[TrailDigest] = []
    partitions: list[RawPartition] = []
    copies: set[str] = set()
    day_before = DayBefore(lake, plan.day)
    for folders in _batches(shard.folders):
        trail_files = catalog_trail_files.read(accounts, late, folders, plan.answered)
        judged = catalog_digests.read(accounts, trail_files, day_before, late)
        refused = catalog_readers.refused_trail_places(accounts, trail_files, try_all=plan.try_all)
        trail_files.objects = catalog_readers.without(refused, trail_files.objects)
        for placed in trail_files.objects:
            files.add(catalog_rows.log_object(placed, trail_files.contents, judged.states))
        listings += catalog_readers.marked(trail_files.listings, refused)
        digests += judged.rows
        readable = catalog_trail_folders.readable(trail_files)
        of_batch, copied = catalog_trail_folders.partitions(lake, accounts, plan.day, readable)
        partitions += of_batch
        copies |= copied
    files.close()
    return Receipt(
        row_files=tuple(files.row_files),
        manifests=tuple(files.manifests),
        objects=files.objects,
        unreadable=tuple(sorted(files.unreadable)),
        listings=tuple(listings),
        digests=tuple(digests),
        trail_partitions=tuple(partitions),
        copies=tuple(sorted(copies)),
    )


def _batches(folders: Sequence[AccountFolder]) -> Iterator[list[AccountFolder]]:
    """Yield the folders of whole accounts, about FOLDERS_AT_ONCE at a time."""
    batch: list[AccountFolder] = []
    for _, of_account in groupby(folders, attrgetter("account_id")):
        batch += of_account
        if len(batch) >= FOLDERS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
