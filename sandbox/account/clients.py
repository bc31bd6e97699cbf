"""The callers: people, roles, services and strangers, as each log describes them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from sandbox.account import hostile
from sandbox.account.buckets import ACCOUNT_ID, OWNER_ID

CIPHER = "ECDHE-RSA-AES128-GCM-SHA256"
CIPHER_13 = "TLS_AES_128_GCM_SHA256"


# Compared by identity: each client exists once, and a million lookups hash it.
@dataclass(frozen=True, slots=True, eq=False)
class Client:
    """A requester. `identity` is the event's userIdentity; None: CloudTrail never records it.

    `is_service` marks requests that an AWS service makes for itself; `invoked_by` names the service
    that makes them for another caller. `valid_seconds` is how long a presigned URL is valid; its
    signer makes new ones as often.
    """

    name: str
    requester: str
    identity: str | None
    user_agents: tuple[str, ...]
    addresses: tuple[str, ...]
    auth: str = "AuthHeader"
    cipher: str = CIPHER
    tls: str = "TLSv1.2"
    source_region: str = "-"
    path_style: bool = False
    is_service: bool = False
    invoked_by: str | None = None
    from_console: bool = False
    acl_required: bool = False
    access_point: str = "-"
    referrers: tuple[str, ...] = ("-",)
    valid_seconds: int = 900

    def signed_at(self, at: int) -> int:
        """When the presigned URL was signed that is used at a moment; both in seconds."""
        return at - at % self.valid_seconds

    @property
    def signature(self) -> str:
        """The signature version, as the access log prints it."""
        return "-" if self.auth == "-" else "SigV4"

    @property
    def access_key_id(self) -> str:
        """The access key that signs the requests; empty if the event of none names it."""
        return str(json.loads(self.identity or "{}").get("accessKeyId", ""))


def _unique_id(prefix: str, name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest().upper()
    return prefix + digest.translate(str.maketrans("0189", "GHJK"))[:17]


def _identity(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"))


def _user(name: str, path: str = "") -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:user/{path}{name}"
    identity = _identity(
        type="IAMUser",
        principalId=_unique_id("AIDA", name),
        arn=arn,
        accountId=ACCOUNT_ID,
        accessKeyId=_unique_id("AKIA", name)[:20],
        userName=name,
    )
    return {"name": name, "requester": arn, "identity": identity}


def _role(role: str, session: str, path: str = "", **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}/{session}"
    role_id = _unique_id("AROA", role)
    identity = _identity(
        type="AssumedRole",
        principalId=f"{role_id}:{session}",
        arn=arn,
        accountId=ACCOUNT_ID,
        accessKeyId=_unique_id("ASIA", role + session)[:20],
        sessionContext={
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": f"arn:aws:iam::{ACCOUNT_ID}:role/{path}{role}",
                "accountId": ACCOUNT_ID,
                "userName": role,
            },
            "attributes": {"creationDate": SESSION_START, "mfaAuthenticated": "false"},
        },
        **more,
    )
    return {"name": f"{role}/{session}", "requester": arn, "identity": identity}


def _service(principal: str) -> Client:
    return Client(
        name=principal,
        requester=f"svc:{principal}",
        identity=_identity(type="AWSService", invokedBy=principal),
        user_agents=(principal,),
        addresses=("-",),
        is_service=True,
        source_region="us-east-1",
    )


# A placeholder: writing an event replaces it with the event's hour.
SESSION_START = "@session-start@"

_OFFICE = tuple(f"198.51.100.{n}" for n in range(10, 40))
_AWS = tuple(f"192.0.2.{n}" for n in range(20, 120))
_VPC = tuple(f"10.20.{n // 60}.{10 + n % 60}" for n in range(120))
_HOMES = tuple(f"203.0.113.{n}" for n in range(2, 120))
_HOMES_V6 = tuple(f"2001:db8:{n:x}::{7 * n:x}" for n in range(1, 60))
_SCANNERS = tuple(f"203.0.113.{n}" for n in range(200, 250))

_CONSOLE = (
    "S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10.217 OpenJDK_64-Bit_Server_VM",
)
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)
_CLI = ("aws-cli/2.27.41 md/awscrt#0.26.1 ua/2.1 os/linux#6.8 lang/python#3.13.4 cfg/retry#std",)
_BOTO = ("Boto3/1.38.36 md/Botocore#1.38.36 ua/2.1 os/linux lang/python#3.12.10 Botocore/1.38.36",)
_JAVA = ("aws-sdk-java/2.31.60 Linux/5.10.236 OpenJDK_64-Bit_Server_VM/17.0.15 io/async hll/s3m",)
_SPARK = ("Hadoop 3.4.1, aws-sdk-java/2.24.6 Linux/6.1.140 OpenJDK_64-Bit_Server_VM spark/3.5.5",)


def _audit(job: str) -> tuple[str, ...]:
    """Return the referer of Hadoop's S3A, which names who runs which job."""
    span = "0c6b1f52-7d3e-4a55-9d0a-5b1f0c9ad3c1-00000042"
    query = f"op=op_open&pr=etl@MERIDIAN.EXAMPLE&ps=6f1a7a8e&ji={job}&t0=1&t1=7"
    return (f"https://audit.example.org/hadoop/1/op_open/{span}/?{query}",)


_GO = ("aws-sdk-go-v2/1.36.5 ua/2.1 os/linux lang/go#1.24.4 md/GOOS#linux api/s3#1.82.0",)

_SITE = (
    "-",
    "https://www.meridian.example/",
    "https://www.meridian.example/products?page=2&sort=name",
    "https://news.example/item?id=4711",
)

ANALYST = Client(
    **_role(
        "AWSReservedSSO_Analyst_0a1b2c3d4e5f6a7b",
        "jonas.weber@meridian.example",
        path="aws-reserved/sso.amazonaws.com/",
    ),
    user_agents=_CONSOLE,
    addresses=_OFFICE,
    cipher=CIPHER_13,
    tls="TLSv1.3",
    from_console=True,
)
OPERATOR = Client(**_user("maria.okafor", "ops/"), user_agents=_CLI, addresses=_OFFICE)
CLERK = Client(
    **_user("li.na"), user_agents=_CONSOLE + _BROWSERS, addresses=_OFFICE, from_console=True
)
ROOT = Client(
    name="root",
    requester=OWNER_ID,
    identity=_identity(
        type="Root",
        principalId=ACCOUNT_ID,
        arn=f"arn:aws:iam::{ACCOUNT_ID}:root",
        accountId=ACCOUNT_ID,
        accessKeyId=_unique_id("ASIA", "root")[:20],
    ),
    user_agents=_CONSOLE,
    addresses=_OFFICE[:1],
)
_PARTNER_ID = hashlib.sha256(b"partner").hexdigest()
PARTNER = Client(
    name="partner account",
    requester=_PARTNER_ID,
    identity=_identity(
        type="AWSAccount", principalId=_unique_id("AIDA", "partner"), accountId="210987654321"
    ),
    user_agents=_JAVA,
    addresses=_HOMES[:4],
)
SPARK = Client(
    **_role("etl-spark", "i-0f2c9a7be41d3856a"),
    user_agents=_SPARK,
    addresses=_VPC,
    source_region="us-east-1",
    path_style=True,
    referrers=_audit("job_202611_0042"),
)
SPARK_JOB = replace(SPARK, referrers=_audit("job_202611_0043"))
SPARK_ACCESS_POINT = Client(
    **_role("etl-spark", "i-0b7715fe20c4499d1"),
    user_agents=_SPARK,
    addresses=_VPC,
    source_region="us-east-1",
    access_point=f"arn:aws:s3:us-east-1:{ACCOUNT_ID}:accesspoint/spark",
)
UPLOADER = Client(
    **_role("app-uploader", "i-04bd1e6c9f0a72d35"),
    user_agents=_GO,
    addresses=_AWS,
    cipher=CIPHER_13,
    tls="TLSv1.3",
    source_region="us-east-1",
)
TRAINER = Client(
    **_role("ml-training", "SageMaker"),
    user_agents=_BOTO,
    addresses=_VPC,
    source_region="us-east-1",
)
DEPLOYER = Client(
    **_role("ci-deploy", "repo=web,run=1187.4@main"), user_agents=_CLI, addresses=_AWS[:6]
)
BACKUP = Client(
    **_role("backup-agent", "nightly"), user_agents=_JAVA, addresses=_AWS, source_region="us-east-1"
)
REPORTS = Client(
    **_role("report-builder", "report-builder-prod"),
    user_agents=_BOTO,
    addresses=_AWS,
    source_region="eu-west-1",
)
DEVICES = Client(
    **_role("device-gateway", "fleet-7"),
    user_agents=_GO,
    addresses=_AWS + _HOMES_V6,
    source_region="eu-west-1",
)
# Athena reads for a person: the access log names the role, and the event also names Athena.
ATHENA = Client(
    **_role("analyst-queries", "dashboards", invokedBy="athena.amazonaws.com"),
    user_agents=("athena.amazonaws.com",),
    addresses=("-",),
    invoked_by="athena.amazonaws.com",
    source_region="us-east-1",
)
PRESIGNED = Client(
    **_role("app-uploader", "presign"),
    user_agents=_BROWSERS,
    addresses=_HOMES + _HOMES_V6,
    auth="QueryString",
    referrers=_SITE,
)
CLOUDFRONT = _service("cloudfront.amazonaws.com")
CLOUDTRAIL = _service("cloudtrail.amazonaws.com")
CONFIG = _service("config.amazonaws.com")
S3_BATCH = _service("s3.amazonaws.com")
_OAI = "CloudFront Origin Access Identity E2QWRUHAPOMQZL"
ORIGIN_ACCESS_IDENTITY = Client(
    name="origin access identity",
    requester=f"arn:aws:iam::cloudfront:user/{_OAI}",
    identity=_identity(
        type="AWSAccount", principalId=_unique_id("AIDA", _OAI), accountId="cloudfront"
    ),
    user_agents=("Amazon CloudFront",),
    addresses=_AWS,
)
LIFECYCLE = Client(
    name="lifecycle", requester="AmazonS3", identity=None, user_agents=("-",), addresses=("-",),
    auth="-", cipher="-", tls="-", is_service=True,
)  # fmt: skip

_NOBODY = _identity(type="AWSAccount", principalId="", accountId="anonymous")
VISITOR = Client(
    name="visitor", requester="-", identity=_NOBODY, user_agents=_BROWSERS,
    addresses=_HOMES + _HOMES_V6, auth="-", acl_required=True, referrers=_SITE,
)  # fmt: skip
WEB_VISITOR = Client(
    name="website visitor", requester="-", identity=None, user_agents=_BROWSERS,
    addresses=_HOMES, auth="-", cipher="-", tls="-", referrers=_SITE,
)  # fmt: skip
SCANNER = Client(
    name="scanner", requester="-", identity=_NOBODY,
    user_agents=("python-requests/2.32.4", "Mozilla/5.0 zgrab/0.x", "curl/8.4.0",
                 *hostile.USER_AGENTS),
    addresses=_SCANNERS, auth="-", cipher="-", tls="-",
    referrers=("-", "-", "-", *hostile.REFERRERS),
)  # fmt: skip
STRANGER = Client(
    name="stranger with bad credentials", requester="-", identity=None,
    user_agents=("aws-cli/1.16.1 Python/2.7.18", "Boto3/1.9.1"), addresses=_SCANNERS,
)  # fmt: skip
INTRUDER = Client(
    **_role("support-readonly", "ticket-88213"),
    user_agents=("rclone/v1.70.1",),
    addresses=("198.51.100.213",),
)
# An earlier session of the same role
SURVEYOR = Client(
    **_role("support-readonly", "ticket-88190"),
    user_agents=INTRUDER.user_agents,
    addresses=("198.51.100.214",),
)
CONTRACTOR = Client(
    **_role("contractor-tools", "k.lindqvist"), user_agents=_BOTO, addresses=("203.0.113.151",)
)
# The credentials of one of the uploader's instances, in use somewhere else
STOLEN = replace(UPLOADER, user_agents=_CLI, addresses=("203.0.113.177",), source_region="-")
# Valid for so long because a key signed it that does not expire
LINK = Client(
    **_user("share-links", "apps/"),
    user_agents=_BROWSERS,
    addresses=(*_HOMES[20:23], "198.51.100.201", "198.51.100.202", "192.0.2.211", "192.0.2.212"),
    auth="QueryString",
    valid_seconds=7 * 24 * 3600,
)
CONSOLE_TRANSFER = replace(
    ANALYST,
    auth="QueryString",
    user_agents=_BROWSERS[:1],
    addresses=_OFFICE[:1],
    valid_seconds=300,
    referrers=("https://us-east-1.console.aws.amazon.com/s3/object/meridian-payroll",),
)
GUESSER = replace(
    SCANNER, name="guesser", user_agents=("python-requests/2.32.4",), addresses=("203.0.113.199",),
    referrers=("-",),
)  # fmt: skip
DELIVERY = _service("delivery.logs.amazonaws.com")
# Firmware that never learned TLS
METER = Client(
    **_user("plant-meter", "devices/"), user_agents=("MeterFirmware/1.4",), addresses=_OFFICE[5:6],
    cipher="-", tls="-",
)  # fmt: skip
# Known by its canonical id only: no event names its account
UNKNOWN_ACCOUNT = Client(
    name="unknown account", requester=hashlib.sha256(b"unknown").hexdigest(), identity=None,
    user_agents=_JAVA, addresses=_HOMES[30:31],
)  # fmt: skip
