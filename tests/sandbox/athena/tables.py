"""Tables of whole lines, each at a place of its own."""

from __future__ import annotations

import itertools
from typing import Any

TEXT = "org.apache.hadoop.mapred.TextInputFormat"
SYMLINKS = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
REGEX = "org.apache.hadoop.hive.serde2.RegexSerDe"
numbers = itertools.count()


def line_table(
    lake: Any,
    *keys: str,
    inputs: str = TEXT,
    pattern: str = "(.*)",
    columns: tuple[str, ...] = ("line",),
) -> tuple[str, str]:
    """Create a RegexSerDe table. Return its name and the prefix of its objects."""
    name = f"lines_{next(numbers)}"
    storage = {
        "Columns": [{"Name": column, "Type": "string"} for column in columns],
        "Location": f"s3://{lake.bucket}/{name}/",
        "InputFormat": inputs,
        "OutputFormat": OUTPUT,
        "SerdeInfo": {"SerializationLibrary": REGEX, "Parameters": {"input.regex": pattern}},
    }
    table = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": storage,
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
    }
    lake.glue.create_table(DatabaseName=lake.database, TableInput=table)
    return name, f"{name}/"


def add_partitions(lake: Any, table: str, key: str, *values: str) -> None:
    """Register partitions at their usual places below the table."""
    listed = " ".join(f"partition ({key}='{value}')" for value in values)
    lake.rows(f"alter table {table} add {listed}")
