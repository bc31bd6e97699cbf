"""The folders of a day's CloudTrail files as Athena reads them: in place, or copied into the lake.

Athena opens every object below a partition's location, and one that it cannot read fails the whole
query. To exclude objects by name is no way out: a statement has at most 262,144 bytes, and somebody
who may write into a trail's folder decides how many names there are.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lacuna.access_log.delivery import Place, Placed
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import ObjectTooLarge, ObjectUnreadable, read_object
from lacuna.aws.session import each
from lacuna.lake.lake import Lake
from lacuna.steps import catalog_trail_files
from lacuna.steps.catalog_trail_files import TrailFiles
from lacuna.tables import raw
from lacuna.text import visible

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrailFolder:
    """A place's folder of the day that has readable files.

    `to_copy` are those files, with the hash of their content, if Athena cannot read the folder as
    it is.
    """

    place: Place
    to_copy: tuple[tuple[Placed, str | None], ...]

    @property
    def url(self) -> str:
        return f"s3://{self.place.log_bucket}/{self.place.prefix}"


def readable(files: TrailFiles) -> list[TrailFolder]:
    """Return every folder of the day with a readable file, and whether it must be copied."""
    of_place: dict[Place, list[Placed]] = {}
    for file in files.objects:
        of_place.setdefault(file.place, []).append(file)
    folders = []
    for place, listed in of_place.items():
        whole = [
            (file, content.content_sha256)
            for file in listed
            if (content := files.contents.get(file.log_object)) and content.readable
        ]
        as_it_is = len(whole) == len(listed) and raw.can_be_location(place.prefix)
        if whole:
            folders.append(TrailFolder(place, () if as_it_is else tuple(whole)))
    return folders


def partitions(
    lake: Lake, accounts: Accounts, day: date, folders: Sequence[TrailFolder]
) -> tuple[list[raw.RawPartition], set[str]]:
    """Copy what must be copied; return the partitions of the folders, and the copies' keys."""
    keys = set[str]()
    for folder in folders:
        keys |= _copied(lake, accounts, day, folder)
    return [_partition(lake, day, one) for one in folders], keys


def _partition(lake: Lake, day: date, folder: TrailFolder) -> raw.RawPartition:
    place = folder.place
    copies = f"s3://{lake.bucket}/{raw.copies_prefix(day, folder.url)}" if folder.to_copy else None
    return raw.cloudtrail_partition(
        day,
        trail_arn=place.trail_arn or "",
        account_id=place.account_id or "",
        region=place.region or "",
        log_bucket=place.log_bucket,
        prefix=place.prefix,
        copies=copies,
    )


def _copied(lake: Lake, accounts: Accounts, day: date, folder: TrailFolder) -> set[str]:
    """Copy the readable files of a folder; return the copies' keys in the lake."""
    s3 = accounts.s3_of(folder.place.log_bucket)

    def copy(wanted: tuple[Placed, str | None]) -> str | None:
        file, content_sha256 = wanted
        try:
            body, _ = read_object(s3, folder.place.log_bucket, file.listed.key)
        except (ObjectTooLarge, ObjectUnreadable) as error:
            log.warning("%s cannot be read any more: %s", visible(file.log_object), error)
            return None
        if catalog_trail_files.inspect_body(body).content_sha256 != content_sha256:
            log.warning("%s was changed while the day was cataloged", visible(file.log_object))
            return None
        key = raw.copies_prefix(day, folder.url) + file.listed.key.rpartition("/")[2]
        lake.put(key, body)
        return key

    copies = each(copy, folder.to_copy, accounts.concurrency, "CloudTrail files to copy")
    return {key for key in copies if key is not None}
