"""Definitions of Hive tables: what CREATE TABLE AS asks for, and what Glue keeps of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from sandbox.athena.catalog import Columns, GlueTable
from sandbox.athena.errors import AthenaError

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
}
TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
}
SERDES = {
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    "json": "org.openx.data.jsonserde.JsonSerDe",
    "textfile": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
}


@dataclass(frozen=True)
class TableOptions:
    """WITH (…) of a CTAS."""

    location: str = ""
    format: str = "parquet"
    delimiter: str = "\x01"
    partitioned_by: list[str] = field(default_factory=list)
    comment: str = ""
    compression: str = ""
    has_data: bool = True  # or WITH NO DATA


# of Parquet files; a table without the property has snappy
COMPRESSION = "write.compression"
COMPRESSIONS = ("snappy", "gzip", "zstd")
IGNORED = {
    "is_external",
    "compression_level",
    "orc_compression",
    "bucketed_by",
    "bucket_count",
}


def table_options(tree: exp.Create) -> TableOptions:
    given: dict[str, Any] = {}
    comment, has_data = "", True
    properties = tree.args.get("properties")
    for item in properties.expressions if properties else []:
        if isinstance(item, exp.PartitionedByProperty):
            given["partitioned_by"] = [c.name.lower() for c in item.this.expressions]
        elif isinstance(item, exp.FileFormatProperty):
            given["format"] = item.this.name.lower()
        elif isinstance(item, exp.LocationProperty):
            given["location"] = item.this.name
        elif isinstance(item, exp.SchemaCommentProperty):
            comment = item.this.name
        elif isinstance(item, exp.WithDataProperty):
            has_data = not item.args.get("no")
        elif isinstance(item, exp.Property):
            given[item.this.name.lower()] = item.args["value"].name
    kind = given.pop("table_type", "hive").lower()
    if kind != "hive":
        raise AthenaError(f"NOT_SUPPORTED: table_type {kind} is not supported by the sandbox")
    if given.get("bucketed_by") or given.get("bucket_count"):
        raise AthenaError("NOT_SUPPORTED: bucketed tables are not supported by the sandbox")
    location = given.pop("external_location", "") or given.pop("location", "")
    kind = given.pop("format", "parquet")
    if kind not in ("parquet", "json", "textfile"):
        raise AthenaError(f"NOT_SUPPORTED: format {kind} is not supported by the sandbox")
    keys = given.pop("partitioned_by", [])
    delimiter = given.pop("field_delimiter", "\x01")
    compression = given.pop("write_compression", given.pop("parquet_compression", "")).lower()
    if kind == "parquet" and compression not in ("", *COMPRESSIONS):
        raise AthenaError(f"NOT_SUPPORTED: {compression} is not supported by the sandbox")
    options = TableOptions(location, kind, delimiter, keys, comment, compression, has_data)
    unknown = sorted(set(given) - IGNORED)
    if unknown:
        raise AthenaError(
            "INVALID_TABLE_PROPERTY: line 1:1: Catalog 'awsdatacatalog' table property "
            f"'{unknown[0]}' does not exist"
        )
    return options


def copy_format(table: GlueTable) -> tuple[str, str]:
    """DuckDB's COPY options for a table's format, and the ending of its files."""
    serde = table["StorageDescriptor"]["SerdeInfo"]
    name = serde["SerializationLibrary"].rpartition(".")[2]
    if name == "ParquetHiveSerDe":
        compression = (table.get("Parameters") or {}).get(COMPRESSION, "snappy").lower()
        return f"format parquet, compression {compression}", "parquet"
    if name == "JsonSerDe":
        return "format json, compression gzip", "json.gz"
    if name == "LazySimpleSerDe":
        delimiter = (serde.get("Parameters") or {}).get("field.delim", "\x01").replace("'", "''")
        return (
            f"format csv, header false, quote '', escape '', nullstr '\\N', delim '{delimiter}'",
            "txt",
        )
    raise AthenaError(
        f"NOT_SUPPORTED: Cannot insert into a table with SerDe {serde['SerializationLibrary']}"
    )


def new_table(
    db: str,
    name: str,
    columns: Columns,
    key_count: int,
    location: str,
    options: TableOptions,
) -> GlueTable:
    """A Glue table as a CTAS makes it; its last columns are its partition keys."""
    glue = [{"Name": n, "Type": t} for n, t in columns]
    split = len(glue) - key_count
    kind, delimiter, compression = options.format, options.delimiter, options.compression
    parameters = (
        {"field.delim": delimiter, "serialization.format": delimiter}
        if kind == "textfile"
        else {"serialization.format": "1"}
    )
    return {
        "DatabaseName": db,
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": glue[split:],
        "Parameters": {
            **{"EXTERNAL": "TRUE", "classification": kind},
            **({COMPRESSION: compression} if compression else {}),
        },
        "StorageDescriptor": {
            **(PARQUET if kind == "parquet" else TEXT),
            "Columns": glue[:split],
            "Location": location,
            "SerdeInfo": {"SerializationLibrary": SERDES[kind], "Parameters": parameters},
        },
    }
