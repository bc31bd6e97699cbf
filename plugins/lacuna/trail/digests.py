"""Are CloudTrail's digest files genuine and unbroken, and do the log files match them? Pure.

CloudTrail delivers a digest every hour for every Region of a trail, with or without traffic. It is
signed with CloudTrail's own key and names every log file delivered in that hour, with its hash. A
digest cannot attest a request that CloudTrail never saw.
"""

import hashlib
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

_HOUR = timedelta(hours=1)
# How much the stamp in a log file's name may differ from the time that digests go by. The models
# take it from here.
STAMP_MARGIN = timedelta(minutes=15)
_NAME = re.compile(
    r"(?P<account>[^/_]+)_CloudTrail-Digest_(?P<region>[a-z0-9-]+)_(?P<trail>[A-Za-z0-9._-]+)_"
    r"(?P<home_region>[a-z0-9-]+)_(?P<stamp>\d{8}T\d{6}Z)(?P<backfill>_backfill)?\.json\.gz",
    re.ASCII,
)
_STAMP_FORMAT = "%Y%m%dT%H%M%SZ"


class DigestState(StrEnum):
    """What is known about one digest file, or about an hour without one.

    `pending`: it may still be on its way. The next day's catalog finds it, or calls it missing.
    """

    VALID = "valid"
    INVALID_SIGNATURE = "invalid_signature"
    BROKEN_CHAIN = "broken_chain"
    MOVED = "moved"
    UNREADABLE = "unreadable"
    KEY_UNKNOWN = "key_unknown"
    FOREIGN_KEY = "foreign_key"
    MISSING = "missing"
    PENDING = "pending"


class FileState(StrEnum):
    """What the digests say about one log file.

    `disowned`: genuine digests cover its delivery and none names it. `not_attested`: no digest
    names it, and none had to.
    """

    ATTESTED = "attested"
    ALTERED = "altered"
    DISOWNED = "disowned"
    NOT_ATTESTED = "not_attested"


class LogFileEntry(msgspec.Struct, frozen=True):
    """A log file as a digest names it. `hashValue` is of the uncompressed content."""

    s3Bucket: str
    s3Object: str
    hashValue: str

    @property
    def log_object(self) -> str:
        return f"s3://{self.s3Bucket}/{self.s3Object}"


_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class DigestDocument(msgspec.Struct, frozen=True):
    """The content of a digest file, by CloudTrail's own names."""

    awsAccountId: str
    digestStartTime: _Moment
    digestEndTime: _Moment
    digestS3Bucket: str
    digestS3Object: str
    digestPublicKeyFingerprint: str
    logFiles: list[LogFileEntry]
    previousDigestS3Bucket: str | None = None
    previousDigestS3Object: str | None = None
    previousDigestHashValue: str | None = None
    previousDigestSignature: str | None = None


@dataclass(frozen=True, slots=True)
class DigestName:
    """What the name of a digest file says."""

    account_id: str
    region: str
    trail_name: str
    home_region: str
    ends_at: datetime
    is_backfill: bool


@dataclass(frozen=True, slots=True)
class DigestFile:
    """A digest file as it is in its bucket. `content` is uncompressed; None if it cannot be read."""

    log_bucket: str
    object_key: str
    content: bytes | None
    signature: str | None
    document: DigestDocument | None = None
    signed_end_time: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return (self.log_bucket, self.object_key)


@dataclass(frozen=True, slots=True)
class JudgedDigest:
    """A digest file and its verdict, or an hour without a digest file (`file` is None)."""

    state: DigestState
    start_at: datetime
    end_at: datetime
    file: DigestFile | None = None

    @property
    def is_trusted(self) -> bool:
        """Is the signature good, so that what the file names was written by CloudTrail?"""
        return self.state in {DigestState.VALID, DigestState.BROKEN_CHAIN}


@dataclass(frozen=True, slots=True)
class FileVerdicts:
    """What one digest's entries say about the log files: s3:// URLs."""

    missing: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()


class _EndTime(msgspec.Struct):
    digestEndTime: str


_DECODER = msgspec.json.Decoder(DigestDocument)
_END_TIME = msgspec.json.Decoder(_EndTime)


def parse_name(name: str) -> DigestName | None:
    """Parse a digest's file name; None if it is not one."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        ends_at = datetime.strptime(match["stamp"], _STAMP_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return DigestName(
        account_id=match["account"],
        region=match["region"],
        trail_name=match["trail"],
        home_region=match["home_region"],
        ends_at=ends_at,
        is_backfill=match["backfill"] is not None,
    )


def digest_file(
    log_bucket: str, object_key: str, content: bytes | None, signature: str | None
) -> DigestFile:
    """Build a digest file from what was read. Without `document` it is unreadable."""
    if content is None:
        return DigestFile(log_bucket, object_key, None, signature)
    try:
        document = _DECODER.decode(content)
        # The signature covers the end time as written, not the moment that it means.
        end_time = _END_TIME.decode(content).digestEndTime
    except (msgspec.MsgspecError, RecursionError):
        return DigestFile(log_bucket, object_key, content, signature)
    return DigestFile(log_bucket, object_key, content, signature, document, end_time)


def string_to_sign(file: DigestFile) -> bytes:
    """Return the four lines that CloudTrail signs."""
    document = _document(file)
    previous = document.previousDigestSignature
    return "\n".join(
        (
            file.signed_end_time,
            f"{document.digestS3Bucket}/{document.digestS3Object}",
            content_sha256(file),
            "null" if previous is None else previous,
        )
    ).encode()


def content_sha256(file: DigestFile) -> str:
    """Return the hex SHA-256 of the uncompressed digest."""
    return hashlib.sha256(file.content or b"").hexdigest()


def signature_is_valid(public_key: bytes, signature: str | None, signed: bytes) -> bool:
    """Did the owner of `public_key` (DER, PKCS#1 or SPKI) sign `signed`?"""
    try:
        key = load_der_public_key(public_key)
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(bytes.fromhex(signature or ""), signed, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def judge(
    file: DigestFile,
    public_keys: Mapping[str, bytes],
    previous: DigestFile | None,
    *,
    previous_was_readable: bool = True,
    begins_anew: bool = False,
    keys_are_all: bool = True,
) -> DigestState:
    """Return the verdict on one digest file.

    `public_keys` are CloudTrail's keys for the digest's Region, by fingerprint. `keys_are_all`: a
    key that is missing among them is not CloudTrail's; otherwise this is unknown. `previous` is the
    digest that this one names as its predecessor, None if that object no longer exists;
    `previous_was_readable=False` means that it could not be read. `begins_anew`: an older digest of
    the same chain exists, although this one may claim to be the first.
    """
    document = file.document
    if document is None:
        return DigestState.UNREADABLE
    if (document.digestS3Bucket, document.digestS3Object) != file.place:
        return DigestState.MOVED
    key = public_keys.get(document.digestPublicKeyFingerprint)
    if key is None:
        return DigestState.FOREIGN_KEY if keys_are_all else DigestState.KEY_UNKNOWN
    if not signature_is_valid(key, file.signature, string_to_sign(file)):
        return DigestState.INVALID_SIGNATURE
    if document.previousDigestS3Object is None:
        linked = not begins_anew
    else:
        linked = not previous_was_readable or _links(document, previous)
    return DigestState.VALID if linked else DigestState.BROKEN_CHAIN


def missing_hours(
    chain: Sequence[JudgedDigest], since: datetime | None = None, until: datetime | None = None
) -> list[JudgedDigest]:
    """Return the hours that no digest of one Region's hourly chain covers.

    They lie between its first and its last digest. Pass `since` if the chain is known to have run
    until then, and `until` if it must run until then.
    """
    delivered = sorted(
        (digest for digest in chain if digest.file), key=lambda digest: digest.end_at
    )
    begins = [since] if since else []
    ends = [until] if until else []
    gaps = []
    for start, stop in zip(
        [*begins, *(digest.end_at for digest in delivered)],
        [*(digest.start_at for digest in delivered[0 if since else 1 :]), *ends],
        strict=False,  # without `until` nothing follows the last digest
    ):
        reached = start
        while stop - reached >= _HOUR:
            gaps.append(JudgedDigest(DigestState.MISSING, reached, reached + _HOUR))
            reached += _HOUR
    return gaps


def judge_files(
    digest: JudgedDigest, hashes: Mapping[str, str | None], gone: Container[str]
) -> FileVerdicts:
    """Return which of the files that `digest` names are gone, and which differ.

    `hashes` maps a file's s3:// URL to the hash of its content, None if the content is incomplete
    (a truncated file is not the attested one). A file in neither `hashes` nor `gone` could not be
    read.
    """
    entries = {entry.log_object: entry.hashValue.lower() for entry in entries_of(digest)}
    return FileVerdicts(
        missing=tuple(sorted(url for url in entries if url in gone)),
        altered=tuple(
            sorted(
                url for url, attested in entries.items() if hashes.get(url, attested) != attested
            )
        ),
    )


def attested_hashes(digests: Iterable[JudgedDigest]) -> dict[str, str]:
    """Return every log file that a trusted digest names, with the hash that its content must have."""
    return {
        entry.log_object: entry.hashValue.lower()
        for digest in digests
        for entry in entries_of(digest)
    }


def entries_of(digest: JudgedDigest) -> list[LogFileEntry]:
    """Return the log files that a trusted digest names. What a forged digest names proves nothing."""
    if not digest.is_trusted or digest.file is None or digest.file.document is None:
        return []
    return digest.file.document.logFiles


def cover(chain: Iterable[JudgedDigest], delivered_at: datetime) -> bool:
    """Would the trusted digests of one Region's hourly chain name a file with this stamp?"""
    reached = delivered_at - STAMP_MARGIN
    trusted = (digest for digest in chain if digest.is_trusted)
    for digest in sorted(trusted, key=lambda digest: digest.start_at):
        if digest.start_at <= reached:
            reached = max(reached, digest.end_at)
    return reached >= delivered_at + STAMP_MARGIN


def file_state(
    attested: str | None, content_sha256: str | None, *, is_covered: bool = False
) -> FileState:
    """Return what is known about a delivered file, from its attested hash and its own.

    `is_covered`: every trail that can have written it has digests that would name it.
    """
    if attested is None:
        return FileState.DISOWNED if is_covered else FileState.NOT_ATTESTED
    return FileState.ATTESTED if attested == content_sha256 else FileState.ALTERED


def _links(document: DigestDocument, previous: DigestFile | None) -> bool:
    """Is `previous` the file that this digest was chained to?"""
    if previous is None or previous.signature != document.previousDigestSignature:
        return False
    if previous.content is None or document.previousDigestHashValue is None:
        return True
    return content_sha256(previous) == document.previousDigestHashValue.lower()


def _document(file: DigestFile) -> DigestDocument:
    if file.document is None:
        raise ValueError(f"{file.object_key} holds no digest")
    return file.document
