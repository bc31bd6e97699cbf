"""Digests that came into the folder of a day after the catalogs that look for them were made."""

from __future__ import annotations

from datetime import timedelta

from lacuna.access_log.delivery import KeyRange, folder_day
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import list_range
from lacuna.steps import catalog_trail_files
from lacuna.steps.catalog_absent_digests import ChainEnd
from lacuna.steps.catalog_late import Late
from lacuna.steps.catalog_trail_files import DIGEST, Chain
from lacuna.tables.evidence import Listing
from lacuna.trail import digests


def look(accounts: Accounts, chain: Chain, late: Late, known_end: ChainEnd | None) -> Listing:
    """List the folders of the days before, for digests that came after their days' catalogs."""
    bucket = chain.trail.log_bucket
    first = late.day - timedelta(days=late.reach)
    answer = list_range(
        accounts.s3_of(bucket),
        bucket,
        KeyRange(
            chain.prefix, f"{chain.prefix}{first:%Y/%m/%d}/", f"{chain.prefix}{late.day:%Y/%m/%d}/"
        ),
    )
    came_late = []
    for entry in answer.objects:
        name = digests.parse_name(entry.key.rpartition("/")[2])
        folder = folder_day(chain.prefix, entry.key)
        is_owed = known_end and known_end.is_pending and name and name.ends_at > known_end.at
        if name is None or name.trail_name != chain.trail.name or folder is None or is_owed:
            continue
        if late.digest(folder, entry.key, entry.delivered_at):
            came_late.append(folder)
    return catalog_trail_files.listing(
        DIGEST,
        chain.trail,
        chain.prefix,
        answer,
        account_id=chain.account_id,
        region=chain.region,
        out_of_time=came_late,
    )
