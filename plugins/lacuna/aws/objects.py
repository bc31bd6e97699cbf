"""Listing and reading objects: one range of keys at a time, and every LIST counted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeGuard, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from lacuna.access_log.delivery import KeyRange, ListedObject
from lacuna.aws.session import AwsError, error_code, explained, is_transient
from lacuna.text import visible

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Found = TypeVar("Found")

# CloudTrail's files have at most 50 MB before they are packed.
MOST_BYTES = 64 << 20

# botocore does not retry a body that breaks off, because it has handed it over by then.
_READS = 3

# Strangers of a place that are evidence; the rest are counted
_MOST_STRANGERS = 1000
_NOT_REFUSED = frozenset({"NoSuchKey", "InvalidRange"})
# Objects of these storage classes are refused until they are restored
_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})


@dataclass(frozen=True, slots=True)
class KeysListed(Generic[Found]):
    """The objects of one range of keys, and the cost of the LIST. `error_code`: not complete.

    `strangers` counts the objects that are no logs; only the first of them are among `objects`.
    """

    objects: tuple[Found, ...]
    list_calls: int
    keys_returned: int
    error_code: str | None = None
    strangers: int = 0

    def pages(self) -> Iterator[Sequence[Found]]:
        """Yield the objects, as `Listing` does."""
        yield self.objects


@dataclass(frozen=True, slots=True)
class FoldersListed:
    """The folders directly under a prefix, and the cost of the LIST."""

    prefixes: tuple[str, ...]
    list_calls: int
    keys_returned: int
    error_code: str | None = None


class ObjectUnreadable(RuntimeError):
    """AWS refuses this object for good; the text is the error code."""


class ObjectTooLarge(RuntimeError):
    """The object is larger than its reader takes. Its body was not read."""


class ReadFailed(RuntimeError):
    """A read that may succeed when it is tried again. The text names the place and the cause."""


def list_range(s3: "S3Client", bucket: str, keys: KeyRange) -> KeysListed[ListedObject]:
    """List the objects of one range of keys, all of them, as a `Listing` does."""
    return Listing(s3, bucket, (keys,), lambda listed: listed, lambda _: True).whole()


class Listing(Generic[Found]):
    """A listing of ranges of keys that is under way: its objects page by page, and its cost so far.

    Each object is as `read` once from its key; None is left out. A range ends with a page that
    reaches beyond it. Of what is no log, only the first objects are kept: a prefix may be shared
    with millions. The first page is read at once, the others when they are asked for.

    A lasting refusal is part of the answer: if `error_code` is set when the pages have ended, what
    they had counts for nothing. A temporary one (throttling beyond all retries, an outage) raises
    ReadFailed: the day must not be cataloged without this place.
    """

    def __init__(
        self,
        s3: "S3Client",
        bucket: str,
        ranges: Sequence[KeyRange],
        read: Callable[[ListedObject], Found | None],
        is_log: Callable[[Found], bool],
    ) -> None:
        self.list_calls = self.keys_returned = self.strangers = 0
        self.error_code: str | None = None
        self._read, self._is_log = read, is_log
        self._pages = self._list(s3, bucket, ranges)
        self._first = next(self._pages, [])

    def pages(self) -> Iterator[Sequence[Found]]:
        """Yield the objects of each page, once."""
        first, self._first = self._first, []
        yield first
        yield from self._pages

    def whole(self) -> KeysListed[Found]:
        """Return the complete listing, with its objects in memory."""
        objects = tuple(chain.from_iterable(self.pages()))
        return KeysListed(
            () if self.error_code else objects,
            self.list_calls,
            self.keys_returned,
            self.error_code,
            self.strangers,
        )

    def _list(
        self, s3: "S3Client", bucket: str, ranges: Sequence[KeyRange]
    ) -> Iterator[list[Found]]:
        try:
            for keys in ranges:
                for page in _pages(s3, bucket, keys):
                    self.list_calls += 1
                    self.keys_returned += len(page)
                    within = (listed for listed in page if listed.key < keys.stop)
                    yield [found for found in map(self._read, within) if self._is_kept(found)]
        except AwsError as error:
            _raise_if_transient(error, f"list s3://{bucket}/{ranges[0].prefix}")
            self.list_calls += 1
            self.error_code = error_code(error)

    def _is_kept(self, found: Found | None) -> TypeGuard[Found]:
        if found is None:
            return False
        is_stranger = not self._is_log(found)
        self.strangers += is_stranger
        return not is_stranger or self.strangers <= _MOST_STRANGERS


def _pages(s3: "S3Client", bucket: str, keys: KeyRange) -> Iterator[list[ListedObject]]:
    """Yield pages of objects, until one reaches beyond the range."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=keys.prefix, StartAfter=keys.after
    )
    for page in pages:
        listed = [
            ListedObject(
                key=entry["Key"],
                size_bytes=entry["Size"],
                etag=entry.get("ETag", "").strip('"'),
                delivered_at=entry["LastModified"],
                is_archived=entry.get("StorageClass") in _ARCHIVES,
            )
            for entry in page.get("Contents", [])
        ]
        yield listed
        if listed and listed[-1].key >= keys.stop:
            return


def list_folders(s3: "S3Client", bucket: str, prefix: str) -> FoldersListed:
    """List the folders directly under `prefix`: one LIST for each thousand of them."""
    prefixes: list[str] = []
    calls = returned = 0
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter="/"
    )
    try:
        for page in pages:
            calls += 1
            folders = [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
            prefixes += folders
            returned += len(folders) + len(page.get("Contents", []))
    except AwsError as error:
        _raise_if_transient(error, f"list s3://{bucket}/{prefix}")
        return FoldersListed((), calls + 1, returned, error_code(error))
    return FoldersListed(tuple(prefixes), calls, returned)


def read_object(
    s3: "S3Client", bucket: str, key: str, most: int = MOST_BYTES
) -> tuple[bytes, dict[str, str]]:
    """Read an object's bytes, at most `most` of them, and user metadata.

    ObjectUnreadable: AWS refuses it for good. ObjectTooLarge: nothing was read of it.
    """
    for left in reversed(range(_READS)):
        try:
            answer = s3.get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > most:
                answer["Body"].close()
                raise ObjectTooLarge(f"{answer['ContentLength']} bytes")
            return answer["Body"].read(), answer["Metadata"]
        except (ReadTimeoutError, ResponseStreamingError) as error:
            if not left:
                _raise_if_transient(error, f"read s3://{bucket}/{key}")
        except AwsError as error:
            _raise_if_transient(error, f"read s3://{bucket}/{key}")
            raise ObjectUnreadable(error_code(error)) from error
    raise AssertionError("unreachable: the last read returns or raises")


def read_refused(s3: "S3Client", bucket: str, key: str) -> str | None:
    """Read one byte of an object. Return AWS's code if it refuses; None if the object can be read.

    An object that is gone or empty is not refused.
    """
    try:
        s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"].read()
    except AwsError as error:
        _raise_if_transient(error, f"read s3://{bucket}/{key}")
        code = error_code(error)
        return None if code in _NOT_REFUSED else code
    return None


def _raise_if_transient(error: ClientError | BotoCoreError, what: str) -> None:
    if is_transient(error):
        raise ReadFailed(f"cannot {visible(what)}: {explained(error)}") from error
