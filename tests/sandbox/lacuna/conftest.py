"""An AWS account of a test's own: a sandbox in a process of its own, emptied before every test."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.support import REPO

ACCOUNT = "123456789012"
REGION = "us-east-1"
DAY = date(2026, 11, 21)
OBSERVED_AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
FINGERPRINT = "f1"
PAGE = 50

# moto's state is one to a process. The key that signs digests is made there, where it is served.
SERVE = """
import sys
from datetime import UTC, datetime
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
from sandbox.athena.moto_fixes.cloudtrail import register_public_key
from sandbox.athena.server import Sandbox

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public = key.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.PKCS1)
pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode()
with Sandbox(port=0) as box:
    for region in ("us-east-1", "eu-west-1"):
        register_public_key(region, public, "f1", datetime(2006, 3, 1), datetime(2100, 1, 1))
        # went out of use on the day before the one that most tests are about
        register_public_key(region, public, "f0", datetime(2006, 3, 1), datetime(2026, 11, 20, 12))
    print(box.url, pem.replace("\\n", "|"), flush=True)
    sys.stdin.read()
"""


@dataclass
class Cloud:
    """An account to build by hand, in the words of the tests."""

    url: str
    key: RSAPrivateKey
    session: boto3.Session
    account_id: str = ACCOUNT
    digests: list[tuple[str, bytes, str]] = field(default_factory=list)
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def of(self, account_id: str) -> "Cloud":
        """Another account of the same world."""
        keys = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/builder", RoleSessionName="test"
        )["Credentials"]
        session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return Cloud(self.url, self.key, session, account_id)

    def client(self, service: str, region: str = REGION) -> Any:
        made = self.clients.get((service, region))
        if made is None:
            made = self.session.client(service, endpoint_url=self.url, region_name=region)
            self.clients[service, region] = made
        return made

    def faults(self, *faults: dict[str, Any]) -> None:
        self._put("/_sandbox/faults", json.dumps(faults).encode())

    def fired(self) -> list[int]:
        """How often each of the faults was met."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/faults") as answer:
            return [fault["fired"] for fault in json.load(answer)]

    def keys(self, bucket: str) -> list[str]:
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def calls(self, operation: str) -> int:
        with urllib.request.urlopen(f"{self.url}/_sandbox/calls") as answer:
            counts = json.load(answer)
        return sum(count for name, count in counts.items() if name.rpartition(":")[2] == operation)

    def reset(self) -> None:
        urllib.request.urlopen(
            urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        ).close()
        self.faults()

    def bucket(self, name: str, region: str = REGION) -> str:
        where: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.client("s3", region).create_bucket(Bucket=name, **({} if region == REGION else where))
        return name

    def log_bucket(self, name: str, region: str = REGION) -> str:
        """A bucket that the log service may write to."""
        self.bucket(name, region)
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{name}/*",
            "Condition": {"StringEquals": {"aws:SourceAccount": self.account_id}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("s3", region).put_bucket_policy(Bucket=name, Policy=policy)
        return name

    def sound_log_bucket(self, name: str) -> str:
        """A log bucket without a weakness."""
        self.log_bucket(name)
        s3 = self.client("s3")
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        flags = (
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets",
        )
        s3.put_public_access_block(
            Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(flags, True)
        )
        ownership = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=ownership)
        return name

    def log_to(self, source: str, target: str, prefix: str = "", layout: str | None = None) -> None:
        """Turn a bucket's access log on; `layout` is EventTime, DeliveryTime or None (simple)."""
        enabled: dict[str, Any] = {"TargetBucket": target, "TargetPrefix": prefix}
        if layout:
            enabled["TargetObjectKeyFormat"] = {
                "PartitionedPrefix": {"PartitionDateSource": layout}
            }
        self.client("s3").put_bucket_logging(
            Bucket=source, BucketLoggingStatus={"LoggingEnabled": enabled}
        )

    def put(self, bucket: str, key: str, body: bytes, at: datetime, **metadata: str) -> str:
        self.client("s3").put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            Metadata={"delivered-at": at.isoformat(), **metadata},
        )
        return f"s3://{bucket}/{key}"

    def access_log(self, bucket: str, prefix: str, at: datetime, unique: int = 0) -> str:
        """A log object of a simple prefix."""
        key = f"{prefix}{at:%Y-%m-%d-%H-%M-%S}-{unique:016X}"
        return self.put(bucket, key, b"a line\n", at)

    def trail(self, name: str, bucket: str, **options: Any) -> str:
        """A multi-Region trail that records every S3 data event."""
        self.bucket(bucket)
        cloudtrail = self.client("cloudtrail")
        arn = cloudtrail.create_trail(
            Name=name, S3BucketName=bucket, **{"IsMultiRegionTrail": True, **options}
        )["TrailARN"]
        fields = [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        ]
        cloudtrail.put_event_selectors(
            TrailName=arn, AdvancedEventSelectors=[{"Name": "s3", "FieldSelectors": fields}]
        )
        cloudtrail.start_logging(Name=arn)
        return str(arn)

    def store(self, name: str, region: str = REGION, **options: Any) -> str:
        """An event data store of CloudTrail Lake that records every S3 data event."""
        fields = [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        ]
        answer = self.client("cloudtrail", region).create_event_data_store(
            Name=name,
            AdvancedEventSelectors=[{"Name": "s3", "FieldSelectors": fields}],
            **options,
        )
        return str(answer["EventDataStoreArn"])

    def trail_file(
        self,
        bucket: str,
        at: datetime,
        content: bytes = b'{"Records":[{}]}',
        unique: int = 0,
        folder: str = "AWSLogs/",
        region: str = REGION,
    ) -> tuple[str, str]:
        """A CloudTrail log file; its s3:// URL and the hash that a digest would give it."""
        key = (
            f"{folder}{ACCOUNT}/CloudTrail/{region}/{at:%Y/%m/%d}/"
            f"{ACCOUNT}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{unique:016d}.json.gz"
        )
        url = self.put(bucket, key, gzip.compress(content), at)
        return url, hashlib.sha256(content).hexdigest()

    def digest(
        self,
        bucket: str,
        end: datetime,
        files: list[tuple[str, str]],
        trail: str = "main",
        fingerprint: str = FINGERPRINT,
        backfill: str = "",
        region: str = REGION,
    ) -> str:
        """The digest of the hour before `end`, chained to the one made before it; its key."""
        key = (
            f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}/"
            f"{ACCOUNT}_CloudTrail-Digest_{region}_{trail}_{REGION}_{end:%Y%m%dT%H%M%SZ}"
            f"{backfill}.json.gz"
        )
        previous = self.digests[-1] if self.digests else None
        document = {
            "awsAccountId": ACCOUNT,
            "digestStartTime": f"{end - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "digestS3Bucket": bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": fingerprint,
            "previousDigestS3Bucket": bucket if previous else None,
            "previousDigestS3Object": previous[0] if previous else None,
            "previousDigestHashValue": hashlib.sha256(previous[1]).hexdigest()
            if previous
            else None,
            "previousDigestSignature": previous[2] if previous else None,
            "logFiles": [
                {
                    "s3Bucket": bucket,
                    "s3Object": url.removeprefix(f"s3://{bucket}/"),
                    "hashValue": h,
                }
                for url, h in files
            ],
        }
        content = json.dumps(document).encode()
        text = "\n".join(
            [
                str(document["digestEndTime"]),
                f"{bucket}/{key}",
                hashlib.sha256(content).hexdigest(),
                previous[2] if previous else "null",
            ]
        )
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
        at = end + timedelta(minutes=2)
        self.put(bucket, key, gzip.compress(content), at, signature=signature)
        self.digests.append((key, content, signature))
        return key

    def _put(self, path: str, body: bytes) -> None:
        request = urllib.request.Request(f"{self.url}{path}", data=body, method="PUT")
        urllib.request.urlopen(request).close()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[tuple[str, RSAPrivateKey]]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPO,
        # Short pages: what takes more than one LIST need not take a thousand objects.
        env={
            **os.environ,
            "MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE),
            # as AWS, where no policy of the bucket says otherwise
            "MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false",
        },
    ) as server:
        assert server.stdin
        assert server.stdout
        url, pem = server.stdout.readline().rstrip("\n").split(" ", 1)
        key = serialization.load_pem_private_key(pem.replace("|", "\n").encode(), None)
        assert isinstance(key, RSAPrivateKey)
        yield url, key
        server.stdin.close()


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One for all tests: it keeps AWS's API descriptions, which take long to load."""
    return boto3.Session("test", "test")


@pytest.fixture
def cloud(
    endpoint: tuple[str, RSAPrivateKey], session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> Cloud:
    """An empty account; the environment points every client at it."""
    url, key = endpoint
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in os.environ if name.startswith("LACUNA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    account = Cloud(url, key, session)
    account.reset()
    return account


@pytest.fixture
def at() -> Any:
    """A moment of the delivery day that most tests are about, or of a day near it."""

    def moment(hour: int, minute: int = 0, second: int = 0, days: int = 0) -> datetime:
        midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
        return midnight + timedelta(days=days, hours=hour, minutes=minute, seconds=second)

    return moment


@pytest.fixture
def settings(cloud: Cloud) -> Any:
    """Those of an empty environment, with one Region to look for event data stores in; the lake is there.

    Without a named Region every observation asks some forty. Tests about stores say `store_regions=()`.
    """
    from lacuna.lake import lake
    from lacuna.settings import Settings

    defaults = replace(Settings.from_env(), store_regions=(REGION,))
    lake.open_lake(defaults).prepare()
    return defaults


@pytest.fixture
def soon_tired(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run gives a call two attempts, not eight with a minute of waits between them."""
    from lacuna.aws import session

    monkeypatch.setattr(session, "_ATTEMPTS", 2)


@pytest.fixture
def observed(settings: Any) -> Any:
    """Observe, and read back what was written, by bucket name."""
    from lacuna.lake import lake
    from lacuna.steps import snapshot
    from lacuna.tables.evidence import LOGGING_SNAPSHOTS

    def look(at: datetime = OBSERVED_AT, **changed: Any) -> Any:
        snapshot.observe(replace(settings, **changed), at)
        day = at.astimezone(UTC).date()
        rows = lake.open_lake(settings).read(LOGGING_SNAPSHOTS, {"observed_on": day})
        by_name = {row["bucket_name"]: row for row in rows}
        assert len(by_name) == len(rows)
        return by_name

    return look


@pytest.fixture
def run(settings: Any) -> Any:
    """Observe the account and catalogue a day, as the daily run does."""
    from lacuna.steps import catalog, snapshot

    def catalogue_day(day: date = DAY) -> Any:
        snapshot.observe(settings, OBSERVED_AT)
        return catalog.catalog_day(settings, day)

    return catalogue_day


@pytest.fixture
def rows(settings: Any) -> Any:
    """A day's rows of an evidence table."""
    from lacuna.lake import lake

    def read(table: Any, day: date = DAY) -> Any:
        return lake.open_lake(settings).read(table, {"delivered_on": day})

    return read


@pytest.fixture
def objects(rows: Any) -> Any:
    """The day's catalogue by s3:// URL; no object is in it twice."""
    from lacuna.tables.evidence import LOG_OBJECTS

    def read(day: date = DAY) -> Any:
        found = rows(LOG_OBJECTS, day)
        by_url = {row["log_object"]: row for row in found}
        assert len(by_url) == len(found)
        return by_url

    return read


@pytest.fixture
def trail(cloud: Cloud) -> str:
    return cloud.trail("main", "trail-logs")
