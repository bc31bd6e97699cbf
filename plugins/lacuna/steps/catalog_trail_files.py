"""CloudTrail's log files of one delivery day: find them and read each once.

Accounts and Regions are found by listing folders, so nothing is configured and the cost does not
grow with history. `trail.log_files` says why bytes are read at all; `catalog_digests` judges them.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from lacuna.access_log import delivery
from lacuna.access_log.delivery import Kind, Place, Placed
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import (
    MOST_BYTES,
    FoldersListed,
    KeysListed,
    ObjectTooLarge,
    ObjectUnreadable,
    list_folders,
    read_object,
)
from lacuna.aws.session import each
from lacuna.steps.catalog_late import Late
from lacuna.steps.day_states import texts
from lacuna.tables.evidence import Listing
from lacuna.text import visible
from lacuna.trail import log_files
from lacuna.trail.log_files import FileContent
from lacuna.trail.recorders import Trail

log = logging.getLogger(__name__)

DIGEST = "digest"
# trail, account, Region
ChainKey = tuple[str, str, str]

# CloudTrail's files are small. All workers may hold such a one, packed and unpacked; only one of
# them at a time holds a larger one.
_SMALL_PACKED, _SMALL = 4 << 20, 16 << 20
_one_big_file = threading.Semaphore()

# How the error code of a place begins that can be listed and not read
READ_REFUSED = "GetObject: "
# One file that is refused is a matter of that file, not of its place
_FEWEST_REFUSED = 2

GONE = frozenset({"NoSuchKey", "NotFound", "NoSuchBucket"})
_DAMAGED = frozenset(
    {log_files.TRUNCATED, log_files.CORRUPT, log_files.NOT_GZIP, log_files.TOO_LARGE}
)


@dataclass(frozen=True, slots=True)
class Chain:
    """One trail's digests of one account and Region, and the prefix that they are under."""

    trail: Trail
    account_id: str
    region: str
    prefix: str

    @property
    def key(self) -> ChainKey:
        return (self.trail.arn, self.account_id, self.region)


@dataclass(frozen=True, slots=True)
class AccountFolder:
    """Where a trail writes of one account: below each of the two prefixes a folder for each Region."""

    trail: Trail
    account_id: str
    logs: str
    digests: str


@dataclass(slots=True)
class TrailFiles:
    """What CloudTrail delivered on one delivery day.

    `contents` is by the s3:// URL of a file, `writers` by that of a place: the trails that may
    deliver there. `answered` are the accounts and Regions whose trails are all known.
    """

    day: date
    answered: Collection[tuple[str, str]] = ()
    objects: list[Placed] = field(default_factory=list)
    contents: dict[str, FileContent] = field(default_factory=dict)
    listings: list[Listing] = field(default_factory=list)
    writers: dict[str, list[Trail]] = field(default_factory=dict)
    account_folders: list[AccountFolder] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    listed_folders: list[str] = field(default_factory=list)
    folders: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def hashes(self) -> dict[str, str | None]:
        """Return the content hash of every file that was read; None if the file is damaged."""
        return {
            url: content.content_sha256
            for url, content in self.contents.items()
            if was_read(content)
        }


def account_folders(
    accounts: Accounts, trails: Sequence[Trail]
) -> tuple[list[AccountFolder], list[Listing]]:
    """Find the folders of accounts that trails write to, each listed once; return the listings too."""
    files = TrailFiles(date.min)
    folders = [folder for trail in trails for folder in _account_folders(accounts, trail, files)]
    return folders, files.listings


def read(
    accounts: Accounts,
    late: Late,
    folders: Sequence[AccountFolder],
    answered: Collection[tuple[str, str]],
) -> TrailFiles:
    """Read and check the log files of accounts delivered on a day, and find the digest chains.

    `folders` are all of an account or none: what is judged together is one account's.
    `answered` are the accounts and Regions whose trails are all known.
    """
    files = TrailFiles(late.day, answered, account_folders=list(folders))
    by_arn = {folder.trail.arn: folder.trail for folder in folders}
    places: dict[str, Place] = {}
    _list_regions(accounts, files)
    for folder in files.account_folders:
        trail, account_id = folder.trail, folder.account_id
        for prefix in files.folders[trail.log_bucket, folder.logs]:
            place = Place(
                kind=Kind.CLOUDTRAIL,
                log_bucket=trail.log_bucket,
                prefix=prefix,
                region=_last_folder(prefix),
                trail_arn=trail.arn,
                account_id=account_id,
            )
            # Two trails may share a bucket and a prefix. Their files look the same.
            url = f"s3://{trail.log_bucket}/{prefix}"
            places.setdefault(url, place)
            if trail.records_in(place.region or ""):
                files.writers.setdefault(url, []).append(trail)
        for prefix in files.folders[trail.log_bucket, folder.digests]:
            files.chains.append(Chain(trail, account_id, _last_folder(prefix), prefix))
    _list_files(accounts, late, list(places.values()), by_arn, files)
    _read_files(accounts, files)
    _name_refused_places(files)
    _log_problems(files)
    return files


def inspect(accounts: Accounts, bucket: str, key: str) -> FileContent:
    """Read one log file and check it. A lasting refusal is its problem, by AWS's code."""
    s3 = accounts.s3_of(bucket)

    def within(most_packed: int, most_unpacked: int) -> FileContent:
        try:
            return log_files.inspect([read_object(s3, bucket, key, most_packed)[0]], most_unpacked)
        except ObjectTooLarge:
            return FileContent(readable=False, problem=log_files.TOO_LARGE)
        except ObjectUnreadable as error:
            return FileContent(readable=False, problem=str(error))

    return _one_big_at_a_time(within)


def inspect_body(body: bytes) -> FileContent:
    """Check the bytes of one log file as `inspect` does."""
    return _one_big_at_a_time(lambda _, most_unpacked: log_files.inspect([body], most_unpacked))


def _one_big_at_a_time(within: Callable[[int, int], FileContent]) -> FileContent:
    """Check a file within the bounds of a small one, packed and unpacked; then alone, if larger."""
    content = within(_SMALL_PACKED, _SMALL)
    if content.problem != log_files.TOO_LARGE:
        return content
    with _one_big_file:
        return within(MOST_BYTES, log_files.MOST_BYTES)


def was_read(content: FileContent) -> bool:
    """Return whether the file's bytes were read: a missing hash then means that they are damaged."""
    return content.content_sha256 is not None or content.problem in _DAMAGED


def listing(
    kind: str,
    trail: Trail,
    prefix: str,
    answer: KeysListed[Any] | FoldersListed,
    cataloged: int = 0,
    *,
    account_id: str | None = None,
    region: str | None = None,
    out_of_time: Sequence[date] = (),
) -> Listing:
    """Return the row that says what one LIST of CloudTrail's folders cost, and whose they are."""
    log_bucket = trail.log_bucket
    if answer.error_code:
        log.warning("cannot list %s: %s", visible(f"s3://{log_bucket}/{prefix}"), answer.error_code)
    return Listing(
        kind=kind,
        log_bucket=log_bucket,
        prefix=prefix,
        key_layout=None,
        source_buckets=(),
        list_calls=answer.list_calls,
        keys_returned=answer.keys_returned,
        objects_catalogued=cataloged,
        error_code=answer.error_code,
        trail_arn=trail.arn,
        account_id=account_id,
        region=region,
        objects_out_of_time=len(out_of_time),
        days_out_of_time=texts(out_of_time),
    )


def _account_folders(accounts: Accounts, trail: Trail, files: TrailFiles) -> list[AccountFolder]:
    """Return the account folders that a trail writes to."""
    base = f"{trail.key_prefix.rstrip('/')}/AWSLogs/" if trail.key_prefix else "AWSLogs/"
    # Other accounts' folders in a shared bucket belong to other accounts' trails.
    own = f"{base}{trail.account_id}/"
    if not trail.is_organization:
        return [_account_folder(trail, own)]
    folders = _folders(accounts, trail, base, files)
    of_members = [
        folder
        for organization in folders
        if _last_folder(organization).startswith("o-")
        for folder in _folders(accounts, trail, organization, files)
    ]
    # Some organizations' trails write as an account's trail does; others did before a change.
    of_owner = [folder for folder in folders if folder == own]
    return [_account_folder(trail, folder) for folder in [*of_members, *of_owner]]


def _account_folder(trail: Trail, folder: str) -> AccountFolder:
    logs, digests = f"{folder}CloudTrail/", f"{folder}CloudTrail-Digest/"
    return AccountFolder(trail, _last_folder(folder), logs, digests)


def _folders(accounts: Accounts, trail: Trail, prefix: str, files: TrailFiles) -> tuple[str, ...]:
    """Return the folders under `prefix`, listed once however many trails share it."""
    key = (trail.log_bucket, prefix)
    if key not in files.folders:
        answer = list_folders(accounts.s3_of(trail.log_bucket), trail.log_bucket, prefix)
        files.listings.append(listing(Kind.CLOUDTRAIL, trail, prefix, answer))
        files.folders[key] = answer.prefixes
    return files.folders[key]


def _list_regions(accounts: Accounts, files: TrailFiles) -> None:
    """List the Regions of every account folder, once however many trails share it."""
    wanted: dict[tuple[str, str], tuple[str, AccountFolder]] = {}
    for folder in files.account_folders:
        for kind, prefix in ((Kind.CLOUDTRAIL, folder.logs), (DIGEST, folder.digests)):
            wanted.setdefault((folder.trail.log_bucket, prefix), (kind, folder))
    answers = each(
        lambda place: list_folders(accounts.s3_of(place[0]), *place),
        wanted,
        accounts.concurrency,
        "CloudTrail accounts",
    )
    for place, answer in zip(wanted, answers, strict=True):
        kind, folder = wanted[place]
        files.folders[place] = answer.prefixes
        files.listings.append(
            listing(kind, folder.trail, place[1], answer, account_id=folder.account_id)
        )


def _last_folder(prefix: str) -> str:
    return prefix.rstrip("/").rpartition("/")[2]


def _list_files(
    accounts: Accounts,
    late: Late,
    places: Sequence[Place],
    trails: Mapping[str, Trail],
    files: TrailFiles,
) -> None:
    answers = each(
        lambda place: late.begin(accounts.s3_of(place.log_bucket), place).whole(),
        places,
        accounts.concurrency,
        "CloudTrail folders",
    )
    for place, answer in zip(places, answers, strict=True):
        of_day = delivery.belonging(files.day, answer.objects)
        files.objects += of_day
        files.listings.append(
            listing(
                Kind.CLOUDTRAIL,
                trails[place.trail_arn or ""],
                place.prefix,
                answer,
                len(of_day),
                account_id=place.account_id,
                region=place.region,
                out_of_time=late.trail_files(answer.objects),
            )
        )
        if answer.error_code is None:
            folder = f"s3://{place.log_bucket}/{place.prefix}{files.day:%Y/%m/%d}/"
            files.listed_folders.append(folder)


def _read_files(accounts: Accounts, files: TrailFiles) -> None:
    wanted = [file for file in files.objects if file.kind is Kind.CLOUDTRAIL]
    contents = each(
        lambda file: inspect(accounts, file.place.log_bucket, file.listed.key),
        wanted,
        accounts.concurrency,
        "CloudTrail files",
    )
    for file, content in zip(wanted, contents, strict=True):
        files.contents[file.log_object] = content


def _name_refused_places(files: TrailFiles) -> None:
    """Say once that a place cannot be read if AWS refuses most files of it, or of its trail, alike.

    Such a refusal is about a key or a policy. The listing of the place gets it as its error code,
    and the files name it as their problem.
    """
    read = [file for file in files.objects if file.log_object in files.contents]
    groups = Counter(group for file in read for group in _groups(file))
    refused: dict[Placed, str] = {}
    alike: Counter[tuple[object, str]] = Counter()
    for file in read:
        content = files.contents[file.log_object]
        if content.problem and not was_read(content) and content.problem not in GONE:
            refused[file] = content.problem
            alike.update((group, content.problem) for group in _groups(file))
    codes: dict[tuple[str, str], str] = {}
    for file, code in refused.items():
        if any(
            alike[group, code] >= _FEWEST_REFUSED and 2 * alike[group, code] > groups[group]
            for group in _groups(file)
        ):
            problem = f"{READ_REFUSED}{code}"
            files.contents[file.log_object] = FileContent(readable=False, problem=problem)
            codes[file.place.prefix, file.place.log_bucket] = problem
    files.listings = [
        replace(listing, error_code=codes.get((listing.prefix, listing.log_bucket)))
        if listing.error_code is None and listing.kind == Kind.CLOUDTRAIL
        else listing
        for listing in files.listings
    ]


def _groups(file: Placed) -> tuple[object, object]:
    """Return what a refusal may be about: the place of a file, or its trail in the account."""
    place = file.place
    return (place.log_bucket, place.prefix), (place.log_bucket, place.trail_arn, place.account_id)


def _log_problems(files: TrailFiles) -> None:
    """Log each file that cannot be read, and a place that is refused once."""
    for url, content in files.contents.items():
        if not content.readable and not str(content.problem).startswith(READ_REFUSED):
            log.warning("%s is not readable: %s", visible(url), content.problem)
    for listing in files.listings:
        if str(listing.error_code).startswith(READ_REFUSED):
            where = visible(f"s3://{listing.log_bucket}/{listing.prefix}")
            log.warning("the files of %s are refused (%s)", where, listing.error_code)
