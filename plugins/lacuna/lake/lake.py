"""The lake: its bucket, and the only module that writes evidence and raw partitions."""

import dataclasses
import io
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
from pyarrow import parquet

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
from lacuna.lake import glue
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

# Times are stored in milliseconds, as Athena reads them
_ARROW_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms"),
    "date": pa.date32(),
}
# The types whose values Parquet takes as they are
_AS_IT_IS = frozenset({"string", "bigint", "boolean", "date"})

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
            self.remove(_partition_prefix(table, partition))
            self.append(table, rows, partition)
        else:
            self.drop(table, partition)

    def append(
        self, table: EvidenceTable, rows: Sequence[object], partition: Mapping[str, date]
    ) -> None:
        """Add `rows` to one partition, for events that happen any number of times a day."""
        if not rows:
            return
        columns = table.columns()
        values = {}
        for name, kind in columns.items():
            column = map(attrgetter(name), rows)
            values[name] = list(column if kind in _AS_IT_IS else map(_stored, column))
        schema = pa.schema([(name, _arrow_type(kind)) for name, kind in columns.items()])
        content = io.BytesIO()
        parquet.write_table(pa.Table.from_pydict(values, schema), content)
        prefix = _partition_prefix(table, partition)
        self.account.s3().put_object(
            Bucket=self.bucket,
            Key=f"{prefix}{uuid4().hex}.snappy.parquet",
            Body=content.getvalue(),
            **self._lock(),
        )
        days = [partition[key].isoformat() for key in table.partition_keys]
        glue.add_partition(self.account.glue(), table, days, f"s3://{self.bucket}/{prefix}")
        log.info("wrote %s, rows: %d", prefix, len(rows))

    def _lock(self) -> Any:
        if not self.lock_days:
            return {}
        until = datetime.now(UTC) + timedelta(days=self.lock_days)
        return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}

    def drop(self, table: EvidenceTable, partition: Mapping[str, date]) -> None:
        """Remove one partition: first its files, then its entry in Glue."""
        self.remove(_partition_prefix(table, partition))
        values = [partition[key].isoformat() for key in table.partition_keys]
        glue.drop_partition(self.account.glue(), evidence.DATABASE, table.name, values)

    def put(self, key: str, body: bytes) -> None:
        """Write one object."""
        self.account.s3().put_object(Bucket=self.bucket, Key=key, Body=body)

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
        s3 = self.account.s3()
        rows: list[dict[str, Any]] = []
        for keys in self._key_pages(_partition_prefix(table, partition)):
            for key in keys:
                body = s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                rows += parquet.ParquetFile(io.BytesIO(body)).read(columns).to_pylist()
        return rows

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

    def write_manifests(self, day: date, log_objects: Iterable[str]) -> None:
        """Make `log_objects` the content of a day's access-log partitions, and register them."""
        parts = list(raw.access_log_parts(self.bucket, day, log_objects))
        lake = f"s3://{self.bucket}/"

        def put(part: tuple[RawPartition, bytes]) -> None:
            partition, manifest = part
            self.put(partition.location.removeprefix(lake) + raw.MANIFEST_NAME, manifest)

        with ThreadPoolExecutor(self.account.concurrency) as pool:
            list(pool.map(put, parts))
        self.register(raw.ACCESS_LOGS, day, [partition for partition, _ in parts])

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


def workgroup_problem(account: Account, name: str) -> str | None:
    """Explain why no query can run in the workgroup, and what to do; None if one can."""
    wrong = f"LACUNA_WORKGROUP is '{name}'"
    try:
        answer: Any = account.athena().get_work_group(WorkGroup=name)
    except AwsError as error:
        if error_code(error) != "InvalidRequestException":
            raise AccountError(
                f"cannot read the Athena workgroup {name}: {explained(error)}; the run's role "
                "needs athena:GetWorkGroup"
            ) from error
        answer = {}
    group = answer.get("WorkGroup") or {}
    state, configured = group.get("State"), group.get("Configuration") or {}
    if state is None:
        return (
            f"{wrong}: account {account.account_id} has no such Athena workgroup in "
            f"{account.region}; name one that it has, or create it"
        )
    if state == "DISABLED":
        return f"{wrong}: this Athena workgroup is disabled; enable it, or name another"
    if (configured.get("ManagedQueryResultsConfiguration") or {}).get("Enabled"):
        return (
            f"{wrong}: this Athena workgroup keeps query results itself (managed query results), so "
            "that dbt can write no table to the lake; name another, like that of infra/lacuna.yaml"
        )
    place = (configured.get("ResultConfiguration") or {}).get("OutputLocation")
    if place and configured.get("EnforceWorkGroupConfiguration"):
        return (
            f"{wrong}: this Athena workgroup enforces its own result location ({visible(place)}), so "
            "that tables would lie there and expire with the results; turn off 'Override "
            "client-side settings', or name another workgroup"
        )
    return None


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
    return f"evidence/{table.name}/"


def _partition_prefix(table: EvidenceTable, partition: Mapping[str, date]) -> str:
    values = "/".join(f"{key}={partition[key].isoformat()}" for key in table.partition_keys)
    return f"{_prefix(table)}{values}/"


def _arrow_type(glue_type: str) -> pa.DataType:
    if glue_type.startswith("array<"):
        return pa.list_(_arrow_type(glue_type[len("array<") : -1]))
    if glue_type.startswith("struct<"):
        fields = (field.split(":") for field in glue_type[len("struct<") : -1].split(","))
        return pa.struct([(name, _arrow_type(kind)) for name, kind in fields])
    return _ARROW_TYPES[glue_type]


def _stored(value: object) -> object:
    """Convert a value for Parquet: tuples to lists, rows in them to dicts, times to UTC without a zone."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, tuple):
        return [_stored(item) for item in value]
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: _stored(getattr(value, field.name)) for field in fields}
    return value
