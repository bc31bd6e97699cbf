"""The digest files of one delivery day: which chains there should be, and what lies there."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lacuna.access_log.delivery import KeyRange, Kind
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import ObjectTooLarge, ObjectUnreadable, list_range, read_object
from lacuna.aws.session import each
from lacuna.steps import catalog_late_digests, catalog_trail_files
from lacuna.steps.catalog_absent_digests import ChainEnd
from lacuna.steps.catalog_late import Late
from lacuna.steps.catalog_trail_files import DIGEST, Chain, ChainKey, TrailFiles
from lacuna.tables.evidence import Listing
from lacuna.trail import digests, log_files
from lacuna.trail.digests import DigestFile, DigestName
from lacuna.trail.log_files import GzipError

_LAST = "\U0010ffff"

# A digest names some 450 bytes for each file of an hour.
_MOST_PACKED, _MOST_BYTES = 4 << 20, 16 << 20
# The digests of a day are in memory together.
_MOST_BYTES_A_DAY = 1 << 30


class _Room:
    """How much more the digests of a day may hold, so that strangers' digests fill no memory."""

    def __init__(self) -> None:
        self._left, self._lock = _MOST_BYTES_A_DAY, threading.Lock()

    def take(self, file: DigestFile) -> bool:
        with self._lock:
            self._left -= len(file.content or b"")
            return self._left >= 0


@dataclass(frozen=True, slots=True)
class ListedDigest:
    """A digest file as listed. A digest after the day only attests files of the day's end."""

    chain: Chain
    name: DigestName
    key: str
    is_of_day: bool


class DayDigests:
    """The digests of a day, each found by where it lies, and the oldest of each chain."""

    def __init__(self, listed: Sequence[ListedDigest], files: Sequence[DigestFile]) -> None:
        self.listed, self.files = listed, files
        self._by_place: dict[tuple[str, str], DigestFile] = {}
        self._oldest: dict[tuple[str, str, bool], datetime] = {}
        for digest, file in zip(listed, files, strict=True):
            self._by_place.setdefault(file.place, file)
            ends_at = digest.name.ends_at
            oldest = self._oldest.setdefault(_chain_of(digest), ends_at)
            self._oldest[_chain_of(digest)] = min(oldest, ends_at)

    def at(self, place: tuple[str, str]) -> DigestFile | None:
        """Return the digest that lies there; None if it is not one of the day."""
        return self._by_place.get(place)

    def has_older(self, digest: ListedDigest) -> bool:
        """Whether the chain of a digest has an older one."""
        return self._oldest[_chain_of(digest)] < digest.name.ends_at


def _chain_of(digest: ListedDigest) -> tuple[str, str, bool]:
    chain = digest.chain
    return chain.prefix, chain.trail.arn, digest.name.is_backfill


def lost_chains(files: TrailFiles, known_ends: Mapping[ChainKey, ChainEnd]) -> list[Chain]:
    """Return chains that should have a folder and have none.

    A trail that writes digests writes them in every Region that it records. So there must be a
    chain wherever it delivered files on the day, and wherever it had a chain the day before.
    """
    there = {chain.key for chain in files.chains}
    delivered: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for file in files.objects:
        if file.kind is Kind.CLOUDTRAIL:
            place = file.place
            delivered[place.log_bucket, place.account_id].add(place.region or "")
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for arn, account_id, region in known_ends:
        known[arn, account_id].add(region)
    lost: list[Chain] = []
    for folder in files.account_folders:
        trail = folder.trail
        regions = set(known.get((trail.arn, folder.account_id), ()))
        if trail.has_digests:
            regions |= delivered.get((trail.log_bucket, folder.account_id), set())
        chains = [
            Chain(trail, folder.account_id, region, f"{folder.digests}{region}/")
            for region in sorted(regions)
            if trail.records_in(region)
        ]
        lost += [chain for chain in chains if chain.key not in there]
    return lost


def read(
    accounts: Accounts, files: TrailFiles, known_ends: Mapping[ChainKey, ChainEnd], late: Late
) -> DayDigests:
    """List and read the digests of every chain; add the LISTs to `files`."""
    listed: list[ListedDigest] = []
    for digests_listed, listings in each(
        lambda chain: _list(accounts, chain, files.day, known_ends.get(chain.key), late),
        files.chains,
        accounts.concurrency,
        "digest chains",
    ):
        listed += digests_listed
        files.listings += listings
    room = _Room()
    read_files = each(
        lambda digest: _read_digest(accounts, digest.chain.trail.log_bucket, digest.key, room),
        listed,
        accounts.concurrency,
        "digests",
    )
    return DayDigests(listed, list(read_files))


def _list(
    accounts: Accounts,
    chain: Chain,
    of: date,
    known_end: ChainEnd | None,
    late: Late,
) -> tuple[list[ListedDigest], list[Listing]]:
    """List the digests of a day's folder, and those after midnight that cover the day's end.

    Those that the day before still owed are in its own folder, and are judged as if of this day.
    Others that came late into older folders are reported.
    """
    trail, next_day = chain.trail, of + timedelta(days=1)
    stem = f"{chain.account_id}_CloudTrail-Digest_{chain.region}_{trail.name}_{trail.home_region}_"
    digests_listed, listings = [], []
    ranges = [(True, of, "", _LAST), (False, next_day, "", f"{next_day:%Y%m%d}T02")]
    if known_end and known_end.is_pending:
        after = f"{known_end.at:%Y%m%dT%H%M%SZ}{_LAST}"
        ranges.insert(0, (True, of - timedelta(days=1), after, _LAST))
    for is_of_day, day, after, stop in ranges:
        prefix = f"{chain.prefix}{day:%Y/%m/%d}/{stem}"
        answer = list_range(
            accounts.s3_of(trail.log_bucket),
            trail.log_bucket,
            KeyRange(prefix, prefix + after, prefix + stop),
        )
        names = (
            (entry.key, digests.parse_name(entry.key.rpartition("/")[2]))
            for entry in answer.objects
        )
        here = [
            ListedDigest(chain, name, key, is_of_day)
            for key, name in names
            # File names of a trail 'a' begin like those of a trail 'a_b'.
            if name is not None and name.trail_name == trail.name
        ]
        listings.append(
            catalog_trail_files.listing(
                DIGEST,
                trail,
                prefix,
                answer,
                len(here) * is_of_day,
                account_id=chain.account_id,
                region=chain.region,
            )
        )
        digests_listed += here
    listings.append(catalog_late_digests.look(accounts, chain, late, known_end))
    return digests_listed, listings


def _read_digest(accounts: Accounts, bucket: str, key: str, room: _Room) -> DigestFile:
    try:
        file = fetch(accounts, bucket, key)
    except ObjectUnreadable:
        return digests.digest_file(bucket, key, None, None)
    return file if room.take(file) else digests.digest_file(bucket, key, None, file.signature)


def fetch(accounts: Accounts, bucket: str, key: str) -> DigestFile:
    """Read a digest file. Raises ObjectUnreadable if AWS refuses it for good."""
    try:
        packed, metadata = read_object(accounts.s3_of(bucket), bucket, key, _MOST_PACKED)
    except ObjectTooLarge:
        return digests.digest_file(bucket, key, None, None)
    try:
        content = bytes(log_files.gunzip([packed], _MOST_BYTES))
    except GzipError:
        return digests.digest_file(bucket, key, None, metadata.get("signature"))
    return digests.digest_file(bucket, key, content, metadata.get("signature"))
