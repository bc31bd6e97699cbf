"""The user's table of sensitive buckets, read through Athena once a snapshot."""

import logging

from lacuna.access_log.sensitivity import READ, SensitivityTable, table_of
from lacuna.lake import user_tables
from lacuna.lake.lake import Lake
from lacuna.refusals import Refusal, needed

log = logging.getLogger(__name__)


def read_table(lake: Lake, name: str | None) -> SensitivityTable | Refusal | None:
    """Read the table `name`, given as database.table. None: no table is configured.

    Glue is asked before Athena: its error codes distinguish a missing table from a refused one.
    """
    if name is None:
        return None
    table = _read(lake, name)
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


def _read(lake: Lake, name: str) -> SensitivityTable | Refusal:
    rows = user_tables.rows(lake, name, ("bucket_name", "sensitivity"))
    if isinstance(rows, Refusal):
        return rows
    if not rows:
        # an empty table more likely lost its files than means that nothing is sensitive
        return Refusal(READ, "TableEmpty")
    usable = table_of((row["bucket_name"], row["sensitivity"]) for row in rows)
    # files in another format than the table's have no usable rows
    return usable if usable.names or usable.globs else Refusal(READ, "NoUsableRows")
