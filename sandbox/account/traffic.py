"""The requests of each bucket's clients, one hour at a time.

Everything is drawn from a generator seeded with (seed, bucket, hour). So an hour does not depend on
earlier hours, and the same seed gives the same account.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from sandbox.account import clients as who
from sandbox.account import hostile
from sandbox.account import operations as ops
from sandbox.account.buckets import BY_NAME, Bucket
from sandbox.account.clients import Client
from sandbox.account.operations import ACTS, Act, Operation
from sandbox.account.period import HOUR, moment
from sandbox.account.profiles import PROFILES

_T = TypeVar("_T")


class Request(NamedTuple):
    """One request as S3 saw it.

    A NamedTuple, not a dataclass: a million of them are made, and this is several times faster.
    """

    bucket: Bucket
    client: Client
    act: Act
    received: int
    total_ms: int
    turn_around_ms: int
    request_id: str
    host_id: str
    key: str | None
    object_size: int | None
    bytes_sent: int
    remote_ip: str
    request_line: str
    referrer: str
    user_agent: str
    version_id: str
    completed: int
    field_count: int
    batch_keys: tuple[str, ...] = ()
    copy_source: tuple[Bucket, str] | None = None

    @property
    def operation(self) -> Operation:
        """The requested operation."""
        return self.act.operation


@dataclass(frozen=True, slots=True)
class Burst:
    """Extra requests of one client within one hour: an attack, a nightly job, a comparison.

    With `keys`, every round of acts is about the next of them.
    """

    bucket: Bucket
    start: int
    seconds: int
    count: int
    client: Client
    acts: tuple[str, ...]
    keys: tuple[str, ...] = ()


_SAFE = "/*~=,@()[]"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.\-/*~=,@()\[\]]*").fullmatch
_SIZES = tuple(int(180 * 1.0122**n) for n in range(1024))
# Older log hosts write fewer fields than today's 27, newer ones more.
_FIELD_COUNTS = (27,) * 90 + (26,) * 4 + (25,) * 2 + (24,) * 2 + (28,) * 2
_HAS_SIZE = frozenset(
    {ops.GET, ops.SDK_GET, ops.HEAD, ops.PUT, ops.SDK_PUT, ops.COPY, ops.COPY_PART, ops.COPIED,
     ops.UPLOAD_PART, ops.WEBSITE}
)  # fmt: skip


def once_encoded(key: str) -> str:
    """Percent-encode a key once, as in a request line and in BATCH.* and S3.* rows."""
    return key if _PLAIN_KEY(key) else quote(key, safe=_SAFE)


def _ids(rng: random.Random) -> tuple[str, str]:
    host_id = base64.b64encode(rng.randbytes(56)).decode("ascii")
    return f"{rng.getrandbits(64):016X}", host_id


def bucket_hour(
    bucket: Bucket, hour: int, count: int, rng: random.Random, seconds: int = HOUR
) -> Iterator[Request]:
    """Yield requests of about `count` rows, received within `seconds` of the hour's start.

    With fewer seconds than an hour, slow requests do not end in the next hour.
    """
    profile = PROFILES[bucket.profile]
    if not profile.habits or not count:
        return
    weights = [habit.weight for habit in profile.habits]
    made = 0
    for habit in rng.choices(profile.habits, weights, k=count):
        if made >= count:
            return
        client = _pick(rng, habit.clients)
        for request in _requests(bucket, client, habit.act, (hour, seconds), rng):
            made += 1 + len(request.batch_keys)
            yield request


def burst(extra: Burst, rng: random.Random) -> Iterator[Request]:
    """Yield the requests of a burst, its acts in turn."""
    span = (extra.start, extra.seconds)
    for n in range(extra.count):
        a_round, turn = divmod(n, len(extra.acts))
        key = extra.keys[a_round % len(extra.keys)] if extra.keys else None
        yield from _requests(extra.bucket, extra.client, extra.acts[turn], span, rng, key=key)


def forged(bucket: Bucket, hour: int, rng: random.Random) -> Iterator[Request]:
    """Yield requests whose texts look like further fields, so that their lines are ambiguous."""
    fake_host = base64.b64encode(rng.randbytes(56)).decode("ascii")
    # one of them succeeds, and the trail records it: its line must not count as a lost record
    acts = (ACTS["missing"], ACTS["get"], ACTS["missing"])
    for act, (line, referrer, user_agent) in zip(
        acts, hostile.forged_fields(fake_host), strict=True
    ):
        # in the first minutes, so that they are in the hour's first object
        at = hour + rng.random() * 60
        key = line.split()[1].removeprefix("/")
        made = _request(
            bucket, who.SCANNER, act, at, rng,
            key=key, request_line=line,
        )  # fmt: skip
        yield made._replace(referrer=referrer, user_agent=user_agent, field_count=27)


def _pick(rng: random.Random, choices: Sequence[_T]) -> _T:
    return choices[0] if len(choices) == 1 else choices[int(rng.random() * len(choices))]


def _requests(
    bucket: Bucket,
    client: Client,
    act: str,
    span: tuple[int, int],
    rng: random.Random,
    *,
    key: str | None = None,
) -> Iterator[Request]:
    start, seconds = span
    at = start + rng.random() * seconds
    several = _SEVERAL.get(act)
    if several is not None:
        yield from several(bucket, client, at, start + seconds, rng)
    else:
        yield _request(bucket, client, ACTS[act], at, rng, key=key)


def _request(
    bucket: Bucket,
    client: Client,
    act: Act,
    at: float,
    rng: random.Random,
    *,
    key: str | None = None,
    query: str | None = None,
    request_line: str | None = None,
) -> Request:
    operation = act.operation
    profile = PROFILES[bucket.profile]
    request_id, host_id = _ids(rng)
    if operation.has_key and key is None:
        key = profile.keys(rng, int(at) // HOUR * HOUR)
    size = _SIZES[int(rng.random() * 1024)] if operation in _HAS_SIZE and not act.error else None
    if act.bytes_sent is None:
        sent = size or 0
    else:
        sent = min(act.bytes_sent, size) if size is not None else act.bytes_sent
    turn_around = 4 + int(rng.random() * 90)
    total = turn_around + int(rng.random() * 20) + (size or 0) // 9000
    version = "-"
    if operation is ops.DELETE_VERSION or (profile.versioned and size is not None):
        version = base64.b64encode(rng.randbytes(24), b"._").decode("ascii")
    if operation is ops.DELETE_VERSION:
        query = operation.query + version
    if request_line is None:
        request_line = _request_line(
            bucket, client, operation, rng, at=int(at), key=key, query=query
        )
    return Request(
        bucket, client, act, int(at), total, turn_around, request_id, host_id, key, size, sent,
        _pick(rng, client.addresses), request_line, _pick(rng, client.referrers),
        _pick(rng, client.user_agents), version, int(at + total / 1000),
        _FIELD_COUNTS[int(rng.random() * 100)],
    )  # fmt: skip


def _request_line(
    bucket: Bucket,
    client: Client,
    operation: Operation,
    rng: random.Random,
    *,
    at: int,
    key: str | None,
    query: str | None,
) -> str:
    if operation.method == "-":
        return "-"
    path = f"/{bucket.name}/" if client.path_style else "/"
    query = operation.query if query is None else query
    if client.auth == "QueryString":
        signed = moment(client.signed_at(at))
        scope = f"{signed:%Y%m%d}%2F{bucket.region}%2Fs3%2Faws4_request"
        key_id = client.access_key_id  # parsed out of the identity each time
        is_session = key_id.startswith("ASIA")
        token = f"&X-Amz-Security-Token={hostile.SECURITY_TOKEN}" if is_session else ""
        query += ("&" if query else "?") + (
            f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={key_id}%2F{scope}"
            f"&X-Amz-Date={signed:%Y%m%dT%H%M%SZ}&X-Amz-Expires={client.valid_seconds}"
            f"{token}&X-Amz-SignedHeaders=host"
            f"&X-Amz-Signature={rng.getrandbits(256):064x}"
        )
    return f"{operation.method} {path}{once_encoded(key or '')}{query} HTTP/1.1"


def _multipart(
    bucket: Bucket, client: Client, at: float, latest: int, rng: random.Random
) -> Iterator[Request]:
    key = PROFILES[bucket.profile].keys(rng, int(at))
    upload = base64.b64encode(rng.randbytes(30), b"._").decode("ascii")
    steps: list[tuple[Operation, str]] = [(ops.CREATE_UPLOAD, "?uploads")]
    parts = 2 + int(rng.random() * 3)
    steps += [(ops.UPLOAD_PART, f"?partNumber={n + 1}&uploadId={upload}") for n in range(parts)]
    last = ops.ABORT_UPLOAD if rng.random() < 0.1 else ops.COMPLETE_UPLOAD
    steps.append((last, f"?uploadId={upload}"))
    for operation, query in steps:
        act = Act(operation, 204 if operation is ops.ABORT_UPLOAD else 200, bytes_sent=0)
        made = _request(bucket, client, act, at, rng, key=key, query=query)
        if operation is ops.UPLOAD_PART:
            took = 300 + int(rng.random() * 6000)
            made = made._replace(
                object_size=8 * 1024 * 1024, total_ms=took, completed=int(at + took / 1000)
            )
        yield made
        # the next step follows at once; an upload never crosses the hour
        at = min(made.received + made.total_ms / 1000 + rng.random(), latest - 1)


def _multi_delete(
    bucket: Bucket, client: Client, at: float, latest: int, rng: random.Random
) -> Iterator[Request]:
    keys = tuple(
        PROFILES[bucket.profile].keys(rng, int(at)) for _ in range(2 + int(rng.random() * 6))
    )
    act = Act(ops.MULTI_DELETE, bytes_sent=90 + 60 * len(keys))
    # S3 reports a key once, even if the request names it several times
    unique = tuple(dict.fromkeys(keys))
    yield _request(bucket, client, act, at, rng)._replace(batch_keys=unique)


def _copier(operation: Operation, query: str) -> Callable[..., Iterator[Request]]:
    def copy(
        bucket: Bucket, client: Client, at: float, latest: int, rng: random.Random
    ) -> Iterator[Request]:
        source = BY_NAME[_COPY_SOURCES.get(bucket.name, bucket.name)]
        source_key = PROFILES[source.profile].keys(rng, int(at))
        act = Act(operation, bytes_sent=234)
        made = _request(bucket, client, act, at, rng, query=query)
        yield made._replace(copy_source=(source, source_key))

    return copy


def _probe(
    bucket: Bucket, client: Client, at: float, latest: int, rng: random.Random
) -> Iterator[Request]:
    line, key = hostile.REQUEST_LINES[int(rng.random() * len(hostile.REQUEST_LINES))]
    act = ACTS["denied"] if rng.random() < 0.5 else ACTS["missing"]
    yield _request(bucket, client, act, at, rng, key=key, request_line=line)


def _lifecycle(
    bucket: Bucket, client: Client, at: float, latest: int, rng: random.Random
) -> Iterator[Request]:
    act = Act(ops.LIFECYCLE[int(rng.random() * len(ops.LIFECYCLE))], status=0)
    size = _SIZES[int(rng.random() * 1024)]
    yield _request(bucket, client, act, at, rng)._replace(object_size=size)


def _checksum(
    bucket: Bucket, client: Client, at: float, latest: int, rng: random.Random
) -> Iterator[Request]:
    job = f"{rng.getrandbits(128):032x}"
    job_id = f"{job[:8]}-{job[8:12]}-4{job[13:16]}-a{job[17:20]}-{job[20:]}"
    act = Act(ops.CHECKSUM, status=200)
    yield _request(bucket, client, act, at, rng)._replace(
        request_id=job_id, object_size=_SIZES[int(rng.random() * 1024)]
    )


# The source bucket of a bucket's copies; the default is the bucket itself.
_COPY_SOURCES = {
    "meridian-data-lake": "meridian-app-uploads",
    "meridian-ml-features": "meridian-data-lake",
}
_SEVERAL: dict[str, Callable[..., Iterator[Request]]] = {
    "multipart": _multipart,
    "multi_delete": _multi_delete,
    "copy": _copier(ops.COPY, ""),
    "copy_part": _copier(ops.COPY_PART, "?partNumber=1&uploadId=abc.def"),
    "probe": _probe,
    "lifecycle": _lifecycle,
    "checksum": _checksum,
}
