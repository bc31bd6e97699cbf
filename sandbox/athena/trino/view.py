"""Moto's Glue and S3 for Trino, on a port of their own.

Trino has no CloudTrailInputFormat. If Glue names it, Trino sees plain text instead, and an object
below such a table's or partition's location is served as JSON lines, one event a line. Key, size
and delivery time stay those of the object, so "$path", "$file_size", pruning and bytes scanned stay
right; a comment in the gzip header fills the spare bytes. A file that cannot be read as CloudTrail's
is served as it is, and fails to parse.

Trino's calls do not pass `server.Middleware`: they meet no faults and are not counted.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec
from moto.s3.models import FakeKey

from sandbox.athena.catalog import split_url
from sandbox.athena.listener import App, Environ
from sandbox.athena.moto_fixes import s3
from sandbox.athena.serde import TrailFile, valid_utf8

CLOUDTRAIL = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
TEXT = "org.apache.hadoop.mapred.TextInputFormat"
JSON = "org.openx.data.jsonserde.JsonSerDe"  # the one that lets a text column hold an object


class View:
    """A WSGI application before moto's."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._trails: set[str] = set()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_X_AMZ_TARGET", "").startswith("AWSGlue."):
            return self._glue(environ, start_response)
        path = environ["PATH_INFO"].encode("latin-1").decode().lstrip("/")
        bucket, name = split_url(path)
        known = s3.backend().buckets.get(bucket)
        key = known.keys.get(name) if known and not environ.get("QUERY_STRING") else None
        if isinstance(key, FakeKey) and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            trail = path.startswith(tuple(self._trails))
            return _object(key, trail, environ, start_response)
        return self._app(environ, start_response)

    def _glue(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        start: list[Any] = []
        body = b"".join(self._app(environ, lambda *given: start.extend(given)))
        if CLOUDTRAIL.encode() in body:
            body = json.dumps(json.loads(body, object_hook=self._shown)).encode()
        headers = [(k, v) for k, v in start[1] if k.lower() != "content-length"]
        start_response(start[0], [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _shown(self, item: dict[str, Any]) -> dict[str, Any]:
        if item.get("InputFormat") != CLOUDTRAIL:
            return item
        self._trails.add("/".join(split_url(item["Location"])).rstrip("/") + "/")
        serde = {**(item.get("SerdeInfo") or {}), "SerializationLibrary": JSON}
        return {**item, "InputFormat": TEXT, "SerdeInfo": serde}


def _object(key: FakeKey, trail: bool, environ: Environ, start: Any) -> Iterable[bytes]:
    """GetObject, of all or of a range, and HeadObject; moto itself takes several times as long."""
    body = bytes(key.value)
    body = as_lines(body, key.name.endswith(".gz")) if trail else body
    size, status, headers = len(body), "200 OK", [("ETag", key.etag)]
    headers.append(("Last-Modified", key.last_modified_RFC1123))
    if span := re.fullmatch(r"bytes=(\d*)-(\d*)", environ.get("HTTP_RANGE", "")):
        first = int(span[1]) if span[1] else max(size - int(span[2]), 0)
        last = min(int(span[2]), size - 1) if span[1] and span[2] else size - 1
        body, status = body[first : last + 1], "206 Partial Content"
        headers.append(("Content-Range", f"bytes {first}-{last}/{size}"))
    start(status, [*headers, ("Content-Length", str(len(body)))])
    return [body] if environ["REQUEST_METHOD"] == "GET" else []


@lru_cache(64)
def as_lines(data: bytes, zipped: bool) -> bytes:
    """A CloudTrail file as JSON lines in as many bytes; a file that is none comes back as it is."""
    try:
        text = valid_utf8(gzip.decompress(data) if zipped else data)
        records = msgspec.json.decode(text, type=TrailFile).records or []
    except (EOFError, OSError, zlib.error, msgspec.DecodeError):
        return data
    lines = b"".join(msgspec.json.format(bytes(r), indent=-1) + b"\n" for r in records)
    return _gzip(lines, len(data)) if zipped else lines.ljust(len(data))


def _gzip(content: bytes, size: int) -> bytes:
    """Gzip of a wanted size."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    packed = pack.compress(content) + pack.flush()
    end = zlib.crc32(content).to_bytes(4, "little") + (len(content) % 2**32).to_bytes(4, "little")
    spare = size - 10 - 1 - len(packed) - len(end)
    if spare < 0:
        raise ValueError(f"a CloudTrail file cannot be served as lines in its own {size} bytes")
    return b"\x1f\x8b\x08\x10" + bytes(6) + b" " * spare + b"\0" + packed + end
