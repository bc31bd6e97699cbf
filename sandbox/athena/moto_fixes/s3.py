"""Corrections of moto's S3, and a bulk load of objects.

- User metadata `delivered-at` sets an object's LastModified. This is an addition: AWS has no such
  thing.
- GetBucketLogging returns TargetObjectKeyFormat, and TargetPrefix with the spaces around it.
  PutBucketLogging accepts a target that cannot be written to, as AWS is reported to do (this could
  not be verified). Moto's made-up access logs are never written.
- GetBucketRequestPayment answers; moto takes the call for a listing.
- A grant of an ACL gives one permission to one grantee. Moto puts two permissions of the canned ACL
  log-delivery-write into one grant, and shows the first.
- ListBuckets pages, and returns Regions only for the requests for which AWS does.
- A page of a listing costs the page, not the bucket. A moment is parsed once: to parse it costs more
  than the rest of its line.
- A bucket policy that names another account opens the bucket to it, if the environment says that
  buckets are closed to other accounts (MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS=false). Moto then refuses
  every other account.
- A statement of a bucket policy that has a condition applies to nobody. Moto would take the
  condition as met, and a Deny of plain HTTP would deny everything.
"""

from __future__ import annotations

import functools
import json
import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import unescape

from moto.core import serialize
from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy
from moto.s3 import models
from moto.s3.exceptions import (
    CrossLocationLoggingProhibited,
    InvalidArgumentError,
    InvalidTargetBucketForLogging,
)
from moto.s3.models import FakeAcl, FakeBucket, FakeGrant, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response
from moto.s3.utils import _VersionedKeyStore

DELIVERED_AT = "x-amz-meta-delivered-at"
ACCOUNT_ID = "123456789012"
LAST = "\U0010ffff"


class OrderedKeyStore(_VersionedKeyStore):  # type: ignore[misc]
    """A bucket's keys, and their names in S3's order. A list that was returned never changes."""

    def __init__(self) -> None:
        super().__init__()
        # A name and its key appear together: a listing in between would lose the name for good
        self._lock = threading.RLock()
        self._names, self._new, self._gone = list[str](), list[str](), False

    def __setitem__(self, key: str, value: Any) -> None:
        with self._lock:
            self._note(key)
            super().__setitem__(key, value)

    def setlist(self, key: Any, list_: Any) -> None:
        with self._lock:
            self._note(key)
            super().setlist(key, list_)

    def pop(self, key: str) -> None:
        with self._lock:
            super().pop(key)
            self._gone = True

    def _note(self, key: str) -> None:
        if key not in self:
            self._new.append(key)

    def names(self) -> list[str]:
        with self._lock:
            if self._gone:
                self._gone, self._new = False, []
                self._names = sorted(dict.keys(self))
            elif self._new:
                new, self._new = self._new, []
                self._names = sorted([*self._names, *set(new)])
            return self._names


def backend(account_id: str = ACCOUNT_ID) -> S3Backend:
    return s3_backends[account_id]["aws"]


def current_keys(bucket: FakeBucket, prefix: str, after: str = "") -> Iterator[FakeKey]:
    """The current objects under a prefix in S3's order, from the first name greater than
    `after`."""
    names = bucket.keys.names()
    for position in range(max(bisect_left(names, prefix), bisect_right(names, after)), len(names)):
        if not names[position].startswith(prefix):
            return
        key = bucket.keys.get(names[position])
        if isinstance(key, FakeKey):
            yield key


def list_page(
    bucket: FakeBucket, prefix: str, delimiter: str, after: str, limit: int
) -> tuple[list[FakeKey | str], bool]:
    """One page of keys and common prefixes (text) in order, and whether there is more."""
    page: list[FakeKey | str] = []
    while True:
        for key in current_keys(bucket, prefix, after):
            if len(page) == limit:
                return page, limit > 0
            head, is_folder, _ = (
                key.name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            )
            if is_folder:
                page.append(prefix + head + delimiter)
                after = (
                    prefix + head + delimiter + LAST
                )  # go on behind the folder without reading it
                break
            page.append(key)
        else:
            return page, False


def put_objects(
    bucket: str, objects: Iterable[tuple[str, bytes, datetime | None, Mapping[str, str] | None]]
) -> int:
    """Store (key, body, delivered_at, metadata) in process, without HTTP. Return how many."""
    count = 0
    for name, body, delivered_at, metadata in objects:
        key = backend().put_object(bucket, name, body, disable_notification=True)
        fields = {f"x-amz-meta-{k.lower()}": v for k, v in (metadata or {}).items()}
        if delivered_at:
            fields[DELIVERED_AT] = delivered_at.astimezone(UTC).isoformat()
        key.set_metadata(fields)
        count += 1
    return count


def parse_moment(text: str, name: str = DELIVERED_AT) -> datetime:
    """Parse ISO 8601 text as UTC without a zone. An error calls the text `name`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgumentError(f"{name} must be ISO 8601", name, text) from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


_set_metadata, _copy_object = FakeKey.set_metadata, S3Backend.copy_object


def set_metadata(self: FakeKey, metadata: Any, replace: bool = False) -> None:
    moment = metadata.get(DELIVERED_AT)
    if moment:
        self.last_modified = parse_moment(moment)
    _set_metadata(self, metadata, replace)


def copy_object(
    self: S3Backend, src_key: FakeKey, bucket: str, name: str, *args: Any, **options: Any
) -> None:
    """Copy an object. The copy is of now, whatever its source's time, unless it gets its own."""
    _copy_object(self, src_key, bucket, name, *args, **options)
    if options.get("mdirective") != "REPLACE":
        copy = self.get_object(bucket, name)
        if copy:
            copy.last_modified = datetime.now(UTC).replace(tzinfo=None)


_get_bucket = S3Backend.get_bucket


def get_bucket(self: S3Backend, bucket_name: str) -> FakeBucket:
    """Return a bucket of this account, or one that another account opens to it."""
    owner = owner_of(bucket_name)
    if owner and owner is not self and names(owner.buckets[bucket_name].policy, self.account_id):
        return owner.buckets[bucket_name]
    return _get_bucket(self, bucket_name)


def owner_of(bucket_name: str) -> S3Backend | None:
    """The account that has the bucket."""
    if bucket_name not in s3_backends.bucket_accounts:
        return None
    partition, account_id = s3_backends.bucket_accounts[bucket_name]
    return s3_backends[account_id][partition]


def names(policy: bytes | str | None, account_id: str) -> bool:
    """Whether a bucket policy allows something to another account, without a condition."""
    statements = json.loads(policy or "{}").get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", "")
        who = principal.get("AWS", []) if isinstance(principal, dict) else principal
        for one in [who] if isinstance(who, str) else who:
            named = one in ("*", account_id) or one.startswith(f"arn:aws:iam::{account_id}:")
            if statement["Effect"] == "Allow" and named and "Condition" not in statement:
                return True
    return False


def set_logging(self: FakeBucket, config: dict[str, Any] | None, buckets: S3Backend) -> None:
    if config:
        target = buckets.buckets.get(config["TargetBucket"])
        if not target:
            raise InvalidTargetBucketForLogging("The target bucket for logging does not exist")
        if target.region_name != self.region_name:
            raise CrossLocationLoggingProhibited
    self.logging = config or {}


def set_grants(self: FakeAcl, grants: Iterable[FakeGrant] | None = None) -> None:
    self.grants = [
        FakeGrant([grantee], [permission])
        for grant in grants or []
        for grantee in grant.grantees
        for permission in grant.permissions
    ]


def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
    document = json.loads(self.policy or '{"Statement": []}')
    given = document["Statement"]
    statements = [
        statement
        for statement in (given if isinstance(given, list) else [given])
        if "Condition" not in statement
    ]
    policy = IAMPolicy(json.dumps({**document, "Statement": statements}))
    return policy.is_action_permitted(action, resource)


_get_bucket_logging = S3Response.get_bucket_logging


def get_bucket_logging(self: S3Response) -> Any:
    """Moto's answer with the key format, which it leaves out."""
    layout = self.backend.get_bucket_logging(self.bucket_name).get("TargetObjectKeyFormat")
    if not layout:
        return _get_bucket_logging(self)
    status, headers, body = _get_bucket_logging(self)
    if "PartitionedPrefix" in layout:
        source = (layout["PartitionedPrefix"] or {}).get("PartitionDateSource") or "EventTime"
        date_source = f"<PartitionDateSource>{source}</PartitionDateSource>"
        inner = f"<PartitionedPrefix>{date_source}</PartitionedPrefix>"
    else:
        inner = "<SimplePrefix/>"
    text = body.decode() if isinstance(body, bytes) else body
    element = f"<TargetObjectKeyFormat>{inner}</TargetObjectKeyFormat></LoggingEnabled>"
    return status, headers, text.replace("</LoggingEnabled>", element)


_read_logging = S3Response._logging_from_body
_PREFIX = re.compile(r"<TargetPrefix>(.*?)</TargetPrefix>", re.DOTALL)


def _logging_from_body(self: S3Response) -> dict[str, Any]:
    """The configuration in a request, with its prefix as it was written: moto strips it."""
    config: dict[str, Any] = _read_logging(self)
    text = self.body.decode() if isinstance(self.body, bytes) else self.body
    if config and (prefix := _PREFIX.search(text)):
        config["TargetPrefix"] = unescape(prefix[1], {"&quot;": '"', "&#13;": "\r", "&#10;": "\n"})
    return config


_bucket_get, _bucket_put = S3Response._bucket_response_get, S3Response._bucket_response_put
_PAYER = re.compile(rb"<Payer>(Requester|BucketOwner)</Payer>")


def _bucket_response_get(self: S3Response, bucket_name: str, query: dict[str, Any]) -> Any:
    if "requestPayment" not in query:
        return _bucket_get(self, bucket_name, query)
    payer = vars(self.backend.get_bucket(bucket_name)).get("payer", "BucketOwner")
    inner = f"<Payer>{payer}</Payer>"
    return 200, {}, f"<RequestPaymentConfiguration>{inner}</RequestPaymentConfiguration>"


def _bucket_response_put(
    self: S3Response, request: Any, bucket_name: str, query: dict[str, Any]
) -> Any:
    if "requestPayment" not in query:
        return _bucket_put(self, request, bucket_name, query)
    chosen = _PAYER.search(self.body if isinstance(self.body, bytes) else self.body.encode())
    if chosen is None:
        raise InvalidArgumentError("Payer must be Requester or BucketOwner", "Payer", "")
    self.backend.get_bucket(bucket_name).payer = chosen[1].decode()
    return 200, {}, ""


def all_buckets(self: S3Response) -> Any:
    """ListBuckets. Region names come only with a paged or filtered call, as on AWS."""
    self.data["Action"] = "ListBuckets"
    prefix, region = self._get_param("prefix") or "", self._get_param("bucket-region")
    token, limit = self._get_param("continuation-token") or "", self._get_param("max-buckets")
    filtered = any((prefix, region, token, limit))
    matching = [
        b
        for name, b in sorted(self.backend.buckets.items())
        if name.startswith(prefix) and name > token and region in (None, b.region_name)
    ]
    page = matching[: int(limit or 10_000)]
    buckets = [
        {"Name": b.name, "CreationDate": b.creation_date_ISO8601}
        | ({"BucketRegion": b.region_name} if filtered else {})
        for b in page
    ]
    owner = {"ID": "bcaf1ffd86f41161ca5fb16fd081034f", "DisplayName": "webfile"}
    result: dict[str, Any] = {"Owner": owner, "Buckets": buckets}
    if len(page) < len(matching):
        result["ContinuationToken"] = page[-1].name
    if prefix:
        result["Prefix"] = prefix
    return self.serialized(ActionResult(result))


def _name(entry: FakeKey | str) -> str:
    return entry if isinstance(entry, str) else entry.name


def list_objects(
    self: S3Backend,
    bucket: FakeBucket,
    prefix: str | None,
    delimiter: str | None,
    marker: str | None,
    max_keys: int | None,
) -> Any:
    after = (marker or "") + (LAST if delimiter and (marker or "").endswith(delimiter) else "")
    page, more = list_page(bucket, prefix or "", delimiter or "", after, min(max_keys or 0, 1000))
    keys, folders = (
        [k for k in page if isinstance(k, FakeKey)],
        [f for f in page if isinstance(f, str)],
    )
    return keys, folders, more, _name(page[-1]) if more else None


def list_objects_v2(
    self: S3Backend,
    bucket: FakeBucket,
    prefix: str | None,
    delimiter: str | None,
    continuation_token: str | None,
    start_after: str | None,
    max_keys: int,
) -> Any:
    after = start_after or ""
    if continuation_token:
        after = bytes.fromhex(continuation_token).decode()
    page, more = list_page(bucket, prefix or "", delimiter or "", after, min(max_keys, 1000))
    if not more:
        return page, False, None
    last = _name(page[-1]) + (LAST if isinstance(page[-1], str) else "")
    return page, True, last.encode().hex()


_moment = functools.lru_cache(100_000)(serialize.parse_to_aware_datetime)


def install() -> None:
    """Put the corrections into moto. Installing twice changes nothing."""
    models._VersionedKeyStore = OrderedKeyStore
    replaced = {
        FakeKey: (set_metadata,),
        FakeBucket: (set_logging, get_permission),
        S3Backend: (copy_object, get_bucket, list_objects, list_objects_v2),
        S3Response: (
            *(get_bucket_logging, all_buckets),
            *(_bucket_response_get, _bucket_response_put, _logging_from_body),
        ),
    }
    for owner, functions in replaced.items():
        for function in functions:
            setattr(owner, function.__name__, function)
    FakeAcl.__init__ = set_grants
    serialize.parse_to_aware_datetime = _moment
    S3Backend.log_incoming_request = lambda *_: None
