"""Show readers what a run has built, by Glue alone: no row is read or copied.

One call changes one partition or none, so readers have its old files or its new ones. The files of
the version before stay, for queries that are under way and for a way back.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from lacuna.aws.session import AwsError, error_code
from lacuna.lake import glue
from lacuna.lake.lake import Lake
from lacuna.tables import published
from lacuna.tables.evidence import PUBLICATIONS, Publication
from lacuna.tables.evidence_table import read_back
from lacuna.tables.published import (
    BUILD,
    MARTS,
    STAGING,
    Build,
    Call,
    Change,
    Name,
    Restoration,
    Values,
)

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

log = logging.getLogger(__name__)

_THREADS = 8
_NAMES_A_CALL = 100
# Of the table that a run has built, what the published one has in common with it
_KEPT = ("PartitionKeys", "TableType", "StorageDescriptor")


class NotPublished(RuntimeError):
    """Glue did not take a partition; the message names the table."""


def source(lake: Lake, mart: str, run: date, delivered: date) -> str:
    """Return what a run sees of a mart: its own view if it has one, or what is published."""
    name = str(Name(mart, run, delivered))
    return f"{BUILD}.{name}" if lake.table_exists(BUILD, name) else f"{MARTS}.{mart}"


def builds(
    lake: Lake, run: date, delivered: Collection[date], event_days: Collection[date]
) -> list[Build]:
    """Return what a run has built of each table, and create the published ones that are missing.

    `delivered` are the delivery days that it was built for, `event_days` the event days.
    """
    client = lake.account.glue()
    built = [
        (name, table)
        for name, table in _built(client, run)
        if name.is_rows and name.delivered in delivered
    ]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda one: _build(client, one[0], one[1], event_days), built))


def publish(
    lake: Lake, wanted: Collection[Build], step: str, run: date, withheld: Collection[str] = ()
) -> int:
    """Show what was built; return how many partitions changed. Safe to repeat.

    Of the marts the `withheld` partitions, named `key=day`, keep the version that they have.
    """
    client = lake.account.glue()
    # what is later than a build was published since its moment
    first = min((build.version for build in wanted), default="")
    rows = publications(lake, date.fromisoformat(first[:8])) if first else []

    def compared(build: Build) -> list[Change]:
        kept = withheld if build.database == MARTS else ()
        days = {day for key, _, day in (text.partition("=") for text in kept) if key == build.key}
        shown = partitions(client, build.database, build.table, build.key, build.days)
        return list(published.changes(build, shown, rows, days))

    with ThreadPoolExecutor(_THREADS) as pool:
        found = [change for changes in pool.map(compared, wanted) for change in changes]
    version = max((build.version for build in wanted), default="")
    change_partitions(lake, found, step, run, version)
    return len(found)


def change_partitions(
    lake: Lake, wanted: Collection[Change], step: str, run: date, version: str
) -> None:
    """Make these changes, and keep evidence of them from before the first one."""
    client, now = lake.account.glue(), datetime.now(UTC)
    rows = [
        Publication(
            published_at=now,
            step=step,
            run_day=run,
            version=version,
            database_name=one.database,
            table_name=one.table,
            partition_values=one.values,
            location_before=one.before,
            location=one.after,
        )
        for one in wanted
    ]
    lake.append(PUBLICATIONS, rows, {"published_on": now.date()})
    tables = {
        (database, table): _table(client, database, table)
        for database, table in {(one.database, one.table) for one in wanted}
    }
    for call in published.calls(wanted):
        _make(client, call, tables[call.database, call.table]["StorageDescriptor"])
    if wanted:
        log.info("published %d partitions of %d tables", len(wanted), len(tables))


def publications(lake: Lake, since: date) -> list[Publication]:
    """Return the rows about all that was published on `since` or later, oldest first."""
    days = [day for day in lake.days(PUBLICATIONS) if day >= since]
    rows = [row for day in days for row in lake.read(PUBLICATIONS, {"published_on": day})]
    found = [read_back(Publication, row) for row in rows]
    return sorted(found, key=attrgetter("published_at"))


def restoration(lake: Lake, day: date, since: date, version: str) -> Restoration | None:
    """Find what makes the marts of `day` as they were before they last changed.

    A version that was written down and never shown, because its run was killed, changed nothing.
    """
    rows = [
        row
        for row in publications(lake, since)
        if row.database_name == MARTS and row.partition_values[0] == str(day)
    ]
    client = lake.account.glue()
    tables = {row.table_name for row in rows}
    shown = {table: partitions(client, MARTS, table) for table in tables}
    for one in dict.fromkeys(row.version for row in reversed(rows)):
        of_version = [row for row in rows if row.version == one]
        found = published.restoration(of_version, shown, version)
        if found.changes:
            return found
    return None


def partitions(
    client: "GlueClient", database: str, table: str, key: str = "", days: Collection[str] = ()
) -> dict[Values, str]:
    """Return the folder of each partition of a table: of all, or from the first of days to the last.

    Glue takes an expression of 2,048 characters, which would not name 70 days.
    """
    selected: Any = {}
    if days:
        selected = {"Expression": f"{key} >= '{min(days)}' and {key} <= '{max(days)}'"}
    pages = client.get_paginator("get_partitions").paginate(
        DatabaseName=database,
        TableName=table,
        ExcludeColumnSchema=True,
        **selected,
    )
    return {
        tuple(one["Values"]): one["StorageDescriptor"]["Location"].rstrip("/")
        for page in pages
        for one in page["Partitions"]
    }


def stored_bytes(lake: Lake, table: str, event_days: Collection[date]) -> int:
    """Return how large the files are that a parsed table has of event days. It sends no statement."""
    return _bytes_of_days(lake, STAGING, table, set(map(str, event_days)))


def bytes_to_read(lake: Lake, database: str, table: str, event_days: Collection[date]) -> int:
    """Return how large the files of a table are: those of event days, or all if it has no such key.

    They are 0 of a table that is not there. It sends no statement.
    """
    if not lake.table_exists(database, table):
        return 0
    description = _table(lake.account.glue(), database, table)
    if "event_date" in [key["Name"] for key in description.get("PartitionKeys", [])]:
        return _bytes_of_days(lake, database, table, set(map(str, event_days)))
    location = description.get("StorageDescriptor", {}).get("Location", "")
    return _size(lake, location) if location.startswith(f"s3://{lake.bucket}/") else 0


def _bytes_of_days(lake: Lake, database: str, table: str, days: set[str]) -> int:
    found = partitions(lake.account.glue(), database, table, "event_date", days)
    locations = [one for values, one in found.items() if values[-1] in days]
    with ThreadPoolExecutor(_THREADS) as pool:
        return sum(pool.map(lambda location: _size(lake, location), locations))


def _size(lake: Lake, location: str) -> int:
    return sum(entry["Size"] for entry in _entries(lake, _prefix_of(lake, location)))


def drop_builds(
    lake: Lake, run: date, delivered: Collection[date] = (), *, tables: str = ""
) -> None:
    """Remove what a run has of its own from Glue, of all delivery days or of these.

    `tables`: only those whose names begin so. No file is deleted: it may be published.
    """
    client = lake.account.glue()
    _drop(
        client,
        [
            table["Name"]
            for name, table in _built(client, run)
            if (not delivered or name.delivered in delivered) and name.table.startswith(tables)
        ],
    )


def drop_old_builds(lake: Lake, older_than: datetime) -> list[str]:
    """Remove from Glue what runs have left that did not end; return the names."""
    client = lake.account.glue()
    old = [table["Name"] for _, table in _built(client) if table["CreateTime"] < older_than]
    _drop(client, old)
    return old


def sweep(lake: Lake, keep: timedelta, now: datetime) -> list[str]:
    """Delete the files of versions that cannot be restored any more; return their URLs.

    A version is kept as long as a partition or a build points to it, and for `keep` after readers
    were shown another. The files are listed first: what is published meanwhile is not among them.
    """
    client = lake.account.glue()
    tables = {
        database: [table for table in _tables(client, database) if table.get("PartitionKeys")]
        for database in published.DATABASES.values()
    }
    written = {
        url: moment
        for database, of_database in tables.items()
        for table in of_database
        for url, moment in _written(lake, database, table)
    }
    written |= dict(_left_by_builds(lake))
    used = {
        location
        for row in publications(lake, (now - keep).date())
        for location in (row.location_before, row.location)
        if location
    }
    in_catalog = [(database, table["Name"]) for database in tables for table in tables[database]]
    builds = _built(client)
    used |= {
        table["StorageDescriptor"]["Location"]
        for _, table in builds
        if table.get("TableType") != "VIRTUAL_VIEW"
    }
    rows = [(BUILD, str(name)) for name, _ in builds if name.is_rows]
    with ThreadPoolExecutor(_THREADS) as pool:
        for found in pool.map(lambda one: _folders(client, *one), [*in_catalog, *rows]):
            used |= found
    swept = published.unused(written, used, now - keep)
    lake.delete([url.removeprefix(f"s3://{lake.bucket}/") for url in swept])
    return swept


def _folders(client: "GlueClient", database: str, table: str) -> set[str]:
    """Return what a table points to: nothing, if a run of another day has just dropped it."""
    try:
        return set(partitions(client, database, table).values())
    except AwsError as error:
        if error_code(error) != "EntityNotFoundException":
            raise
        return set()


def _build(client: "GlueClient", name: Name, built: Any, event_days: Collection[date]) -> Build:
    """Return what a table of rows holds."""
    location = built["StorageDescriptor"]["Location"]
    home, moment = published.home_of(location), published.version_of(location)
    if home is None or home[1] != name.table or not moment:
        raise NotPublished(
            f"{BUILD}.{name} lies in {location}, which is no folder of a run: does the workgroup "
            "enforce a location of its own?"
        )
    database, table = home
    _ensure_published(client, database, table, built)
    key = built["PartitionKeys"][0]["Name"]
    days = {name.delivered} if key == "delivered_on" else event_days
    found = partitions(client, BUILD, str(name))
    return Build(database, table, key, frozenset(map(str, days)), moment, found)


def _ensure_published(client: "GlueClient", database: str, table: str, built: Any) -> None:
    """Create the published table of a model that is built for the first time, without a row."""
    if glue.table_columns(client, database, table) is not None:
        return
    wanted = {key: built[key] for key in _KEPT}
    root = built["StorageDescriptor"]["Location"].partition("/run=")[0]
    wanted["StorageDescriptor"] = {**built["StorageDescriptor"], "Location": root}
    wanted["Parameters"] = {"EXTERNAL": "TRUE", "classification": "parquet"}
    glue.create_table(client, database, {**wanted, "Name": table})  # type: ignore[typeddict-item]


def _make(client: "GlueClient", call: Call, storage: Any) -> None:
    """Make one call of Glue, and look whether it took every partition."""
    where: Any = {"DatabaseName": call.database, "TableName": call.table}
    answer: Mapping[str, Any]
    if call.kind == "delete":
        gone: Any = [{"Values": list(one.values)} for one in call.changes]
        answer = client.batch_delete_partition(**where, PartitionsToDelete=gone)
    else:
        inputs: Any = [
            {"Values": list(one.values), "StorageDescriptor": {**storage, "Location": one.after}}
            for one in call.changes
        ]
        if call.kind == "create":
            answer = client.batch_create_partition(**where, PartitionInputList=inputs)
        else:
            entries: Any = [
                {"PartitionValueList": one["Values"], "PartitionInput": one} for one in inputs
            ]
            answer = client.batch_update_partition(**where, Entries=entries)
    for error in answer.get("Errors") or ():
        detail = error["ErrorDetail"]
        raise NotPublished(
            f"{call.database}.{call.table}: Glue did not {call.kind} a partition: "
            f"{detail['ErrorCode']}: {detail.get('ErrorMessage', '')}"
        )


def _built(client: "GlueClient", run: date | None = None) -> list[tuple[Name, Any]]:
    """Return the tables and views of one run in BUILD, or of all."""
    named = [(published.name_of(table["Name"]), table) for table in _tables(client, BUILD)]
    return [
        (name, table)
        for name, table in named
        if name is not None and (run is None or name.run == run)
    ]


def _tables(client: "GlueClient", database: str) -> list[Any]:
    pages = client.get_paginator("get_tables").paginate(DatabaseName=database)
    try:
        return [table for page in pages for table in page["TableList"]]
    except AwsError as error:
        if error_code(error) != "EntityNotFoundException":
            raise
        return []  # a lake of an older version, which no run has prepared since


def _table(client: "GlueClient", database: str, table: str) -> Any:
    return client.get_table(DatabaseName=database, Name=table)["Table"]


def _drop(client: "GlueClient", names: list[str]) -> None:
    for some in glue.batches(names, _NAMES_A_CALL):
        client.batch_delete_table(DatabaseName=BUILD, TablesToDelete=some)


def _written(lake: Lake, database: str, table: Any) -> Iterator[tuple[str, datetime]]:
    """Yield the URL of each object below a published table's folder, and when it was written."""
    root = table["StorageDescriptor"]["Location"].rstrip("/")
    if published.home_of(root) == (database, table["Name"]):  # else others made the folder
        yield from objects(lake, _prefix_of(lake, root))


def _left_by_builds(lake: Lake) -> Iterator[tuple[str, datetime]]:
    """Yield the objects of the tables that dbt makes on the way to more than 100 partitions.

    They lie beside the published tables, in folders that begin with the name of a build.
    """
    pages = lake.account.s3().get_paginator("list_objects_v2")
    for home in published.DATABASES:
        for page in pages.paginate(Bucket=lake.bucket, Prefix=f"{home}/", Delimiter="/"):
            for entry in page.get("CommonPrefixes", []):
                if published.name_of(entry["Prefix"].split("/")[1]) is not None:
                    yield from objects(lake, entry["Prefix"])


def objects(lake: Lake, prefix: str) -> Iterator[tuple[str, datetime]]:
    """Yield the URL of each object below a prefix, and when it was written."""
    for entry in _entries(lake, prefix):
        yield f"s3://{lake.bucket}/{entry['Key']}", entry["LastModified"]


def _entries(lake: Lake, prefix: str) -> Iterator[Any]:
    pages = lake.account.s3().get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=lake.bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def _prefix_of(lake: Lake, location: str) -> str:
    return location.removeprefix(f"s3://{lake.bucket}/").rstrip("/") + "/"


def is_there(lake: Lake, location: str) -> bool:
    """Whether a folder of the lake holds an object."""
    prefix = _prefix_of(lake, location)
    answer = lake.account.s3().list_objects_v2(Bucket=lake.bucket, Prefix=prefix, MaxKeys=1)
    return bool(answer.get("Contents"))
