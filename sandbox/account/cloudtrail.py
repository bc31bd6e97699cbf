"""CloudTrail: requests become events, five minutes of a Region's events become a file."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from dataclasses import dataclass, replace
from functools import lru_cache

from sandbox.account import operations as ops
from sandbox.account.access_log import host_header
from sandbox.account.buckets import ACCOUNT_ID, Bucket, Seen
from sandbox.account.clients import CIPHER, SESSION_START, Client
from sandbox.account.period import HOUR, iso, moment
from sandbox.account.selectors import DELETES, UNWATCHED, WATCHED_PREFIX
from sandbox.account.traffic import Request

WINDOW = 300
_COMPRESSION = 2
_SOONEST, _LATEST = 120, 600


@dataclass(frozen=True, slots=True)
class TrailFile:
    """A log file. `content` is the JSON that digests hash, `body` the gzip that is stored."""

    region: str
    window: int
    key: str
    content: bytes
    body: bytes
    delivered_at: int
    event_count: int
    oldest: int
    newest: int


def is_recorded(request: Request) -> bool:
    """Whether the trail writes an event for this request."""
    operation = request.operation
    if (
        operation.event_name is None
        or request.client.identity is None
        or not request.act.is_recorded
    ):
        return False
    if operation.is_management:
        return True
    seen = request.bucket.reads if operation.reads else request.bucket.writes
    if seen is Seen.SOME:
        return (request.key or "").startswith(WATCHED_PREFIX)
    if seen is Seen.BUT_DELETES:
        return operation.event_name not in DELETES
    if seen is Seen.BUT_CALLERS:
        return UNWATCHED not in request.client.identity
    return seen is Seen.ALL


def events(request: Request) -> list[str]:
    """Return the events of a recorded request as JSON: one, and one per key of a batch delete."""
    made = [_event(request)]
    made += [_service_event(request, key) for key in request.batch_keys]
    return made


def _event(r: Request) -> str:
    operation = r.operation
    error = ""
    if r.act.error is not None:
        error = f'"errorCode":"{r.act.error}","errorMessage":"{_MESSAGES[r.act.error]}",'
    level = ("true", "Management") if operation.is_management else ("false", "Data")
    console = ',"sessionCredentialFromConsole":"true"' if r.client.from_console else ""
    return (
        f'{{"eventVersion":"1.11","userIdentity":{_identity(r.client, r.completed // HOUR)},'
        f'"eventTime":"{_clock(r.completed // 60)}{r.completed % 60:02d}Z",'
        f'"eventSource":"s3.amazonaws.com","eventName":"{operation.event_name}",'
        f'"awsRegion":"{r.bucket.region}","sourceIPAddress":"{_address(r)}",'
        f'"userAgent":{_agent(r.user_agent)},{error}'
        f'"requestParameters":{_parameters(r)},"responseElements":{_response(r)},'
        f'"additionalEventData":{_additional(r)},'
        f'"requestID":"{r.request_id}","eventID":"{_event_id(r.host_id)}",'
        f'"readOnly":{"true" if operation.reads else "false"},'
        f'"resources":{_resources(r)},"eventType":"AwsApiCall","managementEvent":{level[0]},'
        f'"recipientAccountId":"{ACCOUNT_ID}","eventCategory":"{level[1]}"{console}'
        f"{_tls(r.client, r.bucket)}}}"
    )


def _service_event(r: Request, key: str) -> str:
    """Return the event of one key of a batch delete (CloudTrail adds it since June 2025)."""
    arn = json.dumps(f"{r.bucket.arn}/{key}")
    return (
        f'{{"eventVersion":"1.11","userIdentity":{_identity(r.client, r.completed // HOUR)},'
        f'"eventTime":"{_clock(r.completed // 60)}{r.completed % 60:02d}Z",'
        f'"eventSource":"s3.amazonaws.com","eventName":"DeleteObject",'
        f'"awsRegion":"{r.bucket.region}","sourceIPAddress":"{_address(r)}",'
        f'"userAgent":{_agent(r.user_agent)},'
        f'"requestParameters":{{"bucketName":"{r.bucket.name}","key":{json.dumps(key)}}},'
        f'"responseElements":null,"additionalEventData":{{"x-amz-id-2":"{r.host_id}"}},'
        f'"requestID":"{r.request_id}","eventID":"{_event_id(r.host_id + key)}","readOnly":false,'
        f'"resources":[{{"type":"AWS::S3::Object","ARN":{arn}}},{_bucket_resource(r.bucket)}],'
        f'"eventType":"AwsServiceEvent","managementEvent":false,'
        f'"recipientAccountId":"{ACCOUNT_ID}","eventCategory":"Data"}}'
    )


_OWN_KEY = "x-amz-server-side-encryption-customer-algorithm"
_MESSAGES = {
    "AccessDenied": "Access Denied",
    "NoSuchKey": "The specified key does not exist.",
    "NoSuchBucketPolicy": "The bucket policy does not exist",
    "PreconditionFailed": "At least one of the pre-conditions you specified did not hold",
}


@lru_cache(maxsize=4096)
def _clock(minute: int) -> str:
    return moment(minute * 60).strftime("%Y-%m-%dT%H:%M:")


@lru_cache(maxsize=4096)
def _identity(client: Client, hour_number: int) -> str:
    return (client.identity or "{}").replace(SESSION_START, iso(hour_number * HOUR))


@lru_cache(maxsize=1024)
def _agent(user_agent: str) -> str:
    # CloudTrail keeps 1 KB of it; a service's name has no brackets
    if user_agent.endswith(".amazonaws.com"):
        return json.dumps(user_agent)
    return json.dumps(f"[{user_agent}]"[:1024])


def _address(r: Request) -> str:
    return r.remote_ip if r.remote_ip != "-" else r.user_agent


def _event_id(text: str) -> str:
    # derived, so that an event keeps its id when the account is generated again
    digits = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@lru_cache(maxsize=4096)
def _bucket_resource(bucket: Bucket) -> str:
    return f'{{"accountId":"{ACCOUNT_ID}","type":"AWS::S3::Bucket","ARN":"{bucket.arn}"}}'


def _resources(r: Request) -> str:
    if r.operation.is_management:
        return f"[{_bucket_resource(r.bucket)}]"
    if r.key is None:
        listed = f'{{"type":"AWS::S3::Object","ARNPrefix":"{r.bucket.arn}/"}}'
    else:
        listed = f'{{"type":"AWS::S3::Object","ARN":{json.dumps(f"{r.bucket.arn}/{r.key}")}}}'
    if r.copy_source is not None:
        source, key = r.copy_source
        listed += f',{{"type":"AWS::S3::Object","ARN":{json.dumps(f"{source.arn}/{key}")}}}'
    return f"[{listed},{_bucket_resource(r.bucket)}]"


def _parameters(r: Request) -> str:
    host = host_header(r.client, r.bucket)
    text = f'{{"bucketName":"{r.bucket.name}","Host":"{host}"'
    if r.key is not None:
        text += f',"key":{json.dumps(r.key)}'
    if r.copy_source is not None:
        source, key = r.copy_source
        text += f',"x-amz-copy-source":{json.dumps(f"{source.name}/{key}")}'
    if r.client.auth == "QueryString":
        signed, valid = moment(r.client.signed_at(r.received)), r.client.valid_seconds
        text += f',"X-Amz-Date":"{signed:%Y%m%dT%H%M%SZ}","X-Amz-Expires":"{valid}"'
    if r.act.has_own_key:
        text += f',"{_OWN_KEY}":"AES256"'
    for pair in r.operation.query.removeprefix("?").split("&"):
        if pair:
            name, _, value = pair.partition("=")
            value = r.version_id if name == "versionId" else value
            text += f',"{name}":"{value}"'
    return text + "}"


def _response(r: Request) -> str:
    if r.act.has_own_key:
        return f'{{"{_OWN_KEY}":"AES256"}}'
    if r.operation in {ops.PUT, ops.SDK_PUT} and r.act.error is None:
        return '{"x-amz-server-side-encryption":"AES256"}'
    return "null"


def _additional(r: Request) -> str:
    received = r.object_size or 0 if r.operation.method == "PUT" else 0
    signed = ""
    if r.client.auth != "-":
        signed = f'"SignatureVersion":"SigV4","AuthenticationMethod":"{r.client.auth}",'
    cipher = f'"CipherSuite":"{r.client.cipher}",' if r.client.cipher != "-" else ""
    acl = ',"aclRequired":"Yes"' if r.client.acl_required else ""
    applied = '"SSEApplied":"SSE_C",' if r.act.has_own_key else ""
    return (
        f'{{{signed}{cipher}{applied}"bytesTransferredIn":{received},"x-amz-id-2":"{r.host_id}",'
        f'"bytesTransferredOut":{r.bytes_sent}{acl}}}'
    )


@lru_cache(maxsize=4096)
def _tls(client: Client, bucket: Bucket) -> str:
    # calls by services and over plain HTTP have no TLS details
    if client.is_service or client.tls == "-":
        return ""
    host = host_header(client, bucket)
    cipher = client.cipher if client.cipher != "-" else CIPHER
    return (
        f',"tlsDetails":{{"tlsVersion":"{client.tls}","cipherSuite":"{cipher}",'
        f'"clientProvidedHostHeader":"{host}"}}'
    )


@lru_cache(maxsize=4096)
def delivered_at(seed: int, region: str, window: int) -> int:
    """Return when the file of [window, window + 5 minutes) is delivered."""
    return window + WINDOW + _draw(seed, region, window).randint(_SOONEST, _LATEST)


def trail_file(
    seed: int, region: str, window: int, records: list[str], times: list[int]
) -> TrailFile:
    """Return the file of one Region's window."""
    arrived = delivered_at(seed, region, window)
    unique = "".join(_draw(seed, region, window + 1).choices(_LETTERS, k=16))
    content = f'{{"Records":[{",".join(records)}]}}'.encode()
    return TrailFile(
        region=region,
        window=window,
        key=file_key(region, arrived, unique),
        content=content,
        body=gzip.compress(content, _COMPRESSION, mtime=0),
        delivered_at=arrived,
        event_count=len(records),
        oldest=min(times),
        newest=max(times),
    )


def forged_file(seed: int, genuine: TrailFile) -> TrailFile:
    """Return a file of requests that nobody made: those of `genuine` with other request ids."""
    draw = _draw(seed, genuine.region, genuine.window + 2)
    records = json.loads(genuine.content)["Records"]
    for record in records:
        record["requestID"] = f"{draw.getrandbits(64):016X}"
        record["eventID"] = _event_id(record["requestID"])
    content = json.dumps({"Records": records}, separators=(",", ":")).encode()
    return replace(
        genuine,
        key=file_key(genuine.region, genuine.delivered_at, "".join(draw.choices(_LETTERS, k=16))),
        content=content,
        body=gzip.compress(content, _COMPRESSION, mtime=0),
    )


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def file_key(region: str, arrived: int, unique: str) -> str:
    """Return a log file's key; its path and name hold the moment of delivery."""
    at = moment(arrived)
    return (
        f"AWSLogs/{ACCOUNT_ID}/CloudTrail/{region}/{at:%Y/%m/%d}/"
        f"{ACCOUNT_ID}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{unique}.json.gz"
    )


def _draw(seed: int, region: str, window: int) -> random.Random:
    return random.Random(f"{seed}/trail/{region}/{window}")
