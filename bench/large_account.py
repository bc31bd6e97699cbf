"""Accounts of any size, in a sandbox of this process: log places, digest chains, a year of days."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Any

import boto3

from bench.generated import Contents, Generated
from lacuna.lake.glue import batches
from lacuna.settings import Settings
from lacuna.tables import evidence, raw
from lacuna.tables.published import BUILD, MARTS, MOST, ORDER, Name, version
from sandbox.account.digests import SigningKey, signing_key
from sandbox.athena.moto_fixes.cloudtrail import register_public_key
from sandbox.athena.moto_fixes.s3 import backend, current_keys, put_objects
from sandbox.athena.server import Sandbox

REGION = "us-east-1"
LAKE = "bench-lake"
TARGET, TRAIL_BUCKET, TRAIL = "bench-logs", "bench-trail", "bench"
ORGANIZATION = "o-bench00000"

# When the files of the lake were written
OLD = datetime(2020, 1, 1, tzinfo=UTC)

_HOURS = 24
_FILE = gzip.compress(b'{"Records":[{}]}', mtime=0)
_FILE_SHA256 = hashlib.sha256(b'{"Records":[{}]}').hexdigest()


@dataclass(slots=True)
class LargeAccount:
    """A sandbox of this process, the buckets in it that are generated, and its other accounts."""

    box: Sandbox
    generated: Generated
    others: tuple[str, ...] = ()

    def client(self, service: str, keys: Mapping[str, str] | None = None) -> Any:
        """Return a client of the sandbox, with the keys of another account if they are given."""
        make: Any = boto3.client
        return make(service, **{**self.box.access, **(keys or {})})

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to work in this account."""
        access = self.box.access
        return {
            "AWS_ENDPOINT_URL": access["endpoint_url"],
            "AWS_DEFAULT_REGION": access["region_name"],
            "AWS_ACCESS_KEY_ID": access["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": access["aws_secret_access_key"],
            "LACUNA_LAKE_BUCKET": LAKE,
            "LACUNA_ACCOUNTS": ",".join(self.others),
        }

    def add_accounts(self, number: int, buckets: int) -> None:
        """Let there be so many other accounts, each with so many buckets."""
        self.others = tuple(f"{one + 1:012}" for one in range(number))
        sts = self.client("sts")
        for account_id in self.others:
            role = f"arn:aws:iam::{account_id}:role/builder"
            keys = sts.assume_role(RoleArn=role, RoleSessionName="bench")["Credentials"]
            own = {
                "aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
                "aws_session_token": keys["SessionToken"],
            }
            s3 = self.client("s3", own)
            for bucket in range(buckets):
                s3.create_bucket(Bucket=f"of-{account_id}-{bucket:05}")

    def add_access_logs(self, day: date, places: int, objects: int) -> None:
        """Let a log bucket hold `objects` access logs of the day in each of `places` prefixes."""
        self.client("s3").create_bucket(Bucket=TARGET)
        stamps = [midnight(day) + timedelta(seconds=86_400 * n // objects) for n in range(objects)]
        keys = [
            f"{source_of(place)}/{stamp:%Y-%m-%d-%H-%M-%S}-{place * objects + n:016X}"
            for place in range(places)
            for n, stamp in enumerate(stamps)
        ]
        self.generated.buckets[TARGET] = Contents(keys, _stamped)

    def add_digest_chains(self, day: date, accounts: int) -> None:
        """Let an organization's trail hold a chain of signed digests of the day for each account."""
        self.client("s3").create_bucket(Bucket=TRAIL_BUCKET)
        cloudtrail = self.client("cloudtrail")
        cloudtrail.create_trail(
            Name=TRAIL,
            S3BucketName=TRAIL_BUCKET,
            IsOrganizationTrail=True,
            EnableLogFileValidation=True,
        )
        cloudtrail.start_logging(Name=TRAIL)
        key = signing_key(0, REGION)
        first, last = datetime(2006, 3, 1), datetime(2100, 1, 1)
        register_public_key(REGION, key.public_der, key.fingerprint, first, last)
        bodies: dict[str, tuple[bytes, dict[str, str]]] = {}
        for number in range(accounts):
            bodies |= digest_chain(day, f"{number + 1:012}", key)
        self.generated.buckets[TRAIL_BUCKET] = Contents(
            sorted(bodies), _delivered, default=_FILE, bodies=bodies
        )

    def add_marts(self, day: date, days: int) -> None:
        """Let readers be shown each of the `days` that end with `day`, as its own run built it."""
        for mart in ORDER:
            runs = {
                one: version(one, midnight(one) + timedelta(days=1)) for one in _before(day, days)
            }
            self._add_days(MARTS, mart, mart, runs)

    def add_builds(self, day: date, days: int) -> None:
        """Let the run of `day` have built these days of each mart, and not published them."""
        for mart in ORDER:
            runs = dict.fromkeys(_before(day, days), version(day, datetime.now(UTC)))
            self._add_days(BUILD, str(Name(mart, day, day, is_rows=True)), mart, runs)

    def _add_days(self, database: str, table: str, mart: str, runs: Mapping[date, str]) -> None:
        """Create a table with a partition for each day, which lies in the folder of a run."""
        root = f"marts/{mart}"
        folders = {day: f"{root}/run={run}-0/event_date={day}" for day, run in runs.items()}
        put_objects(LAKE, ((f"{one}/0.parquet", b"", OLD, None) for one in folders.values()))
        location = f"s3://{LAKE}/{root}"
        if database == BUILD:
            location += f"/run={next(iter(runs.values()))}-0"
        glue = self.client("glue")
        glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": table,
                "StorageDescriptor": {"Location": location, "Columns": []},
                "PartitionKeys": [{"Name": "event_date", "Type": "date"}],
            },
        )
        partitions = [
            {"Values": [str(day)], "StorageDescriptor": {"Location": f"s3://{LAKE}/{folder}"}}
            for day, folder in folders.items()
        ]
        self._register(database, table, partitions)

    def repeat_evidence(self, day: date, days: int) -> None:
        """Let each of the `days` that end with `day` have the evidence of that day.

        Of raw partitions a lake has those of some days: a run drops the ones that are parsed.
        """
        others = [str(one) for one in _before(day, days) if one != day]
        own = f"={day}/"
        files = [key for key in current_keys(backend().buckets[LAKE], "") if own in key.name]
        for other in others:
            copies = ((key.name.replace(str(day), other), key.value, OLD, None) for key in files)
            put_objects(LAKE, copies)
        glue = self.client("glue")
        raw_days = others[: Settings().event_day_folders]
        for database, kept in ((evidence.DATABASE, others), (raw.DATABASE, raw_days)):
            for table in glue.get_tables(DatabaseName=database)["TableList"]:
                where = {"DatabaseName": database, "TableName": table["Name"]}
                found = json.dumps(
                    [
                        {"Values": one["Values"], "StorageDescriptor": one["StorageDescriptor"]}
                        for one in glue.get_partitions(**where)["Partitions"]
                    ]
                )
                partitions = [json.loads(found.replace(str(day), other)) for other in kept]
                self._register(database, table["Name"], list(chain.from_iterable(partitions)))

    def _register(self, database: str, table: str, partitions: Sequence[Any]) -> None:
        glue = self.client("glue")
        for some in batches(partitions, MOST["create"]):
            glue.batch_create_partition(
                DatabaseName=database, TableName=table, PartitionInputList=some
            )


@contextmanager
def large_account() -> Iterator[LargeAccount]:
    """Serve an empty account whose buckets may be generated."""
    wrapped: list[Generated] = []

    def wrap(app: Any) -> Generated:
        wrapped.append(Generated(app))
        return wrapped[0]

    with Sandbox(wrap=wrap) as box:
        yield LargeAccount(box, wrapped[0])


def source_of(place: int) -> str:
    """Return the name of the bucket that logs to one of the places of access logs."""
    return f"source-{place:05}"


def midnight(day: date) -> datetime:
    """Return when a day begins."""
    return datetime.combine(day, time(tzinfo=UTC))


def _before(day: date, days: int) -> list[date]:
    return [day - timedelta(days=n) for n in range(days)]


def digest_chain(
    day: date, account_id: str, key: SigningKey
) -> Iterator[tuple[str, tuple[bytes, dict[str, str]]]]:
    """Yield the digests of an account's day, the one before them, and the file that each names."""
    folder = f"AWSLogs/{ORGANIZATION}/{account_id}"
    previous: tuple[str, bytes, str] | None = None
    for hour in range(_HOURS + 1):
        end = midnight(day) + timedelta(hours=hour) - timedelta(minutes=30)
        at = end - timedelta(minutes=10)
        name = f"{account_id}_CloudTrail_{REGION}_{at:%Y%m%dT%H%MZ}_{hour:016X}.json.gz"
        file = f"{folder}/CloudTrail/{REGION}/{at:%Y/%m/%d}/{name}"
        yield file, (_FILE, {})
        previous = _digest(folder, account_id, end, file, previous, key)
        signed = {"signature": previous[2], "signature-algorithm": "SHA256withRSA"}
        yield previous[0], (gzip.compress(previous[1], mtime=0), signed)


def _digest(
    folder: str,
    account_id: str,
    end: datetime,
    file: str,
    previous: tuple[str, bytes, str] | None,
    key: SigningKey,
) -> tuple[str, bytes, str]:
    """Return the key, the content and the signature of the digest of one hour."""
    name = (
        f"{folder}/CloudTrail-Digest/{REGION}/{end:%Y/%m/%d}/{account_id}_CloudTrail-Digest_"
        f"{REGION}_{TRAIL}_{REGION}_{end:%Y%m%dT%H%M%SZ}.json.gz"
    )
    document: dict[str, Any] = {
        "awsAccountId": account_id,
        "digestStartTime": f"{end - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "digestS3Bucket": TRAIL_BUCKET,
        "digestS3Object": name,
        "digestPublicKeyFingerprint": key.fingerprint,
        "logFiles": [{"s3Bucket": TRAIL_BUCKET, "s3Object": file, "hashValue": _FILE_SHA256}],
    }
    if previous:
        document |= {
            "previousDigestS3Bucket": TRAIL_BUCKET,
            "previousDigestS3Object": previous[0],
            "previousDigestHashValue": hashlib.sha256(previous[1]).hexdigest(),
            "previousDigestSignature": previous[2],
        }
    content = json.dumps(document).encode()
    lines = (
        document["digestEndTime"],
        f"{TRAIL_BUCKET}/{name}",
        hashlib.sha256(content).hexdigest(),
        previous[2] if previous else "null",
    )
    return name, content, key.sign("\n".join(lines))


def _stamped(key: str) -> datetime:
    """Return when an access log was delivered: a minute after the stamp in its key."""
    stamp = key.rpartition("/")[2][:19]
    return datetime.strptime(stamp, "%Y-%m-%d-%H-%M-%S") + timedelta(seconds=30)


def _delivered(key: str) -> datetime:
    """Return when a CloudTrail file or digest was delivered: at the moment in its name."""
    moment = next(part for part in reversed(key.split("_")) if part[8:9] == "T")
    return datetime.strptime(moment.removesuffix(".json.gz")[:13], "%Y%m%dT%H%M")
