"""The digests of one delivery day: read and judge them, then judge the log files by them."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from lacuna import day as days
from lacuna.access_log.delivery import Placed
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import ObjectUnreadable
from lacuna.aws.session import each
from lacuna.aws.trails import read_public_keys
from lacuna.refusals import Refusal
from lacuna.steps import catalog_digest_files, catalog_trail_files
from lacuna.steps.catalog_absent_digests import absent_hours, writes_digests_since
from lacuna.steps.catalog_day_before import DayBefore
from lacuna.steps.catalog_digest_files import DayDigests, ListedDigest, fetch
from lacuna.steps.catalog_late import Late
from lacuna.steps.catalog_trail_files import Chain, ChainKey, TrailFiles
from lacuna.steps.catalog_trails import fail_if_transient
from lacuna.tables.evidence import TrailDigest
from lacuna.text import visible
from lacuna.trail import digests
from lacuna.trail.digests import DigestFile, DigestName, DigestState, FileState, JudgedDigest
from lacuna.trail.recorders import account_of

log = logging.getLogger(__name__)

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DigestsRead:
    """The day's digest rows, and the state of each log file by its digest, by s3:// URL."""

    rows: list[TrailDigest]
    states: dict[str, FileState]


@dataclass(frozen=True, slots=True)
class _Judged:
    listed: ListedDigest
    digest: JudgedDigest


def read(accounts: Accounts, files: TrailFiles, day_before: DayBefore, late: Late) -> DigestsRead:
    """Read and judge the digests delivered on the day of `files`; add their LISTs to `files`.

    Nothing but the evidence of the day before shows a chain that has stopped since.
    """
    known_ends = day_before.chain_ends
    files.chains += catalog_digest_files.lost_chains(files, known_ends)
    trails = {chain.trail.arn: chain.trail for chain in files.chains}
    since = each(
        lambda trail: writes_digests_since(accounts, trail),
        trails.values(),
        accounts.concurrency,
        "trails that write digests",
    )
    started = dict(zip(trails, since, strict=True))
    day_digests = catalog_digest_files.read(accounts, files, known_ends, late)
    keys = {
        region: _public_keys(accounts, region, files)
        for region in sorted({digest.chain.region for digest in day_digests.listed})
    }

    def judge(entry: tuple[ListedDigest, DigestFile]) -> _Judged:
        digest, file = entry
        return _Judged(
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

    entries = zip(day_digests.listed, day_digests.files, strict=True)
    # the first digest of a chain names one of the day before, which is read here
    judged = list(each(judge, entries, accounts.concurrency, "digests to judge"))
    rows = _rows(accounts, files, judged, day_before, started)
    return DigestsRead(rows, _file_states(files, judged))


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


def _public_keys(accounts: Accounts, region: str, files: TrailFiles) -> Mapping[str, bytes] | None:
    """Read CloudTrail's public keys of those days; None if the call was refused."""
    start = days.start_of(files.day) - timedelta(days=1)
    keys = read_public_keys(accounts.cloudtrail(region), start, days.end_of(files.day) + 2 * _HOUR)
    if isinstance(keys, Refusal):
        fail_if_transient(keys)
        log.warning("%s: ListPublicKeys refused (%s)", region, keys.error_code)
        return None
    return keys


def _judge(
    accounts: Accounts,
    listed: ListedDigest,
    file: DigestFile,
    day_digests: DayDigests,
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
        begins_anew=day_digests.has_older(listed) and not _is_first_after(started_at, listed.name),
    )
    document = file.document
    if state is DigestState.VALID and document is not None and document.previousDigestS3Object:
        # Only a digest of proven origin may name the object to read next.
        readable, previous = _previous(accounts, file, day_digests, day_before)
        state = judge(previous, previous_was_readable=readable)
    judged = JudgedDigest(state, listed.name.ends_at - _HOUR, listed.name.ends_at, file)
    if document is None or not judged.is_trusted:
        return judged
    return JudgedDigest(state, document.digestStartTime, document.digestEndTime, file)


def _is_first_after(started_at: datetime | None, name: DigestName) -> bool:
    """Return whether a chain may begin here: the trail was stopped and started again."""
    return started_at is not None and name.ends_at - 2 * _HOUR < started_at <= name.ends_at


def _previous(
    accounts: Accounts,
    file: DigestFile,
    day_digests: DayDigests,
    day_before: DayBefore,
) -> tuple[bool, DigestFile | None]:
    """Return whether the previous digest could be read or is gone, and its file."""
    document = file.document
    if document is None or document.previousDigestS3Object is None:
        return True, None
    place = (document.previousDigestS3Bucket or file.log_bucket, document.previousDigestS3Object)
    known = day_digests.at(place)
    if known is not None:
        return True, known
    try:
        return True, fetch(accounts, *place)
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
    hourly: dict[ChainKey, list[JudgedDigest]] = defaultdict(list)
    for entry in judged:
        if not entry.listed.name.is_backfill:
            hourly[entry.listed.chain.key].append(entry.digest)
    # A trail may have moved: its chain goes on at its present place, which is the last of them.
    chains = {chain.key: chain for chain in _present_last(files.chains)}.values()
    for chain, absent in absent_hours(
        accounts, chains, files, hourly, day_before.chain_ends, started
    ):
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
    listed = set(files.listed_folders)
    entries = {entry.log_object: entry for digest in judged for entry in digests.entries_of(digest)}
    unseen = [url for url in sorted(entries) if url not in files.contents]
    gone = {url for url in unseen if url not in present and _folder_of(url) in listed}
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


def _folder_of(url: str) -> str:
    return url[: url.rfind("/") + 1]


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
