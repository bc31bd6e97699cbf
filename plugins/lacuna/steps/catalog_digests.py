"""The digests of one delivery day: find, read and judge them, and the log files by them."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from lacuna import day as days
from lacuna.access_log.delivery import KeyRange, Kind, Placed
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import ObjectUnreadable, list_range, read_object
from lacuna.aws.session import each
from lacuna.aws.trails import read_public_keys, read_status
from lacuna.refusals import Refusal
from lacuna.steps import catalog_trail_files
from lacuna.steps.catalog_trail_files import DIGEST, Chain, ChainKey, TrailFiles
from lacuna.tables.evidence import TrailDigest
from lacuna.text import visible
from lacuna.trail import digests, log_files
from lacuna.trail.digests import DigestFile, DigestName, DigestState, FileState, JudgedDigest
from lacuna.trail.log_files import GzipError
from lacuna.trail.recorders import Trail

log = logging.getLogger(__name__)

_GONE = frozenset({"NoSuchKey", "NotFound", "NoSuchBucket"})
_HOUR = timedelta(hours=1)
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class DigestsRead:
    """The day's digest rows, and what the digests say of each log file, by s3:// URL."""

    rows: list[TrailDigest]
    states: dict[str, FileState]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A digest file as listed. One beyond the day only attests files of the day's end."""

    chain: Chain
    name: DigestName
    key: str
    is_of_day: bool


@dataclass(frozen=True, slots=True)
class _Judged:
    listed: _Listed
    digest: JudgedDigest


def last_ends(rows: Iterable[Mapping[str, Any]]) -> dict[ChainKey, datetime]:
    """Up to when each chain ran, or ought to have, by the evidence rows of the day before."""
    ends: dict[ChainKey, datetime] = {}
    for row in rows:
        key = (row["trail_arn"], row["account_id"], row["region"])
        end = row["digest_end_at"].replace(tzinfo=UTC)
        ends[key] = max(end, ends.get(key, end))
    return ends


def read(
    accounts: Accounts, files: TrailFiles, known_ends: Mapping[ChainKey, datetime]
) -> DigestsRead:
    """The digests delivered on the day of `files`, judged; their LISTs are added to `files`.

    `known_ends`: what `last_ends` tells of the day before. A chain that has stopped since is seen
    by nothing else.
    """
    files.chains += _lost_chains(files, known_ends)
    started = {
        trail.arn: _writes_digests_since(accounts, trail)
        for trail in {chain.trail.arn: chain.trail for chain in files.chains}.values()
    }
    listed = [one for chain in files.chains for one in _list(accounts, chain, files)]
    read_files = each(
        lambda one: _read_digest(accounts, one.chain.trail.log_bucket, one.key),
        listed,
        accounts.concurrency,
        "digests",
    )
    found = list(zip(listed, read_files, strict=True))
    keys = {
        region: _public_keys(accounts, region, files)
        for region in sorted({one.chain.region for one in listed})
    }
    judged = [
        _Judged(
            one,
            _judge(
                accounts, one, file, found, keys[one.chain.region], started[one.chain.trail.arn]
            ),
        )
        for one, file in found
    ]
    rows = _rows(accounts, files, judged, known_ends, started)
    return DigestsRead(rows, _file_states(files, judged))


def _lost_chains(files: TrailFiles, known_ends: Mapping[ChainKey, datetime]) -> list[Chain]:
    """Chains that have left no folder and must be there.

    A trail that writes digests writes them in every Region it records: where it delivered files
    on the day, or where a chain was known the day before, that none is left says a lot.
    """
    there = {one.key for one in files.chains}
    lost: list[Chain] = []
    for folder in files.account_folders:
        trail = folder.trail
        regions = {
            one.place.region or ""
            for one in files.found
            if one.kind is Kind.CLOUDTRAIL
            and trail.has_digests
            and (one.place.log_bucket, one.place.account_id)
            == (trail.log_bucket, folder.account_id)
            and trail.records_in(one.place.region or "")
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
        lost += [one for one in chains if one.key not in there]
    return lost


def _file_states(files: TrailFiles, judged: Sequence[_Judged]) -> dict[str, FileState]:
    attested = digests.attested_hashes(one.digest for one in judged)
    hashes = files.hashes()
    chains: dict[ChainKey, list[_Judged]] = {}
    for digest in judged:
        chains.setdefault(digest.listed.chain.key, []).append(digest)
    states = {}
    for one in files.found:
        url = one.log_object
        if url not in files.contents:
            continue
        if url not in attested:
            # asked of these few only
            covered = _is_covered(one, files, chains)
            states[url] = digests.file_state(None, None, is_covered=covered)
        elif url in hashes:
            states[url] = digests.file_state(attested[url], hashes[url])
        else:
            states[url] = FileState.NOT_ATTESTED  # nobody could read it
    return states


def _is_covered(
    file: Placed, files: TrailFiles, chains: Mapping[ChainKey, Sequence[_Judged]]
) -> bool:
    """Would a digest at hand name `file`, whichever of the trails that share its place wrote it?"""
    place, stamp = file.place, file.stamped_at
    if place.region not in files.regions or stamp is None:
        return False
    writers = files.writers.get(f"s3://{place.log_bucket}/{place.prefix}", [])
    of_each = [
        chains.get((trail.arn, place.account_id or "", place.region or ""), ()) for trail in writers
    ]
    return bool(of_each) and all(_would_name(chain, stamp) for chain in of_each)


def _would_name(chain: Sequence[_Judged], stamp: datetime) -> bool:
    # what is backfilled was left out of the hourly chain, and may be this very file
    if any(one.listed.name.is_backfill and not one.digest.is_trusted for one in chain):
        return False
    return digests.cover((one.digest for one in chain if not one.listed.name.is_backfill), stamp)


def _list(accounts: Accounts, chain: Chain, files: TrailFiles) -> list[_Listed]:
    """The digests of the day's folder, and those after midnight that cover the end of the day."""
    trail, next_day = chain.trail, files.day + timedelta(days=1)
    stem = f"{chain.account_id}_CloudTrail-Digest_{chain.region}_{trail.name}_{trail.home_region}_"
    found = []
    for is_of_day, day, stop in (
        (True, files.day, _LAST),
        (False, next_day, f"{next_day:%Y%m%d}T02"),
    ):
        prefix = f"{chain.prefix}{day:%Y/%m/%d}/{stem}"
        answer = list_range(
            accounts.s3_of(trail.log_bucket),
            trail.log_bucket,
            KeyRange(prefix, prefix, prefix + stop),
        )
        names = (
            (one.key, digests.parse_name(one.key.rpartition("/")[2])) for one in answer.objects
        )
        here = [
            _Listed(chain, name, key, is_of_day)
            for key, name in names
            # A trail named 'a' shares the beginning of its file names with one named 'a_b'.
            if name is not None and name.trail_name == trail.name
        ]
        files.listings.append(
            catalog_trail_files.listing(
                DIGEST, trail.log_bucket, prefix, answer, len(here) * is_of_day
            )
        )
        found += here
    return found


def _read_digest(accounts: Accounts, bucket: str, key: str) -> DigestFile:
    try:
        return _fetch(accounts, bucket, key)
    except ObjectUnreadable:
        return digests.digest_file(bucket, key, None, None)


def _fetch(accounts: Accounts, bucket: str, key: str) -> DigestFile:
    packed, metadata = read_object(accounts.s3_of(bucket), bucket, key)
    try:
        content = bytes(log_files.gunzip([packed]))
    except GzipError:
        return digests.digest_file(bucket, key, None, metadata.get("signature"))
    return digests.digest_file(bucket, key, content, metadata.get("signature"))


def _public_keys(accounts: Accounts, region: str, files: TrailFiles) -> Mapping[str, bytes] | None:
    """CloudTrail's keys of those days, None if nobody could ask."""
    start = days.start_of(files.day) - timedelta(days=1)
    keys = read_public_keys(accounts.cloudtrail(region), start, days.end_of(files.day) + 2 * _HOUR)
    if isinstance(keys, Refusal):
        log.warning("%s: ListPublicKeys refused (%s)", region, keys.error_code)
        return None
    return keys


def _judge(
    accounts: Accounts,
    listed: _Listed,
    file: DigestFile,
    found: Sequence[tuple[_Listed, DigestFile]],
    keys: Mapping[str, bytes] | None,
    started_at: datetime | None,
) -> JudgedDigest:
    judge = partial(
        digests.judge,
        file,
        keys or {},
        # a backfilled digest is signed with a key of the day on which it was made up for
        keys_are_all=keys is not None and not listed.name.is_backfill,
    )
    state = judge(
        None,
        previous_was_readable=False,
        begins_anew=any(_is_older_of_chain(one, listed) for one, _ in found)
        and not _is_first_after(started_at, listed.name),
    )
    document = file.document
    if state is DigestState.VALID and document is not None and document.previousDigestS3Object:
        # Only a digest of proven origin may say which object to read next.
        readable, previous = _previous(accounts, file, [one for _, one in found])
        state = judge(previous, previous_was_readable=readable)
    judged = JudgedDigest(state, listed.name.ends_at - _HOUR, listed.name.ends_at, file)
    if document is None or not judged.is_trusted:
        return judged
    return JudgedDigest(state, document.digestStartTime, document.digestEndTime, file)


def _is_first_after(started_at: datetime | None, name: DigestName) -> bool:
    """A trail that was stopped and started again begins a new chain by right."""
    return started_at is not None and name.ends_at - 2 * _HOUR < started_at <= name.ends_at


def _is_older_of_chain(one: _Listed, other: _Listed) -> bool:
    return (
        (one.chain.prefix, one.chain.trail.arn) == (other.chain.prefix, other.chain.trail.arn)
        and one.name.is_backfill == other.name.is_backfill
        and one.name.ends_at < other.name.ends_at
    )


def _previous(
    accounts: Accounts, file: DigestFile, found: Iterable[DigestFile]
) -> tuple[bool, DigestFile | None]:
    """Could the predecessor be looked for, and what was found of it."""
    document = file.document
    if document is None or document.previousDigestS3Object is None:
        return True, None
    place = (document.previousDigestS3Bucket or file.log_bucket, document.previousDigestS3Object)
    known = next((one for one in found if one.place == place), None)
    if known is not None:
        return True, known
    try:
        return True, _fetch(accounts, *place)
    except ObjectUnreadable as error:
        return str(error) in _GONE, None


def _rows(
    accounts: Accounts,
    files: TrailFiles,
    judged: Sequence[_Judged],
    known_ends: Mapping[ChainKey, datetime],
    started: Mapping[str, datetime | None],
) -> list[TrailDigest]:
    of_day = [one for one in judged if one.listed.is_of_day]
    hashes, gone = _look_at_files(accounts, files, [one.digest for one in of_day])
    rows = [_row(one.listed.chain, one.digest, hashes, gone) for one in of_day]
    for chain in files.chains:
        hourly = [
            one.digest
            for one in judged
            if one.listed.chain is chain and not one.listed.name.is_backfill
        ]
        rows += [
            _row(chain, one, hashes, gone)
            for one in _missing_hours(
                files.day,
                hourly,
                known_ends.get(chain.key),
                # a trail may have moved: to where it was it owes no more
                started[chain.trail.arn] if chain.trail.has_digests else None,
            )
        ]
    _tell(rows)
    return rows


def _tell(rows: Sequence[TrailDigest]) -> None:
    """A line for each trail, Region and state: where a chain has ended, every hour lacks a digest."""
    wrong = [
        row
        for row in rows
        if row.state != DigestState.VALID or row.missing_files or row.altered_files
    ]

    def same(row: TrailDigest) -> tuple[str, str, str]:
        return row.trail_arn, row.region, row.state

    for (trail_arn, region, state), found in groupby(sorted(wrong, key=same), key=same):
        digests = list(found)
        log.warning(
            "digests of %s in %s, %s to %s: %d %s; %d log files missing, %d altered",
            visible(trail_arn),
            region,
            f"{min(one.digest_start_at for one in digests):%Y-%m-%d %H:%M}",
            f"{max(one.digest_end_at for one in digests):%Y-%m-%d %H:%M}",
            len(digests),
            state,
            sum(len(one.missing_files) for one in digests),
            sum(len(one.altered_files) for one in digests),
        )


def _missing_hours(
    day: date,
    hourly: Sequence[JudgedDigest],
    since: datetime | None,
    started_at: datetime | None,
) -> list[JudgedDigest]:
    """The hours that end on `day` and have no digest, the first and the last ones included where
    the trail was writing digests by then."""
    until = days.end_of(day)
    surely = digests.missing_hours(hourly, since)
    return [
        one
        for one in digests.missing_hours(hourly, since or days.start_of(day), until)
        if days.start_of(day) < one.end_at <= until
        and (one in surely or (started_at is not None and started_at <= one.start_at))
    ]


def _writes_digests_since(accounts: Accounts, trail: Trail) -> datetime | None:
    """When a trail that writes digests was last started; None for any other, or if unknown."""
    if not trail.has_digests:
        return None
    status = read_status(accounts.of(trail.account_id).cloudtrail(trail.home_region), trail.arn)
    if isinstance(status, Refusal) or not status.is_logging:
        return None
    return status.started_at or datetime.min.replace(tzinfo=UTC)


def _look_at_files(
    accounts: Accounts, files: TrailFiles, judged: Iterable[JudgedDigest]
) -> tuple[dict[str, str | None], set[str]]:
    """Hashes of the files that the digests name, and the names of those that are gone.

    Files of this day are known from its catalogue. Those of the hour before midnight lie in
    yesterday's folder and are read again, at the price of one hour's files a day.
    """
    hashes = files.hashes()
    present = {one.log_object for one in files.found}
    listed = tuple(files.listed_folders)
    entries = {entry.log_object: entry for digest in judged for entry in digests.entries_of(digest)}
    unseen = [url for url in sorted(entries) if url not in files.contents]
    gone = {url for url in unseen if url not in present and url.startswith(listed)}
    elsewhere = [entries[url] for url in unseen if url not in gone]
    contents = each(
        lambda entry: catalog_trail_files.inspect(accounts, entry.s3Bucket, entry.s3Object, 0),
        elsewhere,
        accounts.concurrency,
        "log files of the day before",
    )
    for entry, content in zip(elsewhere, contents, strict=True):
        if content.problem in _GONE:
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
    )
