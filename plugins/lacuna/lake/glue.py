"""The lake's databases, tables and raw partitions in Glue."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from lacuna.aws.session import error_code
from lacuna.tables import evidence, raw
from lacuna.tables.evidence_table import EvidenceTable
from lacuna.tables.raw import RawPartition, RawTable

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef, TableInputTypeDef

Item = TypeVar("Item")

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_DELETES_A_CALL = 25
_CREATES_A_CALL = 100


def ensure_database(glue: "GlueClient", name: str, description: str) -> None:
    """Create a database that does not exist yet."""
    try:
        glue.create_database(DatabaseInput={"Name": name, "Description": description})
    except ClientError as error:
        if error_code(error) != "AlreadyExistsException":
            raise


def ensure_tables(glue: "GlueClient", database: str, wanted: Iterable["TableInputTypeDef"]) -> None:
    """Create tables, or change those that have another shape. Their partitions stay."""
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    known = {table["Name"]: table for page in pages for table in page["TableList"]}
    for table in wanted:
        if table["Name"] not in known:
            create_table(glue, database, table)
        elif _shape(known[table["Name"]]) != _shape(table):
            glue.update_table(DatabaseName=database, TableInput=table)


def ensure_raw_table(glue: "GlueClient", table: RawTable, location: str) -> None:
    """Create a raw table, or bring that of an older version into its present form.

    Glue changes no partition keys, so the table is made anew. A second table holds the partitions
    meanwhile: a run that is killed anywhere loses none, and the next one goes on from there.
    """
    wanted = raw_table_input(table, location)
    moving = f"{table.name}_moving"
    if _keys_differ(glue, wanted):
        create_table(glue, raw.DATABASE, {**wanted, "Name": moving})
        _copy_partitions(glue, table, table.name, moving)
        if _keys_differ(glue, wanted):  # another run may have been faster
            _delete_table(glue, table.name)
    ensure_tables(glue, raw.DATABASE, [wanted])
    if table_columns(glue, raw.DATABASE, moving) is not None:
        _copy_partitions(glue, table, moving, table.name)
        _delete_table(glue, moving)


def table_columns(glue: "GlueClient", database: str, name: str) -> list[str] | None:
    """Return the columns of a table, without its partition keys; None if there is no such table."""
    try:
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
    except ClientError as error:
        if error_code(error) != "EntityNotFoundException":
            raise
        return None
    return [column["Name"] for column in table["StorageDescriptor"]["Columns"]]


def add_partition(
    glue: "GlueClient", table: EvidenceTable, values: Sequence[str], location: str
) -> None:
    """Register a partition of an evidence table. One that Glue knows has the same location."""
    _add(glue, evidence.DATABASE, table.name, [_evidence_partition(table, values, location)])


def point_partition(
    glue: "GlueClient", table: EvidenceTable, day: date, location: str | None
) -> None:
    """Let the partition of a day have this location, in one call; None: let there be no partition."""
    values = [day.isoformat()]
    if location is None:
        drop_partition(glue, evidence.DATABASE, table.name, values)
        return
    partition = _evidence_partition(table, values, location)
    if _add(glue, evidence.DATABASE, table.name, [partition]):
        answer = glue.batch_update_partition(
            DatabaseName=evidence.DATABASE,
            TableName=table.name,
            Entries=[{"PartitionValueList": values, "PartitionInput": partition}],
        )
        _raise_errors(answer, "", f"change a partition of {table.name}")


def _evidence_partition(
    table: EvidenceTable, values: Sequence[str], location: str
) -> "PartitionInputTypeDef":
    storage: Any = evidence_table_input(table, location)["StorageDescriptor"]
    return {"Values": values, "StorageDescriptor": storage}


def location_of(glue: "GlueClient", table: EvidenceTable, day: date) -> str | None:
    """Return where the files of a day lie; None if Glue knows no such partition."""
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=evidence.DATABASE,
        TableName=table.name,
        Expression=f"{table.partition_keys[0]} = '{day.isoformat()}'",
        ExcludeColumnSchema=True,
    )
    found = (one["StorageDescriptor"]["Location"] for page in pages for one in page["Partitions"])
    return next(found, None)


def drop_partition(glue: "GlueClient", database: str, table: str, values: Sequence[str]) -> None:
    """Remove one partition, whether or not Glue knows it."""
    try:
        glue.delete_partition(DatabaseName=database, TableName=table, PartitionValues=list(values))
    except ClientError as error:
        if error_code(error) != "EntityNotFoundException":
            raise


def replace_raw_partitions(
    glue: "GlueClient", table_name: str, day: date, partitions: Iterable[RawPartition]
) -> None:
    """Make `partitions` the only ones that a raw table has for a delivery day."""
    table = next(table for table in raw.TABLES if table.name == table_name)
    wanted = set(partitions)
    known = set(_partitions(glue, table_name, f"delivered_on = '{day.isoformat()}'"))
    _delete_partitions(glue, table_name, known - wanted)
    _create_partitions(glue, table, table_name, wanted - known)


def has_raw_partitions(glue: "GlueClient", day: date) -> bool:
    """Whether the raw partitions of a delivery day are registered: all of them are, or the first is not."""
    first = f"delivered_on = '{day.isoformat()}' and part = '{raw.FIRST_PART}'"
    return bool(_partitions(glue, raw.ACCESS_LOGS, first))


def drop_raw_partitions(
    glue: "GlueClient", before: date, may_go: Callable[[date], bool]
) -> list[date]:
    """Remove the raw partitions of delivery days before `before` that may go; return these days.

    Glue finds them, so that the cost is that of the days that go, however long the history is.
    """
    older = f"delivered_on < '{before.isoformat()}'"
    logs, events = (
        _partitions(glue, name, older) for name in (raw.ACCESS_LOGS, raw.CLOUDTRAIL_EVENTS)
    )
    days = sorted({date.fromisoformat(one.values[0]) for one in [*logs, *events]})
    dropped = []
    for day in filter(may_go, days):
        of_day = [one for one in logs if one.values[0] == day.isoformat()]
        first = [one for one in of_day if one.values[1] == raw.FIRST_PART]
        _delete_partitions(glue, raw.ACCESS_LOGS, first)
        _delete_partitions(glue, raw.ACCESS_LOGS, set(of_day) - set(first))
        _delete_partitions(
            glue, raw.CLOUDTRAIL_EVENTS, [one for one in events if one.values[0] == day.isoformat()]
        )
        dropped.append(day)
    return dropped


def evidence_table_input(table: EvidenceTable, location: str) -> "TableInputTypeDef":
    """Return an evidence table in Glue's terms."""
    return _table_input(
        table.name,
        table.description,
        table.partition_columns(),
        parameters={"classification": "parquet"},
        storage={
            "Columns": _columns(table.columns()),
            "Location": location,
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
        },
    )


def raw_table_input(table: RawTable, location: str) -> "TableInputTypeDef":
    """Return a raw table in Glue's terms. Its own location stays empty: partitions have theirs."""
    return _table_input(
        table.name,
        table.description,
        table.partition_columns,
        parameters={},
        storage=_raw_storage(table, location),
    )


def _keys_differ(glue: "GlueClient", wanted: "TableInputTypeDef") -> bool:
    try:
        known: Any = glue.get_table(DatabaseName=raw.DATABASE, Name=wanted["Name"])["Table"]
    except ClientError as error:
        if error_code(error) != "EntityNotFoundException":
            raise
        return False
    return _keys(known) != _keys(wanted)


def _copy_partitions(glue: "GlueClient", table: RawTable, source: str, target: str) -> None:
    found = {raw.with_present_keys(table, partition) for partition in _partitions(glue, source)}
    _create_partitions(glue, table, target, found)


def _delete_table(glue: "GlueClient", name: str) -> None:
    """Delete a raw table, its partitions first: Glue itself deletes them at a time of its own."""
    try:
        _delete_partitions(glue, name, _partitions(glue, name))
        glue.delete_table(DatabaseName=raw.DATABASE, Name=name)
    except ClientError as error:
        if error_code(error) != "EntityNotFoundException":
            raise


def _delete_partitions(
    glue: "GlueClient", table_name: str, partitions: Iterable[RawPartition]
) -> None:
    for batch in batches(sorted(partitions), _DELETES_A_CALL):
        values: Any = [{"Values": list(partition.values)} for partition in batch]
        answer = glue.batch_delete_partition(
            DatabaseName=raw.DATABASE, TableName=table_name, PartitionsToDelete=values
        )
        _raise_errors(answer, "EntityNotFoundException", f"delete partitions of {table_name}")


def _create_partitions(
    glue: "GlueClient", table: RawTable, table_name: str, partitions: Iterable[RawPartition]
) -> None:
    """Register partitions. One that another run registered meanwhile gets the location wanted here."""
    where = {"DatabaseName": raw.DATABASE, "TableName": table_name}
    for batch in batches(sorted(partitions), _CREATES_A_CALL):
        inputs = {partition.values: _partition_input(table, partition) for partition in batch}
        for values in _add(glue, raw.DATABASE, table_name, list(inputs.values())):
            glue.update_partition(
                **where, PartitionValueList=values, PartitionInput=inputs[tuple(values)]
            )


def _add(
    glue: "GlueClient", database: str, table: str, inputs: "Sequence[PartitionInputTypeDef]"
) -> list[list[str]]:
    """Register partitions of one call; return the values of those that Glue knew already."""
    answer = glue.batch_create_partition(
        DatabaseName=database, TableName=table, PartitionInputList=inputs
    )
    _raise_errors(answer, "AlreadyExistsException", f"register partitions of {table}")
    return [error["PartitionValues"] for error in answer.get("Errors", [])]


def _raise_errors(answer: Any, expected: str, what: str) -> None:
    """Raise if Glue refused a part of a call for another reason than the expected one."""
    for error in answer.get("Errors", []):
        if error["ErrorDetail"]["ErrorCode"] != expected:
            message = error["ErrorDetail"].get("ErrorMessage")
            raise RuntimeError(f"Glue did not {what}: {message}")


def create_table(glue: "GlueClient", database: str, wanted: "TableInputTypeDef") -> None:
    """Create a table that another run may create at the same time."""
    try:
        glue.create_table(DatabaseName=database, TableInput=wanted)
    except ClientError as error:
        if error_code(error) != "AlreadyExistsException":
            raise


def _shape(table: Any) -> tuple[object, ...]:
    """Return the parts of a table that Lacuna decides; Glue adds others, and so did older versions."""
    storage = table["StorageDescriptor"]
    serde = storage["SerdeInfo"]
    return (
        [(column["Name"], column["Type"]) for column in storage["Columns"]],
        _keys(table),
        storage["Location"].rstrip("/"),
        storage["InputFormat"],
        serde["SerializationLibrary"],
        serde.get("Parameters", {}).get("input.regex"),
    )


def _keys(table: Any) -> list[tuple[str, str]]:
    return [(key["Name"], key["Type"]) for key in table.get("PartitionKeys", [])]


def _table_input(
    name: str,
    description: str,
    partition_columns: Mapping[str, str],
    *,
    parameters: Mapping[str, str],
    storage: Any,
) -> "TableInputTypeDef":
    return {
        "Name": name,
        "Description": description,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **parameters},
        "PartitionKeys": _columns(partition_columns),
        "StorageDescriptor": storage,
    }


def _partition_input(table: RawTable, partition: RawPartition) -> "PartitionInputTypeDef":
    return {
        "Values": list(partition.values),
        "StorageDescriptor": _raw_storage(table, partition.location),
    }


def _raw_storage(table: RawTable, location: str) -> Any:
    return {
        "Columns": _columns(table.columns),
        "Location": location,
        "InputFormat": table.input_format,
        "OutputFormat": table.output_format,
        "SerdeInfo": {
            "SerializationLibrary": table.serde,
            "Parameters": dict(table.serde_parameters),
        },
    }


def _columns(columns: Mapping[str, str]) -> Any:
    return [{"Name": name, "Type": kind} for name, kind in columns.items()]


def _partitions(
    glue: "GlueClient", table_name: str, expression: str | None = None
) -> list[RawPartition]:
    """Return the partitions of a raw table, all or those that an expression of their keys selects."""
    selected: Any = {"Expression": expression} if expression else {}
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=raw.DATABASE, TableName=table_name, ExcludeColumnSchema=True, **selected
    )
    return [
        RawPartition(tuple(partition["Values"]), partition["StorageDescriptor"]["Location"])
        for page in pages
        for partition in page["Partitions"]
    ]


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the items in parts that one call takes."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
