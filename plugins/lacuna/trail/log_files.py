"""Is a delivered CloudTrail file whole and well-formed, and what is its hash? Pure.

Only here do bytes of log data pass through Python, for two reasons. Athena fails the whole query on
one truncated gzip or one broken JSON document, so such files must be known before the table is
read. And a digest attests the hash of a file's uncompressed content, which no SQL engine computes.
No record is kept.

Whatever the bytes are, memory and time are bounded: a stranger may have written them.
"""

import codecs
import hashlib
import threading
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

TRUNCATED = "truncated gzip"
CORRUPT = "corrupt gzip"
NOT_GZIP = "not gzip"
NOT_JSON = "not JSON"
NO_RECORDS = "no Records"
TOO_LARGE = "larger than 128 MiB uncompressed"

# CloudTrail stops at 50 MB; a file that unpacks to more than this is an attack on its readers.
MOST_BYTES = 128 << 20
# CloudTrail writes one member. Each member costs a copy of what is left of a slice.
_MOST_MEMBERS = 1000
_SLICE = 64 << 10
# An event has some 1,600 bytes and some 15 of these. Each record costs more memory than `{}`.
_MOST_BRACES = MOST_BYTES // 32
_STEP = 1 << 20
_GZIP_WBITS = 31


@dataclass(frozen=True, slots=True)
class FileContent:
    """What a reader of a log file can expect.

    `content_sha256` is of the uncompressed bytes, None if they are incomplete.
    """

    readable: bool
    problem: str | None = None
    content_sha256: str | None = None
    record_count: int | None = None


class GzipError(ValueError):
    """The bytes are not one or more whole gzip members. The text is the problem's name."""


class _Record(msgspec.Struct, gc=False):
    """A JSON object whose syntax is checked and of which nothing is kept."""


class _Document(msgspec.Struct):
    Records: list[_Record]


_DECODER = msgspec.json.Decoder(_Document)
# The records of one document at a time are in memory
_one_document = threading.Lock()


def inspect(chunks: Iterable[bytes], most: int = MOST_BYTES) -> FileContent:
    """Unpack, hash and syntax-check one CloudTrail log file of at most `most` uncompressed bytes."""
    try:
        content = gunzip(chunks, most)
    except GzipError as error:
        return FileContent(readable=False, problem=str(error))
    sha256 = hashlib.sha256(content).hexdigest()
    if content.count(b"{") > _MOST_BRACES:
        return FileContent(readable=False, problem=TOO_LARGE, content_sha256=sha256)
    try:
        _check_utf8(content)
        with _one_document:
            records = len(_DECODER.decode(content).Records)
    except msgspec.ValidationError:
        return FileContent(readable=False, problem=NO_RECORDS, content_sha256=sha256)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return FileContent(readable=False, problem=NOT_JSON, content_sha256=sha256)
    return FileContent(readable=True, content_sha256=sha256, record_count=records)


def gunzip(chunks: Iterable[bytes], most: int = MOST_BYTES) -> bytearray:
    """Return the uncompressed bytes, at most `most` of them; raise GzipError otherwise."""
    content = bytearray()
    for part in _unpacked(chunks):
        content += part
        if len(content) > most:
            raise GzipError(TOO_LARGE)
    return content


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=_GZIP_WBITS)
    members, begun = 1, False
    for piece in _slices(chunks):
        data = piece
        while data:
            if member.eof:
                # After a member comes another one, or a tool's padding of zeros.
                data = data.lstrip(b"\0")
                if not data:
                    break
                member = zlib.decompressobj(wbits=_GZIP_WBITS)
                members += 1
            if members > _MOST_MEMBERS:
                raise GzipError(CORRUPT)
            try:
                yield member.decompress(data, _STEP)
            except zlib.error as error:
                is_other = not begun and "incorrect header check" in str(error)
                raise GzipError(NOT_GZIP if is_other else CORRUPT) from error
            begun = True
            data = member.unused_data if member.eof else member.unconsumed_tail
    if begun and not member.eof:
        # At most one window of output remains inside zlib after all input is read.
        yield member.flush()
    if not member.eof:
        raise GzipError(TRUNCATED if begun else NOT_GZIP)


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes in small pieces: zlib copies the rest of a piece again and again."""
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]


def _check_utf8(content: bytearray) -> None:
    """Raise UnicodeDecodeError if it is not UTF-8: msgspec does not check the text of raw records."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(content)
    for start in range(0, len(content), _STEP):
        decoder.decode(view[start : start + _STEP])
    decoder.decode(b"", final=True)
