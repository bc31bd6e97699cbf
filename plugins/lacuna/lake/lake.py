"""The lake: its bucket, and the only module that writes evidence and raw partitions."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lacuna.aws.session import (
    Account,
    AccountError,
    AwsError,
    BucketHead,
    UnusableSetting,
    error_code,
    expect_owner,
    explained,
    head_bucket,
    open_account,
)
from lacuna.lake import glue, parquet_rows
from lacuna.lake.workgroup import workgroup_problem
from lacuna.settings import Settings, default_lakes
from lacuna.tables import evidence, published, raw
from lacuna.tables.evidence_table import EvidenceTable
from lacuna.tables.raw import RawPartition
from lacuna.tables.statements import Origin
from lacuna.text import visible

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

# How the names of buckets end that only their account can make, in their Region
_OWN_NAMESPACE = "-an"

_KEYS_A_CALL = 1000

EVIDENCE = "evidence/"

DATABASES = {
    evidence.DATABASE: "What Lacuna itself observed, as it observed it.",
    raw.DATABASE: "Delivered log objects, as they were delivered.",
    published.STAGING: "Views and intermediate tables that dbt builds.",
    published.MARTS: "The marts.",
    published.BUILD: "What runs have built and not published. Do not query it.",
}


@dataclass(frozen=True, slots=True)
class Lake:
    """One account's lake: the bucket that holds it, and the Athena workgroup that reads it.

    `is_named`: LACUNA_LAKE_BUCKET names the bucket. `lock_days`: days for which no role can remove evidence.
    `origin`: what its statements are for.
    """

    account: Account
    bucket: str
    workgroup: str
    is_named: bool = False
    lock_days: int = 0
    origin: Origin | None = None

    @property
    def query_results(self) -> str:
        """The folder that Athena writes query results to."""
        return _query_results(self.bucket)

    @property
    def absence(self) -> str:
        """What to do if there is no lake."""
        return (
            f"there is no lake in {self.bucket}: run a day first (`make run DAY=…`), or name "
            "another with LACUNA_LAKE_BUCKET"
        )

    def check(self) -> None:
        """Make sure that this account can use the lake's bucket and workgroup. Writes nothing.

        Raises UnusableSetting, with a line for each of the two that it cannot use.
        """
        problems = [_bucket_problem(self), workgroup_problem(self.account, self.workgroup)]
        if any(problems):
            raise UnusableSetting([problem for problem in problems if problem])

    def exists(self) -> bool:
        """Whether the lake's bucket is there, and this account's own."""
        head = _head(self)
        return head.exists is True and head.error is None

    def prepare(self) -> None:
        """Create what is missing of the lake: bucket, databases, tables. Safe to repeat."""
        self.check()
        head = _head(self)
        if head.exists is False:
            _create_bucket(self.account.s3(), self)
        elif head.error:
            raise head.error
        client = self.account.glue()
        try:
            for name, description in DATABASES.items():
                glue.ensure_database(client, name, description)
            wanted = [glue.evidence_table_input(one, self.location(one)) for one in evidence.TABLES]
            glue.ensure_tables(client, evidence.DATABASE, wanted)
            for raw_table in raw.TABLES:
                location = f"s3://{self.bucket}/raw/{raw_table.name}/"
                glue.ensure_raw_table(client, raw_table, location)
        except AwsError as error:
            raise AccountError(
                f"cannot prepare the lake's tables: {explained(error)}; the run's role needs "
                "glue:CreateDatabase, glue:GetTable, glue:GetTables, glue:CreateTable and "
                "glue:UpdateTable, and the rights to delete and copy tables and partitions that infra/lacuna.yaml has"
            ) from error

    def location(self, table: EvidenceTable) -> str:
        """Return the folder of a table's partitions."""
        return f"s3://{self.bucket}/{_prefix(table)}"

    def write(
        self, table: EvidenceTable, rows: Sequence[object], partition: Mapping[str, date]
    ) -> None:
        """Make `rows` the whole content of one partition. Without rows the partition is dropped.

        `rows` have the fields of the table's row type. They replace what an earlier or a killed run
        left in the partition.
        """
        if rows:
            self.remove(partition_prefix(table, partition))
            self.append(table, rows, partition)
        else:
            self.drop(table, partition)

    def append(
        self, table: EvidenceTable, rows: Sequence[object], partition: Mapping[str, date]
    ) -> None:
        """Add `rows` to one partition, for events that happen any number of times a day."""
        if not rows:
            return
        prefix = partition_prefix(table, partition)
        self.write_file(table, rows, f"{prefix}{uuid4().hex}.snappy.parquet")
        days = [partition[key].isoformat() for key in table.partition_keys]
        glue.add_partition(self.account.glue(), table, days, f"s3://{self.bucket}/{prefix}")
        log.info("wrote %s, rows: %d", prefix, len(rows))

    def write_file(self, table: EvidenceTable, rows: Sequence[object], key: str) -> None:
        """Write `rows` as one file of a table, wherever it lies."""
        self.account.s3().put_object(
            Bucket=self.bucket, Key=key, Body=parquet_rows.to_bytes(table, rows), **self._lock(key)
        )

    def show(self, table: EvidenceTable, day: date, keys: Sequence[str]) -> None:
        """Make these files the whole content of a day, by one call of Glue.

        They are copied first, to a folder that is theirs. So a run that is killed anywhere leaves
        the files before, and doing it again changes nothing. `shards.sweep` deletes what is not
        shown any more.
        """
        folder = _version_prefix(table, day, keys)
        with ThreadPoolExecutor(self.account.concurrency) as pool:
            list(pool.map(lambda key: self.copy(key, folder + key.rpartition("/")[2]), keys))
        location = f"s3://{self.bucket}/{folder}" if keys else None
        glue.point_partition(self.account.glue(), table, day, location)
        log.info("shown: %s, files: %d", folder, len(keys))

    def copy(self, source: str, target: str) -> None:
        """Copy an object of the lake."""
        s3 = self.account.s3()
        s3.copy_object(
            Bucket=self.bucket, Key=target, CopySource={"Bucket": self.bucket, "Key": source}
        )
        if lock := self._lock(target):
            retention: Any = {
                "Mode": lock["ObjectLockMode"],
                "RetainUntilDate": lock["ObjectLockRetainUntilDate"],
            }
            s3.put_object_retention(Bucket=self.bucket, Key=target, Retention=retention)

    def _lock(self, key: str) -> Any:
        if not self.lock_days or not key.startswith(EVIDENCE):
            return {}
        until = datetime.now(UTC) + timedelta(days=self.lock_days)
        return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}

    def drop(self, table: EvidenceTable, partition: Mapping[str, date]) -> None:
        """Remove one partition: first its files, then its entry in Glue."""
        self.remove(partition_prefix(table, partition))
        values = [partition[key].isoformat() for key in table.partition_keys]
        glue.drop_partition(self.account.glue(), evidence.DATABASE, table.name, values)

    def put(self, key: str, body: bytes) -> None:
        """Write one object."""
        self.account.s3().put_object(Bucket=self.bucket, Key=key, Body=body)

    def get(self, key: str) -> bytes | None:
        """Return an object; None if there is none."""
        try:
            return self.account.s3().get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except AwsError as error:
            if error_code(error) != "NoSuchKey":
                raise
            return None

    def remove(self, prefix: str) -> None:
        """Remove every object whose key begins with `prefix`."""
        for keys in self._key_pages(prefix):
            self.delete(keys)

    def read(
        self,
        table: EvidenceTable,
        partition: Mapping[str, date],
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Read the rows of one partition straight from its files, without a query.

        `columns`: only these. Of many rows, most of the memory is in the others.
        """
        return list(self.scan(table, partition, columns))

    def scan(
        self,
        table: EvidenceTable,
        partition: Mapping[str, date],
        columns: Sequence[str] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows of one partition, one file in memory at a time."""
        prefix: str | None = partition_prefix(table, partition)
        if table.in_versions:
            prefix = self.shown(table, partition["delivered_on"])
        for keys in self._key_pages(prefix) if prefix else ():
            yield from self.rows_of(keys, columns)

    def rows_of(
        self, keys: Iterable[str], columns: Sequence[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows of files that `write_file` wrote."""
        s3 = self.account.s3()
        for key in keys:
            body = s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            yield from parquet_rows.from_bytes(body, columns)

    def shown(self, table: EvidenceTable, day: date) -> str | None:
        """Return the prefix of the files that are the content of a day; None if there are none."""
        location = glue.location_of(self.account.glue(), table, day)
        return location and location.removeprefix(f"s3://{self.bucket}/").rstrip("/") + "/"

    def days(self, table: EvidenceTable) -> list[date]:
        """Return the days that a table has a partition for, by its first partition key."""
        prefix = f"{_prefix(table)}{table.partition_keys[0]}="
        pages = self.account.s3().get_paginator("list_objects_v2")
        folders = [
            entry["Prefix"]
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
            for entry in page.get("CommonPrefixes", [])
        ]
        return sorted(date.fromisoformat(folder[len(prefix) :].rstrip("/")) for folder in folders)

    def table_exists(self, database: str, table: str) -> bool:
        """Whether Glue has this table."""
        return glue.table_columns(self.account.glue(), database, table) is not None

    def lacks_column(self, database: str, table: str, column: str) -> bool:
        """Whether Glue has this table and an older version made it, without the column.

        dbt adds a new column to a mart when it next builds a day of it.
        """
        try:
            columns = glue.table_columns(self.account.glue(), database, table)
        except AwsError:
            return False  # Athena asks Glue too, so the query of the table will say why it failed
        return columns is not None and column not in columns

    def dbt_environment(self) -> dict[str, str]:
        """The variables that dbt_project/profiles.yml reads."""
        return dbt_environment_of(self.bucket, self.account.region, self.workgroup)

    def show_manifests(self, day: date, keys: Sequence[str]) -> None:
        """Make these manifests the content of a day's access-log partitions, and register them."""
        parts = raw.access_log_partitions(self.bucket, day, len(keys))
        lake = f"s3://{self.bucket}/"
        targets = [part.location.removeprefix(lake) + raw.MANIFEST_NAME for part in parts]
        if not keys:
            self.put(targets[0], b"")
        with ThreadPoolExecutor(self.account.concurrency) as pool:
            list(pool.map(self.copy, keys, targets))
        self.register(raw.ACCESS_LOGS, day, parts)

    def keep_copies(self, day: date, keys: Collection[str]) -> None:
        """Delete the copies of the day's CloudTrail files that are not among `keys`."""
        for found in self._key_pages(raw.copies_prefix(day)):
            self.delete([key for key in found if key not in keys])

    def register(self, table_name: str, day: date, partitions: Iterable[RawPartition]) -> None:
        """Make `partitions` the only ones that a raw table has for a delivery day."""
        glue.replace_raw_partitions(self.account.glue(), table_name, day, partitions)

    def is_registered(self, day: date) -> bool:
        """Whether the raw tables have the partitions of a delivery day."""
        return glue.has_raw_partitions(self.account.glue(), day)

    def unregister(self, before: date, may_go: Callable[[date], bool]) -> None:
        """Remove the raw partitions of delivery days before `before` that may go."""
        for day in glue.drop_raw_partitions(self.account.glue(), before, may_go):
            log.info("%s is parsed and old: its raw partitions are dropped", day)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete these objects."""
        for some in glue.batches(keys, _KEYS_A_CALL):
            self.account.s3().delete_objects(
                Bucket=self.bucket,
                Delete={"Objects": [{"Key": key} for key in some], "Quiet": True},
            )

    def _key_pages(self, prefix: str) -> Iterator[list[str]]:
        pages = self.account.s3().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
            keys = [entry["Key"] for entry in page.get("Contents", [])]
            if keys:
                yield keys


def open_lake(
    settings: Settings, step: str = "", day: date | None = None, *, patient: bool = True
) -> Lake:
    """Open the lake of the account that the environment's credentials belong to.

    Each statement says that it is for `step`, and for the run of `day`.

    One session and one STS call: a task opens its lake once and passes it on.
    """
    account = open_account(settings, patient=patient)
    bucket = settings.lake_bucket_for(account.account_id, account.region)
    expect_owner(bucket, account.account_id)
    return Lake(
        account,
        bucket,
        settings.workgroup,
        is_named=settings.lake_bucket is not None,
        lock_days=settings.evidence_lock_days,
        origin=Origin(step, day) if step else None,
    )


def dbt_environment_of(bucket: str, region: str, workgroup: str) -> dict[str, str]:
    """The variables that dbt_project/profiles.yml reads, for a lake that may not exist yet."""
    return {
        "AWS_REGION": region,
        "LACUNA_WORKGROUP": workgroup,
        "LACUNA_DBT_STAGING_DIR": _query_results(bucket),
        "LACUNA_DBT_DATA_DIR": f"s3://{bucket}",
    }


def _bucket_problem(lake: Lake) -> str | None:
    wrong = f"LACUNA_LAKE_BUCKET is '{lake.bucket}'"
    head = _head(lake)
    if head.exists is None and head.error:
        raise AccountError(
            f"cannot use the lake bucket {lake.bucket}: HeadBucket failed ({explained(head.error)})"
        ) from head.error
    if head.exists and head.error:
        return (
            f"{wrong}: HeadBucket is refused; the bucket belongs to another account (name "
            "another one), or the run's role needs s3:ListBucket on it"
        )
    if head.exists is False:
        return _name_problem(lake) or _lake_elsewhere(lake)
    if head.exists and head.region and head.region != lake.account.region:
        return (
            f"{wrong}: the bucket is in {head.region} and the run works in {lake.account.region}; "
            "Athena and its lake must share a Region, so name another one or set AWS_REGION"
        )
    return _lock_problem(lake) if head.exists and lake.lock_days else None


def _lock_problem(lake: Lake) -> str | None:
    """Explain why no evidence can be locked; None if it can."""
    try:
        lake.account.s3().get_object_lock_configuration(Bucket=lake.bucket)
    except AwsError as error:
        return (
            f"LACUNA_EVIDENCE_LOCK_DAYS is '{lake.lock_days}': the lake {lake.bucket} must have "
            f"Object Lock, and the run's role s3:GetBucketObjectLockConfiguration ({explained(error)})"
        )
    return None


def _name_problem(lake: Lake) -> str | None:
    """Explain why no bucket of this name can be made in the account's own namespace."""
    ending = f"-{lake.account.account_id}-{lake.account.region}{_OWN_NAMESPACE}"
    if not lake.bucket.endswith(_OWN_NAMESPACE) or lake.bucket.endswith(ending):
        return None
    return (
        f"LACUNA_LAKE_BUCKET is '{lake.bucket}': a name that ends with {_OWN_NAMESPACE} is one of an "
        f"account and Region, so it must end with {ending}"
    )


def _lake_elsewhere(lake: Lake) -> str | None:
    """Name the lake that the account has in another Region, before a second one is made."""
    stem, account = default_lakes(lake.account.account_id), lake.account
    if lake.is_named:
        return None  # somebody wants it
    try:
        pages = account.s3().get_paginator("list_buckets").paginate(Prefix=stem)
        others = [bucket["Name"] for page in pages for bucket in page["Buckets"]]
    except AwsError as error:
        log.warning("whether there is a lake in another Region is unknown: %s", explained(error))
        return None
    if not others:
        return None
    regions = ", ".join(visible(name.removeprefix(stem)) for name in others)
    return (
        f"AWS_REGION is '{account.region}', and the lake of account {account.account_id} is in "
        f"{regions}: set AWS_REGION to that, or LACUNA_LAKE_BUCKET={lake.bucket} to make a second one"
    )


def _head(lake: Lake) -> BucketHead:
    return head_bucket(lake.account.s3(), lake.bucket, lake.account.account_id)


def _create_bucket(s3: "S3Client", lake: Lake) -> None:
    region = lake.account.region
    request: Any = {"Bucket": lake.bucket}
    if region != "us-east-1":
        request["CreateBucketConfiguration"] = {"LocationConstraint": region}
    if lake.bucket.endswith(_OWN_NAMESPACE):
        request["BucketNamespace"] = "account-regional"
    if lake.lock_days:
        request["ObjectLockEnabledForBucket"] = True
    try:
        s3.create_bucket(**request)
        s3.put_public_access_block(
            Bucket=lake.bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
    except AwsError as error:
        raise AccountError(
            f"cannot create the lake bucket {lake.bucket}: {explained(error)}; the run's role "
            "needs s3:CreateBucket and s3:PutBucketPublicAccessBlock, or LACUNA_LAKE_BUCKET must name "
            "a bucket that exists"
        ) from error
    log.info("created the lake bucket %s", lake.bucket)


def _query_results(bucket: str) -> str:
    return f"s3://{bucket}/athena-results/"


def _prefix(table: EvidenceTable) -> str:
    return f"{EVIDENCE}{table.name}/"


def _version_prefix(table: EvidenceTable, day: date, keys: Iterable[str]) -> str:
    """Return the folder of a day's files that are exactly these. No other partition has it."""
    names = "\n".join(sorted(keys))
    return f"{versions_prefix(table, day)}{sha256(names.encode()).hexdigest()[:32]}/"


def versions_prefix(table: EvidenceTable, day: date) -> str:
    """Return the folder of all that was ever shown of a day."""
    return f"{_prefix(table)}versions/{table.partition_keys[0]}={day.isoformat()}/"


def partition_prefix(table: EvidenceTable, partition: Mapping[str, date]) -> str:
    """Return the folder of a partition's files, of tables without versions."""
    values = "/".join(f"{key}={partition[key].isoformat()}" for key in table.partition_keys)
    return f"{_prefix(table)}{values}/"
