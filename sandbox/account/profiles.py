"""Kinds of buckets: their callers, operations, keys and daily rhythm."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.account import clients as who
from sandbox.account import hostile
from sandbox.account import operations as ops
from sandbox.account.buckets import ACCOUNT_ID, Bucket
from sandbox.account.clients import Client
from sandbox.account.period import HOUR, moment
from sandbox.account.selectors import WATCHED_PREFIX


@dataclass(frozen=True, slots=True)
class Habit:
    """A share (`weight`) of a kind's requests. Acts that are not in ACTS make several rows."""

    weight: float
    clients: tuple[Client, ...]
    act: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of bucket: its habits, keys and daily rhythm."""

    habits: tuple[Habit, ...]
    keys: Callable[[random.Random, int], str]
    rhythm: tuple[float, ...]
    weekend: float = 1.0
    versioned: bool = False


_FLAT = (1.0,) * 24
_OFFICE = (0.1,) * 6 + (0.4, 1.2, 2.6, 3.2, 3.0, 2.6, 2.0, 2.6, 3.0, 2.8, 2.2, 1.4) + (0.5,) * 6
_WEB = (
    *(0.5, 0.4, 0.3, 0.3, 0.3, 0.4, 0.6, 0.9, 1.1, 1.2, 1.3, 1.4),
    *(1.5, 1.4, 1.4, 1.4, 1.4, 1.5, 1.6, 1.7, 1.7, 1.5, 1.1, 0.8),
)
_NIGHT = (3.0, 5.0, 6.0, 4.0, 2.0) + (0.5,) * 17 + (1.0, 2.0)
_BATCH = (1.5, 1.5, 2.5, 2.5, 1.5, 1.0) + (0.9,) * 12 + (1.1,) * 6

_WEEKEND = 5


def _odd_key(rng: random.Random, plain: str) -> str:
    return hostile.KEYS[int(rng.random() * len(hostile.KEYS))] if rng.random() < 0.02 else plain


def _web_key(rng: random.Random, hour: int) -> str:
    kind = ("js", "css", "img", "fonts")[int(rng.random() * 4)]
    return f"assets/{kind}/{int(rng.random() ** 3 * 4000):05d}.{kind}"


def _lake_key(rng: random.Random, hour: int) -> str:
    at = moment(hour - int(rng.random() * 3) * HOUR)
    part = int(rng.random() * 400)
    return _odd_key(rng, f"events/dt={at:%Y-%m-%d}/hour={at:%H}/part-{part:05d}.snappy.parquet")


def _document_key(rng: random.Random, hour: int) -> str:
    number = int(rng.random() ** 2 * 9000)
    return _odd_key(rng, f"customers/{number:05d}/statement-{1 + number % 12:02d}.pdf")


def _upload_key(rng: random.Random, hour: int) -> str:
    return _odd_key(rng, f"incoming/user-{int(rng.random() * 5000)}/photo {_number(rng)}.jpg")


def _backup_key(rng: random.Random, hour: int) -> str:
    return f"db/{moment(hour):%Y/%m/%d}/orders-{_number(rng):04d}.dump.zst"


def _telemetry_key(rng: random.Random, hour: int) -> str:
    return f"fleet/{int(rng.random() * 900):04d}/{moment(hour):%Y-%m-%dT%H}-{_number(rng)}.avro"


def _shared_key(rng: random.Random, hour: int) -> str:
    folder = WATCHED_PREFIX if rng.random() < 0.3 else "drafts/"
    return f"{folder}study-{_number(rng)}.ipynb"


def _build_key(rng: random.Random, hour: int) -> str:
    return f"main/{1000 + _number(rng)}/app-{_number(rng)}.tar.gz"


def _trail_key(rng: random.Random, hour: int) -> str:
    return f"AWSLogs/{ACCOUNT_ID}/CloudTrail/{moment(hour):%Y/%m/%d}/{_number(rng)}.json.gz"


def _number(rng: random.Random) -> int:
    return int(rng.random() * 2000)


_STRANGERS = (
    Habit(1.0, (who.SCANNER,), "denied"),
    Habit(0.3, (who.SCANNER,), "denied_list"),
    Habit(0.2, (who.SCANNER,), "denied_put"),
    Habit(0.2, (who.STRANGER,), "bad_signature"),
    Habit(0.2, (who.STRANGER,), "bad_key_id"),
    Habit(0.1, (who.STRANGER,), "expired_token"),
    Habit(0.1, (who.SCANNER,), "bad_request"),
)
_UPKEEP = (
    *(Habit(0.15, (who.OPERATOR, who.ANALYST), op.name.rpartition(".")[2].lower())
      for op in ops.CONFIG_READS),
    Habit(0.15, (who.CONFIG,), "no_policy"),
    Habit(0.05, (who.ROOT,), "put_lifecycle"),
    Habit(0.3, (who.OPERATOR, who.CONFIG), "head_bucket"),
)  # fmt: skip
_PEOPLE = (who.ANALYST, who.CLERK, who.OPERATOR)

PROFILES: dict[str, Profile] = {
    "none": Profile((), _web_key, _FLAT),
    "web": Profile(
        (
            Habit(40, (who.CLOUDFRONT,), "get"),
            Habit(14, (who.ORIGIN_ACCESS_IDENTITY,), "get"),
            Habit(5, (who.CLOUDFRONT, who.ORIGIN_ACCESS_IDENTITY), "not_modified"),
            Habit(3, (who.CLOUDFRONT,), "missing"),
            Habit(12, (who.VISITOR,), "get"),
            Habit(3, (who.VISITOR,), "not_modified"),
            Habit(2, (who.VISITOR,), "get_range"),
            Habit(2, (who.VISITOR,), "preflight"),
            Habit(5, (who.SCANNER,), "probe"),
            Habit(4, (who.SCANNER,), "missing"),
            Habit(2, (who.SCANNER,), "head_missing"),
            Habit(4, (who.DEPLOYER,), "put"),
            Habit(2, (who.DEPLOYER,), "list"),
            Habit(1, (who.DEPLOYER,), "multi_delete"),
            *_STRANGERS,
            *_UPKEEP,
        ),
        _web_key,
        _WEB,
    ),
    "website": Profile(
        (
            Habit(40, (who.WEB_VISITOR,), "website"),
            Habit(6, (who.WEB_VISITOR,), "website_missing"),
            Habit(20, (who.VISITOR,), "get"),
            Habit(5, (who.VISITOR,), "get_range"),
            Habit(4, (who.SCANNER,), "probe"),
            Habit(4, (who.CLERK, who.DEPLOYER), "put"),
            Habit(1, (who.CLERK,), "put_acl"),
            Habit(1, (who.VISITOR,), "redirect"),
            *_STRANGERS,
        ),
        _web_key,
        _WEB,
    ),
    "lake": Profile(
        (
            Habit(34, (who.SPARK,), "sdk_get"),
            Habit(8, (who.SPARK_ACCESS_POINT,), "get"),
            Habit(10, (who.ATHENA,), "get_range"),
            Habit(12, (who.SPARK,), "put"),
            Habit(8, (who.TRAINER,), "sdk_get"),
            Habit(8, (who.SPARK, who.TRAINER), "head"),
            Habit(3, (who.SPARK,), "head_missing"),
            Habit(6, (who.SPARK, who.ATHENA), "list"),
            Habit(3, (who.SPARK,), "copy"),
            Habit(2, (who.SPARK,), "multi_delete"),
            Habit(2, (who.SPARK,), "multipart"),
            Habit(1, (who.SPARK,), "copy_part"),
            Habit(2, (who.ANALYST,), "get"),
            Habit(0.5, (who.ANALYST,), "denied"),
            *_UPKEEP,
        ),
        _lake_key,
        _BATCH,
    ),
    "documents": Profile(
        (
            Habit(30, _PEOPLE, "get"),
            Habit(16, (who.REPORTS,), "sdk_get"),
            Habit(12, (who.REPORTS, who.CLERK), "put"),
            Habit(8, _PEOPLE, "list"),
            Habit(8, (who.REPORTS, who.ANALYST), "head"),
            Habit(3, (who.CLERK,), "delete"),
            Habit(3, (who.ANALYST,), "denied"),
            Habit(2, (who.REPORTS,), "missing"),
            Habit(2, (who.REPORTS,), "precondition"),
            Habit(2, (who.ANALYST, who.REPORTS), "get_tags"),
            Habit(1, (who.CLERK,), "put_tags"),
            Habit(1, (who.OPERATOR,), "get_acl"),
            Habit(1, (who.OPERATOR,), "put_acl"),
            Habit(1, (who.OPERATOR,), "list_versions"),
            Habit(2, (who.PARTNER,), "get"),
            Habit(1, (who.PARTNER,), "denied"),
            *_STRANGERS,
            *_UPKEEP,
        ),
        _document_key,
        _OFFICE,
        weekend=0.3,
        versioned=True,
    ),
    "uploads": Profile(
        (
            Habit(30, (who.UPLOADER,), "sdk_put"),
            Habit(20, (who.PRESIGNED,), "get"),
            Habit(10, (who.PRESIGNED,), "put"),
            Habit(3, (who.PRESIGNED,), "preflight"),
            Habit(14, (who.UPLOADER,), "sdk_get"),
            Habit(5, (who.UPLOADER,), "multipart"),
            Habit(4, (who.UPLOADER,), "head"),
            Habit(3, (who.UPLOADER,), "delete"),
            Habit(2, (who.UPLOADER,), "copy"),
            Habit(2, (who.UPLOADER,), "put_tags"),
            *_STRANGERS,
        ),
        _upload_key,
        _WEB,
    ),
    "backups": Profile(
        (
            Habit(30, (who.BACKUP,), "multipart"),
            Habit(20, (who.BACKUP,), "put"),
            Habit(8, (who.BACKUP,), "list"),
            Habit(6, (who.BACKUP,), "multi_delete"),
            Habit(4, (who.OPERATOR,), "get"),
            Habit(2, (who.OPERATOR,), "restore"),
            *_UPKEEP,
        ),
        _backup_key,
        _NIGHT,
        versioned=True,
    ),
    "telemetry": Profile(
        (
            Habit(60, (who.DEVICES,), "sdk_put"),
            Habit(20, (who.REPORTS,), "sdk_get"),
            Habit(4, (who.REPORTS,), "list"),
            Habit(2, (who.REPORTS,), "delete"),
            Habit(2, (who.STRANGER,), "expired_token"),
        ),
        _telemetry_key,
        _FLAT,
    ),
    "shared": Profile(
        (
            Habit(20, (who.ANALYST, who.REPORTS), "get"),
            Habit(10, (who.ANALYST,), "put"),
            Habit(5, (who.ANALYST,), "list"),
        ),
        _shared_key,
        _OFFICE,
        weekend=0.3,
    ),
    "builds": Profile(
        (
            Habit(20, (who.DEPLOYER,), "put"),
            Habit(40, (who.DEPLOYER,), "get"),
            Habit(5, (who.DEPLOYER,), "list"),
            Habit(2, (who.OPERATOR,), "delete"),
        ),
        _build_key,
        _OFFICE,
        weekend=0.5,
    ),
    "trail": Profile(
        (Habit(30, (who.CLOUDTRAIL,), "put"), Habit(2, (who.OPERATOR,), "get")),
        _trail_key,
        _FLAT,
    ),
}


def volume(bucket: Bucket, hour: int) -> float:
    """Return the volume of a bucket in an hour, relative to all others."""
    profile = PROFILES[bucket.profile]
    at = moment(hour)
    weekly = profile.weekend if at.weekday() >= _WEEKEND else 1.0
    return bucket.weight * weekly * profile.rhythm[at.hour] / sum(profile.rhythm)
