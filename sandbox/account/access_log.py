"""Server access logging of S3: requests become lines, an hour of lines becomes log objects."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sandbox.account import operations as ops
from sandbox.account.buckets import ACCOUNT_ID, OWNER_ID, Bucket, Layout
from sandbox.account.clients import Client
from sandbox.account.period import HOUR, moment
from sandbox.account.traffic import Request, once_encoded

_MINUTE = 60
_SOONEST = 15 * _MINUTE
_LATEST = 120 * _MINUTE
_LINES_PER_SMALL_OBJECT = 12
_LINES_PER_LARGE_OBJECT = 1500
_MAX_SMALL_OBJECTS = 4
_FEWEST_FIELDS, _MOST_FIELDS = 24, 28


class Entry(NamedTuple):
    """The lines of one request in one bucket's log, each with its line end.

    `request` is None if it belongs to another bucket (the second record of a copy). `is_record` is
    false if only the head of the line can be parsed.
    """

    received: int
    text: str
    line_count: int
    request: Request | None
    is_record: bool = True


@dataclass(frozen=True, slots=True)
class LogObject:
    """A log object as the log service writes it."""

    log_bucket: str
    key: str
    body: bytes
    delivered_at: int
    line_count: int
    entries: tuple[Entry, ...]


def entry(request: Request) -> Entry:
    """Return the lines of a request in the log of the bucket it was sent to."""
    text = _own_line(request)
    count = 1
    if request.batch_keys:
        text += "".join(_batch_line(request, key) for key in request.batch_keys)
        count += len(request.batch_keys)
    source = request.copy_source
    if source is not None and source[0] is request.bucket:
        text += _copied_line(request, *source)
        count += 1
    return Entry(request.received, text, count, request)


def copied_entry(request: Request) -> tuple[Bucket, Entry] | None:
    """Return the line of a copy in the log of its source, if that is another bucket."""
    source = request.copy_source
    if source is None or source[0] is request.bucket:
        return None
    return source[0], Entry(request.received, _copied_line(request, *source), 1, None)


def logged_key(request: Request) -> str:
    """Return the key as S3 prints it: percent-encoded twice, or once if S3 itself acts."""
    if request.key is None:
        return "-"
    once = once_encoded(request.key)
    return once if request.operation.name.startswith("S3.") else once_encoded(once)


def _own_line(r: Request) -> str:
    operation = r.operation
    if operation is ops.CHECKSUM or operation is ops.COPIED:
        line, referrer, agent = "-", "-", "-"
    else:
        line, referrer, agent = f'"{r.request_line}"', f'"{r.referrer}"', f'"{r.user_agent}"'
    is_s3 = operation.method == "-"
    return (
        f"{_head(r.bucket.name, r.received, r.remote_ip, r.client.requester)} {r.request_id} "
        f"{operation.name} {logged_key(r)} {line} "
        f"{r.act.status or '-'} {r.act.error or '-'} {r.bytes_sent or '-'} "
        f"{'-' if r.object_size is None else r.object_size} "
        f"{'-' if is_s3 else r.total_ms} {'-' if is_s3 else r.turn_around_ms} "
        f"{referrer} {agent} {r.version_id} {r.host_id}{_tail(r.client, r.bucket, r.field_count)}\n"
    )


def _batch_line(r: Request, key: str) -> str:
    return (
        f"{_head(r.bucket.name, r.received, r.remote_ip, r.client.requester)} {r.request_id} "
        f"BATCH.DELETE.OBJECT {once_encoded(key)} - 204 - - - - - - - - {r.host_id}"
        f"{_tail(r.client, r.bucket, r.field_count)}\n"
    )


def _copied_line(r: Request, source: Bucket, key: str) -> str:
    return (
        f"{_head(source.name, r.received, r.remote_ip, r.client.requester)} {r.request_id} "
        f"{r.operation.name}_GET {once_encoded(once_encoded(key))} - 200 - - "
        f"{'-' if r.object_size is None else r.object_size} - - - - - {r.host_id}"
        f"{_tail(r.client, r.bucket, r.field_count)}\n"
    )


def _head(bucket_name: str, received: int, remote_ip: str, requester: str) -> str:
    minute, second = divmod(received, _MINUTE)
    return f"{OWNER_ID} {bucket_name} [{_clock(minute)}{second:02d} +0000] {remote_ip} {requester}"


@lru_cache(maxsize=4096)
def _clock(minute: int) -> str:
    return moment(minute * _MINUTE).strftime("%d/%b/%Y:%H:%M:")


@lru_cache(maxsize=4096)
def _tail(client: Client, bucket: Bucket, field_count: int) -> str:
    """Return the fields from the 20th on; the 28th is one that AWS has not announced yet."""
    host = host_header(client, bucket)
    fields = [client.signature, client.cipher, client.auth, host, client.tls]
    fields += [client.access_point, "Yes" if client.acl_required else "-"]
    fields += [client.source_region, "v2"]
    if client.auth == "-" and client.is_service:
        fields[3] = "-"
    kept = len(fields) - (_MOST_FIELDS - field_count)
    return "".join(f" {field}" for field in fields[:kept])


@lru_cache(maxsize=4096)
def host_header(client: Client, bucket: Bucket) -> str:
    """Return the host name that a client uses for a bucket."""
    if client.path_style:
        return f"s3.{bucket.region}.amazonaws.com"
    if client.name == "website visitor":
        return f"{bucket.name}.s3-website-{bucket.region}.amazonaws.com"
    return f"{bucket.name}.s3.{bucket.region}.amazonaws.com"


def log_objects(
    bucket: Bucket, hour: int, entries: list[Entry], rng: random.Random
) -> Iterator[LogObject]:
    """Return an hour's entries in objects of some minutes each, delivered 15 to 120 minutes later."""
    count = _object_count(sum(entry.line_count for entry in entries))
    width = HOUR // count
    slices: list[list[Entry]] = [[] for _ in range(count)]
    for one in entries:
        slices[min((one.received - hour) * count // HOUR, count - 1)].append(one)
    for n, part in enumerate(slices):
        delivered_at = hour + (n + 1) * width + rng.randint(_SOONEST, _LATEST - width)
        if part:
            yield log_object(bucket, part, delivered_at, rng)


def log_object(
    bucket: Bucket, entries: list[Entry], delivered_at: int, rng: random.Random
) -> LogObject:
    """Return one object of one event day, its records in no order."""
    shuffled = entries[:]
    rng.shuffle(shuffled)
    return LogObject(
        log_bucket=bucket.target_bucket or "",
        key=log_key(bucket, shuffled[0].received, delivered_at, f"{rng.getrandbits(64):016X}"),
        body="".join(one.text for one in shuffled).encode(),
        delivered_at=delivered_at,
        line_count=sum(one.line_count for one in shuffled),
        entries=tuple(shuffled),
    )


def log_key(bucket: Bucket, event_time: int, delivered_at: int, unique: str) -> str:
    """Return the object's key in the bucket's layout."""
    prefix = bucket.target_prefix or ""
    delivered = moment(delivered_at)
    if bucket.layout is Layout.SIMPLE:
        return f"{prefix}{delivered:%Y-%m-%d-%H-%M-%S}-{unique}"
    folder = f"{prefix}{ACCOUNT_ID}/{bucket.region}/{bucket.name}"
    if bucket.layout is Layout.EVENT_TIME:
        day = moment(event_time)
        return f"{folder}/{day:%Y/%m/%d}/{day:%Y-%m-%d}-00-00-00-{unique}"
    return f"{folder}/{delivered:%Y/%m/%d}/{delivered:%Y-%m-%d-%H-%M-%S}-{unique}"


def _object_count(lines: int) -> int:
    small = max(1, min(_MAX_SMALL_OBJECTS, lines // _LINES_PER_SMALL_OBJECT))
    return max(small, -(-lines // _LINES_PER_LARGE_OBJECT))
