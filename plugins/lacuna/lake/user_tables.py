"""Tables that users keep about their account, read through Athena."""

import logging
from collections.abc import Mapping, Sequence

from lacuna.aws.session import AwsError, refusal
from lacuna.lake import athena
from lacuna.lake.athena import QueryFailed
from lacuna.lake.lake import Lake
from lacuna.refusals import Refusal

log = logging.getLogger(__name__)


def rows(
    lake: Lake, name: str, columns: Sequence[str]
) -> Sequence[Mapping[str, str | None]] | Refusal:
    """Return the different rows of the table `name`, given as database.table: these columns, as text.

    Glue is asked before Athena: its error codes distinguish a missing table from a refused one.
    """
    database, table = name.split(".")
    try:
        answer = lake.account.glue().get_table(DatabaseName=database, Name=table)
    except AwsError as error:
        return refusal(error, "GetTable")
    described = answer["Table"]
    found = {
        column["Name"].lower()
        for column in (
            *described.get("StorageDescriptor", {}).get("Columns", []),
            *described.get("PartitionKeys", []),
        )
    }
    if not found.issuperset(columns):
        return Refusal("GetTable", "ColumnsMissing")
    selected = ", ".join(f"cast({column} as varchar) as {column}" for column in columns)
    try:
        # the setting allows no character that would need an escape within the quotes
        return athena.rows(lake, f'select distinct {selected} from "{database}"."{table}"')  # noqa: S608
    except QueryFailed as error:
        log.warning("%s", error)
        return error.refused
