"""The user's table of sensitive buckets, read through Athena once a snapshot."""

import logging

from lacuna.access_log.sensitivity import READ, SensitivityTable, table_of
from lacuna.aws.session import AwsError, refusal
from lacuna.lake import athena
from lacuna.lake.athena import QueryFailed
from lacuna.lake.lake import Lake
from lacuna.refusals import Refusal, needed

log = logging.getLogger(__name__)

_COLUMNS = ("bucket_name", "sensitivity")


def read_table(lake: Lake, name: str | None) -> SensitivityTable | Refusal | None:
    """Read the table `name`, given as database.table. None: no table is configured.

    Glue is asked before Athena: its error codes distinguish a missing table from a refused one.
    """
    if name is None:
        return None
    table = _read(lake, *name.split("."))
    if isinstance(table, Refusal):
        log.warning(
            "LACUNA_SENSITIVITY_TABLE=%s: %s; buckets that only this table may call sensitive are unknown",
            name,
            needed(table),
        )
    elif table.skipped:
        log.warning(
            "LACUNA_SENSITIVITY_TABLE=%s: %d rows have no valid bucket name and could match any bucket: "
            "buckets that nothing else calls sensitive are unknown",
            name,
            table.skipped,
        )
    return table


def _read(lake: Lake, database: str, table: str) -> SensitivityTable | Refusal:
    try:
        answer = lake.account.glue().get_table(DatabaseName=database, Name=table)
    except AwsError as error:
        return refusal(error, "GetTable")
    described = answer["Table"]
    columns = {
        column["Name"].lower()
        for column in (
            *described.get("StorageDescriptor", {}).get("Columns", []),
            *described.get("PartitionKeys", []),
        )
    }
    if not columns.issuperset(_COLUMNS):
        return Refusal("GetTable", "ColumnsMissing")
    selected = ", ".join(f"cast({column} as varchar) as {column}" for column in _COLUMNS)
    try:
        # the setting allows no character that would need an escape within the quotes
        rows = athena.rows(lake, f'select distinct {selected} from "{database}"."{table}"')  # noqa: S608
    except QueryFailed as error:
        log.warning("%s", error)
        return error.refused
    if not rows:
        # an empty table more likely lost its files than means that nothing is sensitive
        return Refusal(READ, "TableEmpty")
    usable = table_of((row["bucket_name"], row["sensitivity"]) for row in rows)
    # files in another format than the table's have no usable rows
    return usable if usable.names or usable.globs else Refusal(READ, "NoUsableRows")
