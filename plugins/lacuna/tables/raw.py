"""The raw tables: delivered objects as Athena reads them, and the partitions of a day. Pure.

An access-log partition is a manifest: a text file that lists exactly objects cataloged for the day
(SymlinkTextInputFormat). So a prefix without '/', a folder that several buckets share and a
stranger among the logs are no problem, and a query reads only the day's own bytes. Athena opens the
manifests of several partitions at a time and the lines of one manifest in turn. So a day with many
objects has several parts. The line is kept whole. SQL parses it, where each rule has a test.

A CloudTrail partition is the day's folder, because its input format knows no manifests. Athena opens
every object of a folder, and one that is broken fails the query. So the readable files of a folder
with anything else in it are copied into the lake, and the copies are the partition. No statement
names a file.

Partition keys are strings: Glue finds the partitions of a day only by keys of that type.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

DATABASE = "lacuna_raw"
ACCESS_LOGS = "s3_access_logs"
CLOUDTRAIL_EVENTS = "cloudtrail_events"
MANIFEST_NAME = "manifest.txt"
MANIFEST_LINES = 5_000
# Every cataloged day has this part: while it is there, all raw partitions of the day are
FIRST_PART = "0"

_CLOUDTRAIL_COLUMNS = {
    "eventversion": "string",
    "useridentity": (
        "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,"
        "accesskeyid:string,username:string,"
        "onbehalfof:struct<userid:string,identitystorearn:string>,"
        "sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,"
        "sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,"
        "username:string>,ec2roledelivery:string,"
        "webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>"
    ),
    "eventtime": "string",
    "eventsource": "string",
    "eventname": "string",
    "awsregion": "string",
    "sourceipaddress": "string",
    "useragent": "string",
    "errorcode": "string",
    "errormessage": "string",
    "requestparameters": "string",
    "responseelements": "string",
    "additionaleventdata": "string",
    "requestid": "string",
    "eventid": "string",
    "readonly": "string",
    "resources": "array<struct<arn:string,accountid:string,type:string>>",
    "eventtype": "string",
    "apiversion": "string",
    "recipientaccountid": "string",
    "serviceeventdetails": "string",
    "sharedeventid": "string",
    "vpcendpointid": "string",
    "vpcendpointaccountid": "string",
    "eventcategory": "string",
    "addendum": (
        "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>"
    ),
    "sessioncredentialfromconsole": "string",
    "edgedevicedetails": "string",
    "tlsdetails": "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>",
}

_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"


@dataclass(frozen=True, slots=True)
class RawTable:
    """An external table over delivered objects, in Glue's terms."""

    name: str
    columns: dict[str, str]
    partition_columns: dict[str, str]
    input_format: str
    serde: str
    serde_parameters: dict[str, str]
    description: str
    output_format: str = _TEXT_OUTPUT


TABLES = (
    RawTable(
        name=ACCESS_LOGS,
        columns={"line": "string"},
        partition_columns={"delivered_on": "string", "part": "string"},
        input_format="org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat",
        serde="org.apache.hadoop.hive.serde2.RegexSerDe",
        serde_parameters={"input.regex": "(?s)^(.*)$", "serialization.format": "1"},
        description="Access-log lines, whole, as delivered.",
    ),
    RawTable(
        name=CLOUDTRAIL_EVENTS,
        columns=_CLOUDTRAIL_COLUMNS,
        partition_columns={
            "delivered_on": "string",
            "trail_arn": "string",
            "account_id": "string",
            "region": "string",
            "place": "string",
        },
        input_format="com.amazon.emr.cloudtrail.CloudTrailInputFormat",
        serde="org.apache.hive.hcatalog.data.JsonSerDe",
        serde_parameters={"serialization.format": "1"},
        description="CloudTrail events as delivered: AWS's own definition of the table.",
    ),
)


@dataclass(frozen=True, slots=True, order=True)
class RawPartition:
    """A partition of a raw table: its values in order, and the location of its data."""

    values: tuple[str, ...]
    location: str


def manifest(log_objects: Iterable[str]) -> bytes:
    """Return the manifest of these objects: at most MANIFEST_LINES of them."""
    return "".join(sorted(f"{url}\n" for url in log_objects)).encode()


def access_log_partitions(lake_bucket: str, day: date, manifests: int) -> list[RawPartition]:
    """Return the partitions of a day's access logs, each with a manifest at its location.

    Objects of a place stay together as far as they fit. Small places share a part.
    """
    folder = f"s3://{lake_bucket}/raw/{ACCESS_LOGS}/delivered_on={day.isoformat()}/"
    return [
        RawPartition((day.isoformat(), str(part)), f"{folder}part={part}/")
        for part in range(manifests or 1)
    ]


def cloudtrail_partition(
    day: date,
    *,
    trail_arn: str,
    account_id: str,
    region: str,
    log_bucket: str,
    prefix: str,
    copies: str | None = None,
) -> RawPartition:
    """Return the partition of one day's folder of one place: the folder itself, or its `copies`."""
    place = f"s3://{log_bucket}/{prefix}"
    location = copies or f"{place}{day:%Y/%m/%d}/"
    return RawPartition((day.isoformat(), trail_arn, account_id, region, place), location)


def copies_prefix(day: date, place: str = "") -> str:
    """Return the keys' prefix, in the lake, of the day's copies of CloudTrail files: all, or a place's."""
    folder = f"raw/{CLOUDTRAIL_EVENTS}/delivered_on={day.isoformat()}/"
    return f"{folder}{hashlib.sha256(place.encode()).hexdigest()[:32]}/" if place else folder


def can_be_location(prefix: str) -> bool:
    """Return whether Athena finds the objects under a prefix: it does not with empty folders.

    `a//b` is the key of an object to S3 and the folder `a/b` to Athena, as is a `/` at the start.
    """
    return "//" not in f"/{prefix}"


def with_present_keys(table: RawTable, partition: RawPartition) -> RawPartition:
    """Return a partition of an older version's table with the keys that the table has now."""
    if len(partition.values) == len(table.partition_columns):
        return partition
    if table.name == CLOUDTRAIL_EVENTS:
        day = partition.values[0].replace("-", "/")
        place = partition.location.rstrip("/").removesuffix(day)
        return RawPartition((*partition.values, place), partition.location)
    return RawPartition((*partition.values, FIRST_PART), partition.location)
