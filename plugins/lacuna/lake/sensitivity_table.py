"""The table in which the user keeps what is sensitive, read through Athena: once a snapshot."""

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
    found = _read(lake, *name.split("."))
    if isinstance(found, Refusal):
        log.warning(
            "LACUNA_SENSITIVITY_TABLE=%s: %s; what it alone calls sensitive is unknown",
            name,
            needed(found),
        )
    elif found.skipped:
        log.warning(
            "LACUNA_SENSITIVITY_TABLE=%s: %d rows hold what can be no bucket's name, and may have been "
            "meant for any: what nothing else calls sensitive is unknown",
            name,
            found.skipped,
        )
    return found


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
    said = ", ".join(f"cast({column} as varchar) as {column}" for column in _COLUMNS)
    try:
        # what the setting may hold leaves nothing to escape within the quotes
        rows = athena.rows(lake, f'select distinct {said} from "{database}"."{table}"')  # noqa: S608
    except QueryFailed as error:
        log.warning("%s", error)
        return error.refused
    if not rows:
        # files that are gone leave a table without rows: nobody has said that nothing is sensitive
        return Refusal(READ, "TableEmpty")
    found = table_of((row["bucket_name"], row["sensitivity"]) for row in rows)
    # of files in another format than the table's nothing is understood
    return found if found.names or found.globs else Refusal(READ, "NoUsableRows")
