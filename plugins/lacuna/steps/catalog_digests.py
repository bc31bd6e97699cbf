"""The digests of one delivery day: find, read and judge them, then judge the log files by them."""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from lacuna import day as days
from lacuna.access_log.delivery import KeyRange, Kind, Placed
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import ObjectTooLarge, ObjectUnreadable, list_range, read_object
from lacuna.aws.session import each
from lacuna.aws.trails import read_public_keys
from lacuna.refusals import Refusal
from lacuna.steps import catalog_late_digests, catalog_trail_files
from lacuna.steps.catalog_absent_digests import ChainEnd, absent_hours, writes_digests_since
from lacuna.steps.catalog_day_before import DayBefore
from lacuna.steps.catalog_late import Late
from lacuna.steps.catalog_trail_files import DIGEST, Chain, ChainKey, TrailFiles
from lacuna.steps.catalog_trails import fail_if_passing
from lacuna.tables.evidence import TrailDigest
from lacuna.text import visible
from lacuna.trail import digests, log_files
from lacuna.trail.digests import DigestFile, DigestName, DigestState, FileState, JudgedDigest
from lacuna.trail.log_files import GzipError
from lacuna.trail.recorders import account_of

log = logging.getLogger(__name__)

_HOUR = timedelta(hours=1)
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
class DigestsRead:
    """The day's digest rows, and the state of each log file by its digest, by s3:// URL."""

    rows: list[TrailDigest]
    states: dict[str, FileState]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A digest file as listed. A digest after the day only attests files of the day's end."""

    chain: Chain
    name: DigestName
    key: str
    is_of_day: bool


@dataclass(frozen=True, slots=True)
class _Judged:
    listed: _Listed
    digest: JudgedDigest


def read(accounts: Accounts, files: TrailFiles, day_before: DayBefore, late: Late) -> DigestsRead:
    """Read and judge the digests delivered on the day of `files`; add their LISTs to `files`.

    Nothing but the evidence of the day before shows a chain that has stopped since.
    """
    known_ends = day_before.chain_ends
    files.chains += _lost_chains(files, known_ends)
    started = {
        trail.arn: writes_digests_since(accounts, trail)
        for trail in {chain.trail.arn: chain.trail for chain in files.chains}.values()
    }
    listed = [
        digest
        for chain in files.chains
        for digest in _list(accounts, chain, files, known_ends.get(chain.key), late)
    ]
    room = _Room()
    read_files = each(
        lambda digest: _read_digest(accounts, digest.chain.trail.log_bucket, digest.key, room),
        listed,
        accounts.concurrency,
        "digests",
    )
    day_digests = list(zip(listed, read_files, strict=True))
    keys = {
        region: _public_keys(accounts, region, files)
        for region in sorted({digest.chain.region for digest in listed})
    }
    judged = [
        _Judged(
            digest,
            _judge(
                accounts,
                digest,
                file,
                day_digests,
                keys[digest.chain.region],
                started[digest.chain.trail.arn],
                day_before,
            ),
        )
        for digest, file in day_digests
    ]
    rows = _rows(accounts, files, judged, day_before, started)
    return DigestsRead(rows, _file_states(files, judged))


def _lost_chains(files: TrailFiles, known_ends: Mapping[ChainKey, ChainEnd]) -> list[Chain]:
    """Return chains that should have a folder and have none.

    A trail that writes digests writes them in every Region that it records. So there must be a
    chain wherever it delivered files on the day, and wherever it had a chain the day before.
    """
    there = {chain.key for chain in files.chains}
    lost: list[Chain] = []
    for folder in files.account_folders:
        trail = folder.trail
        regions = {
            file.place.region or ""
            for file in files.objects
            if file.kind is Kind.CLOUDTRAIL
            and trail.has_digests
            and (file.place.log_bucket, file.place.account_id)
            == (trail.log_bucket, folder.account_id)
            and trail.records_in(file.place.region or "")
        }
        regions |= {
            region
            for arn, owner, region in known_ends
            if (arn, owner) == (trail.arn, folder.account_id) and trail.records_in(region)
        }
        chains = [
            Chain(trail, folder.account_id, region, f"{folder.digests}{region}/")
            for region in sorted(regions)
        ]
        lost += [chain for chain in chains if chain.key not in there]
    return lost


def _file_states(files: TrailFiles, judged: Sequence[_Judged]) -> dict[str, FileState]:
    attested = digests.attested_hashes(entry.digest for entry in judged)
    hashes = files.hashes()
    chains: dict[ChainKey, list[_Judged]] = {}
    for digest in judged:
        chains.setdefault(digest.listed.chain.key, []).append(digest)
    states = {}
    for file in files.objects:
        url = file.log_object
        if url not in files.contents:
            continue
        if url not in attested:
            # computed for these few files only
            covered = _is_covered(file, files, chains)
            states[url] = digests.file_state(None, None, is_covered=covered)
        elif url in hashes:
            states[url] = digests.file_state(attested[url], hashes[url])
        else:
            states[url] = FileState.NOT_ATTESTED  # it could not be read
    return states


def _is_covered(
    file: Placed, files: TrailFiles, chains: Mapping[ChainKey, Sequence[_Judged]]
) -> bool:
    """Return whether a digest would name `file`, whichever trail that shares its place wrote it."""
    place, stamp = file.place, file.stamped_at
    # Who else may write there: the account's own trails, or its organization's, which the owner of
    # one shows too.
    owners = (place.account_id or "", account_of(place.trail_arn or "::::"))
    is_all_known = any((owner, place.region) in files.answered for owner in owners)
    if not is_all_known or stamp is None:
        return False
    writers = files.writers.get(f"s3://{place.log_bucket}/{place.prefix}", [])
    of_each = [
        chains.get((trail.arn, place.account_id or "", place.region or ""), ()) for trail in writers
    ]
    return bool(of_each) and all(_would_name(chain, stamp) for chain in of_each)


def _would_name(chain: Sequence[_Judged], stamp: datetime) -> bool:
    # a backfilled file is not in the hourly chain, and may be this one
    if any(judged.listed.name.is_backfill and not judged.digest.is_trusted for judged in chain):
        return False
    return digests.cover(
        (judged.digest for judged in chain if not judged.listed.name.is_backfill), stamp
    )


def _list(
    accounts: Accounts,
    chain: Chain,
    files: TrailFiles,
    known_end: ChainEnd | None,
    late: Late,
) -> list[_Listed]:
    """List the digests of the day's folder, and those after midnight that cover the day's end.

    Those that the day before still owed are in its own folder, and are judged as if of this day.
    Others that came late into older folders are reported.
    """
    trail, next_day = chain.trail, files.day + timedelta(days=1)
    stem = f"{chain.account_id}_CloudTrail-Digest_{chain.region}_{trail.name}_{trail.home_region}_"
    digests_listed = []
    ranges = [(True, files.day, "", _LAST), (False, next_day, "", f"{next_day:%Y%m%d}T02")]
    if known_end and known_end.is_pending:
        after = f"{known_end.at:%Y%m%dT%H%M%SZ}{_LAST}"
        ranges.insert(0, (True, files.day - timedelta(days=1), after, _LAST))
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
            _Listed(chain, name, key, is_of_day)
            for key, name in names
            # File names of a trail 'a' begin like those of a trail 'a_b'.
            if name is not None and name.trail_name == trail.name
        ]
        files.listings.append(
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
    files.listings.append(catalog_late_digests.look(accounts, chain, late, known_end))
    return digests_listed


def _read_digest(accounts: Accounts, bucket: str, key: str, room: _Room) -> DigestFile:
    try:
        file = _fetch(accounts, bucket, key)
    except ObjectUnreadable:
        return digests.digest_file(bucket, key, None, None)
    return file if room.take(file) else digests.digest_file(bucket, key, None, file.signature)


def _fetch(accounts: Accounts, bucket: str, key: str) -> DigestFile:
    try:
        packed, metadata = read_object(accounts.s3_of(bucket), bucket, key, _MOST_PACKED)
    except ObjectTooLarge:
        return digests.digest_file(bucket, key, None, None)
    try:
        content = bytes(log_files.gunzip([packed], _MOST_BYTES))
    except GzipError:
        return digests.digest_file(bucket, key, None, metadata.get("signature"))
    return digests.digest_file(bucket, key, content, metadata.get("signature"))


def _public_keys(accounts: Accounts, region: str, files: TrailFiles) -> Mapping[str, bytes] | None:
    """Read CloudTrail's public keys of those days; None if the call was refused."""
    start = days.start_of(files.day) - timedelta(days=1)
    keys = read_public_keys(accounts.cloudtrail(region), start, days.end_of(files.day) + 2 * _HOUR)
    if isinstance(keys, Refusal):
        fail_if_passing(keys)
        log.warning("%s: ListPublicKeys refused (%s)", region, keys.error_code)
        return None
    return keys


def _judge(
    accounts: Accounts,
    listed: _Listed,
    file: DigestFile,
    day_digests: Sequence[tuple[_Listed, DigestFile]],
    keys: Mapping[str, bytes] | None,
    started_at: datetime | None,
    day_before: DayBefore,
) -> JudgedDigest:
    judge = partial(
        digests.judge,
        file,
        keys or {},
        # a backfilled digest is signed with a key of the day on which it was written
        keys_are_all=keys is not None and not listed.name.is_backfill,
    )
    state = judge(
        None,
        previous_was_readable=False,
        begins_anew=any(_is_older_of_chain(other, listed) for other, _ in day_digests)
        and not _is_first_after(started_at, listed.name),
    )
    document = file.document
    if state is DigestState.VALID and document is not None and document.previousDigestS3Object:
        # Only a digest of proven origin may name the object to read next.
        readable, previous = _previous(
            accounts, file, [other for _, other in day_digests], day_before
        )
        state = judge(previous, previous_was_readable=readable)
    judged = JudgedDigest(state, listed.name.ends_at - _HOUR, listed.name.ends_at, file)
    if document is None or not judged.is_trusted:
        return judged
    return JudgedDigest(state, document.digestStartTime, document.digestEndTime, file)


def _is_first_after(started_at: datetime | None, name: DigestName) -> bool:
    """Return whether a chain may begin here: the trail was stopped and started again."""
    return started_at is not None and name.ends_at - 2 * _HOUR < started_at <= name.ends_at


def _is_older_of_chain(older: _Listed, newer: _Listed) -> bool:
    return (
        (older.chain.prefix, older.chain.trail.arn) == (newer.chain.prefix, newer.chain.trail.arn)
        and older.name.is_backfill == newer.name.is_backfill
        and older.name.ends_at < newer.name.ends_at
    )


def _previous(
    accounts: Accounts,
    file: DigestFile,
    day_digests: Iterable[DigestFile],
    day_before: DayBefore,
) -> tuple[bool, DigestFile | None]:
    """Return whether the previous digest could be read or is gone, and its file."""
    document = file.document
    if document is None or document.previousDigestS3Object is None:
        return True, None
    place = (document.previousDigestS3Bucket or file.log_bucket, document.previousDigestS3Object)
    known = next((other for other in day_digests if other.place == place), None)
    if known is not None:
        return True, known
    try:
        return True, _fetch(accounts, *place)
    except ObjectUnreadable as error:
        is_gone = str(error) in catalog_trail_files.GONE
        return is_gone, day_before.trusted_digest(*place) if is_gone else None


def _rows(
    accounts: Accounts,
    files: TrailFiles,
    judged: Sequence[_Judged],
    day_before: DayBefore,
    started: Mapping[str, datetime | None],
) -> list[TrailDigest]:
    of_day = [entry for entry in judged if entry.listed.is_of_day]
    hashes, gone = _check_files(accounts, files, [entry.digest for entry in of_day], day_before)
    rows = [_row(entry.listed.chain, entry.digest, hashes, gone) for entry in of_day]
    # A trail may have moved: its chain goes on at its present place, which is the last of them.
    for key, chain in {chain.key: chain for chain in _present_last(files.chains)}.items():
        hourly = [
            entry.digest
            for entry in judged
            if entry.listed.chain.key == key and not entry.listed.name.is_backfill
        ]
        started_at = started[chain.trail.arn] if chain.trail.has_digests else None
        absent = absent_hours(
            accounts, chain, files, hourly, day_before.chain_ends.get(key), started_at
        )
        rows += [_row(chain, entry, hashes, gone) for entry in absent]
    _log_problems(rows)
    return rows


def _present_last(chains: Sequence[Chain]) -> list[Chain]:
    return sorted(chains, key=lambda chain: chain.trail.has_digests)


def _log_problems(rows: Sequence[TrailDigest]) -> None:
    """Log one line for each trail, Region and state, because an ended chain misses every hour."""
    wrong = [
        row
        for row in rows
        if row.state not in (DigestState.VALID, DigestState.PENDING)
        or row.missing_files
        or row.altered_files
    ]

    def same(row: TrailDigest) -> tuple[str, str, str]:
        return row.trail_arn, row.region, row.state

    for (trail_arn, region, state), group in groupby(sorted(wrong, key=same), key=same):
        digests = list(group)
        log.warning(
            "digests of %s in %s, %s to %s: %d %s; log files missing: %d, altered: %d",
            visible(trail_arn),
            region,
            f"{min(row.digest_start_at for row in digests):%Y-%m-%d %H:%M}",
            f"{max(row.digest_end_at for row in digests):%Y-%m-%d %H:%M}",
            len(digests),
            state,
            sum(len(row.missing_files) for row in digests),
            sum(len(row.altered_files) for row in digests),
        )


def _check_files(
    accounts: Accounts,
    files: TrailFiles,
    judged: Iterable[JudgedDigest],
    day_before: DayBefore,
) -> tuple[dict[str, str | None], set[str]]:
    """Return the hashes of the files that the digests name, and the files that are gone.

    The catalog has the files of this day. Files of the hour before midnight are in the folder of
    the day before and are read again, which costs one hour's files a day. One that is gone since is
    as if it were there, if the run of the day before read the content that the digest signs.
    """
    hashes = files.hashes()
    present = {file.log_object for file in files.objects}
    listed = tuple(files.listed_folders)
    entries = {entry.log_object: entry for digest in judged for entry in digests.entries_of(digest)}
    unseen = [url for url in sorted(entries) if url not in files.contents]
    gone = {url for url in unseen if url not in present and url.startswith(listed)}
    elsewhere = [entries[url] for url in unseen if url not in gone]
    contents = each(
        lambda entry: catalog_trail_files.inspect(accounts, entry.s3Bucket, entry.s3Object),
        elsewhere,
        accounts.concurrency,
        "log files of the day before",
    )
    for entry, content in zip(elsewhere, contents, strict=True):
        if content.problem in catalog_trail_files.GONE:
            if day_before.read_hash(entry.log_object) != entry.hashValue.lower():
                gone.add(entry.log_object)
        elif catalog_trail_files.was_read(content):
            hashes[entry.log_object] = content.content_sha256
    return hashes, gone


def _row(
    chain: Chain, judged: JudgedDigest, hashes: Mapping[str, str | None], gone: set[str]
) -> TrailDigest:
    verdicts = digests.judge_files(judged, hashes, gone)
    file = judged.file
    document = file.document if file else None
    return TrailDigest(
        trail_arn=chain.trail.arn,
        account_id=chain.account_id,
        region=chain.region,
        log_bucket=chain.trail.log_bucket,
        object_key=file.object_key if file else None,
        digest_start_at=judged.start_at,
        digest_end_at=judged.end_at,
        state=judged.state,
        previous_object_key=document.previousDigestS3Object if document else None,
        files=len(document.logFiles) if document else 0,
        missing_files=verdicts.missing,
        altered_files=verdicts.altered,
        signature=file.signature if file and judged.is_trusted else None,
    )
