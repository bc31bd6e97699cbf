"""Buckets of any size that a sandbox serves without storing them: listings come from a rule."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

Environ = dict[str, Any]
App = Callable[..., Iterable[bytes]]

_LAST = "\U0010ffff"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Contents:
    """The objects of a bucket: their keys in order, and what a key says of its object.

    `bodies` are the objects whose content matters, with their user metadata; `default` is that of
    the others.
    """

    keys: Sequence[str]
    delivered_at: Callable[[str], datetime]
    default: bytes = b"a line\n"
    bodies: Mapping[str, tuple[bytes, Mapping[str, str]]] | None = None

    def body(self, key: str) -> tuple[bytes, Mapping[str, str]]:
        """Return the bytes of an object and its user metadata."""
        return (self.bodies or {}).get(key, (self.default, {}))

    def holds(self, key: str) -> bool:
        """Whether there is an object of this key."""
        at = bisect_left(self.keys, key)
        return self.keys[at : at + 1] == [key]


class Generated:
    """Answers ListObjectsV2 and GetObject of generated buckets. All else goes to the sandbox."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.buckets: dict[str, Contents] = {}

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        bucket, _, key = unquote(environ.get("PATH_INFO", "")).strip("/").partition("/")
        contents = self.buckets.get(bucket) if environ["REQUEST_METHOD"] == "GET" else None
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        if contents and key and contents.holds(key):
            return _object(contents, key, environ, start_response)
        if contents and not key and "list-type" in query:
            return _listing(
                contents, {name: values[0] for name, values in query.items()}, start_response
            )
        return self._app(environ, start_response)


def _object(
    contents: Contents, key: str, environ: Environ, start_response: Callable[..., Any]
) -> list[bytes]:
    body, metadata = contents.body(key)
    headers = [(f"x-amz-meta-{name}", value) for name, value in metadata.items()]
    status = "200 OK"
    if environ.get("HTTP_RANGE") == "bytes=0-0":
        headers.append(("Content-Range", f"bytes 0-0/{len(body)}"))
        status, body = "206 Partial Content", body[:1]
    start_response(status, [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _listing(
    contents: Contents, query: Mapping[str, str], start_response: Callable[..., Any]
) -> list[bytes]:
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    token = query.get("continuation-token", "")
    after = bytes.fromhex(token).decode() if token else query.get("start-after", "")
    entries, last = page(contents.keys, prefix, delimiter, after)
    parts = [
        f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
        if name.endswith(delimiter or _LAST)
        else f"<Contents><Key>{escape(name)}</Key>"
        f"<LastModified>{contents.delivered_at(name):%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
        f'<ETag>"{hash(name) & (1 << 128) - 1:032x}"</ETag>'
        f"<Size>{len(contents.body(name)[0])}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for name in entries
    ]
    if last:
        parts.append(f"<NextContinuationToken>{last.encode().hex()}</NextContinuationToken>")
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<IsTruncated>{str(bool(last)).lower()}</IsTruncated>{''.join(parts)}</ListBucketResult>"
    ).encode()
    headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def page(keys: Sequence[str], prefix: str, delimiter: str, after: str) -> tuple[list[str], str]:
    """Return a page of keys and folders in S3's order, and after what the next one begins."""
    found: list[str] = []
    at = max(bisect_left(keys, prefix), bisect_right(keys, after))
    while at < len(keys) and keys[at].startswith(prefix):
        if len(found) == _PAGE:
            last = found[-1]
            return found, last + _LAST if delimiter and last.endswith(delimiter) else last
        head, is_folder, _ = (
            keys[at][len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        )
        found.append(prefix + head + delimiter if is_folder else keys[at])
        at = bisect_right(keys, found[-1] + _LAST) if is_folder else at + 1
    return found, ""
