"""An account to build by hand, in a sandbox that is served."""

import gzip
import hashlib
import json
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.support.served import FINGERPRINT, REGION

ACCOUNT = "123456789012"


@dataclass
class Account:
    """An account to build by hand, in the words of the tests."""

    url: str
    key: RSAPrivateKey
    session: boto3.Session
    account_id: str = ACCOUNT
    digests: list[tuple[str, bytes, str]] = field(default_factory=list)
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    had_faults: bool = False

    def of(self, account_id: str) -> "Account":
        """Another account of the same world."""
        keys = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/builder", RoleSessionName="test"
        )["Credentials"]
        session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return Account(self.url, self.key, session, account_id)

    def client(self, service: str, region: str = REGION) -> Any:
        made = self.clients.get((service, region))
        if made is None:
            made = self.session.client(service, endpoint_url=self.url, region_name=region)
            self.clients[service, region] = made
        return made

    def faults(self, *faults: dict[str, Any]) -> None:
        self.had_faults |= bool(faults)
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

    def allow(self, bucket: str, principal: str) -> None:
        """Let a principal of another account list and read a bucket, beside what its policy says."""
        s3 = self.client("s3")
        try:
            policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        except s3.exceptions.ClientError:
            policy = {"Version": "2012-10-17", "Statement": []}
        policy["Statement"].append(
            {
                "Effect": "Allow",
                "Principal": {"AWS": principal},
                "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            }
        )
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

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

    def archive(self, bucket: str, key: str, at: datetime) -> None:
        """As a lifecycle rule does: LastModified stays."""
        self.client("s3").put_object(
            Bucket=bucket,
            Key=key,
            Body=b"a line\n",
            Metadata={"delivered-at": at.isoformat()},
            StorageClass="GLACIER",
        )

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

    def deliver_by_cloudwatch(self, bucket: str, region: str = REGION) -> str:
        """Deliver a bucket's access log to a log group; the delivery's id."""
        logs = self.client("logs", region)
        group = f"arn:aws:logs:{region}:{self.account_id}:log-group:access"
        destination = logs.put_delivery_destination(
            name="access", deliveryDestinationConfiguration={"destinationResourceArn": group}
        )["deliveryDestination"]
        self.delivery_source(bucket, region)
        answer = logs.create_delivery(
            deliverySourceName=bucket, deliveryDestinationArn=destination["arn"]
        )
        return str(answer["delivery"]["id"])

    def delivery_source(self, bucket: str, region: str = REGION) -> None:
        """A source of which nothing is delivered yet."""
        self.client("logs", region).put_delivery_source(
            name=bucket, resourceArn=f"arn:aws:s3:::{bucket}", logType="S3_SERVER_ACCESS_LOGS"
        )

    def ingest(self, name: str, *fields: dict[str, Any], region: str = REGION) -> None:
        """Let CloudWatch ingest S3 data events by a telemetry rule."""
        data = [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            *fields,
        ]
        selectors = {"AdvancedEventSelectors": [{"Name": name, "FieldSelectors": data}]}
        self.client("observabilityadmin", region).create_telemetry_rule(
            RuleName=name,
            Rule={
                "ResourceType": "AWS::CloudTrail",
                "TelemetryType": "Logs",
                "DestinationConfiguration": {
                    "DestinationType": "cloud-watch-logs",
                    "CloudtrailParameters": selectors,
                },
            },
        )

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
