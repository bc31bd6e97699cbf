"""Hive's statements: databases, tables, partitions, SHOW, DESCRIBE. They run on the catalog; no
engine sees them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlglot

# loaded now: two statements that load it at once would see it half loaded
import sqlglot.dialects.athena
from moto.glue.exceptions import TableAlreadyExistsException
from sqlglot import exp

from sandbox.athena.catalog import CATALOG, Catalog, Columns, GlueTable, hive_columns
from sandbox.athena.definitions import PARQUET, SERDES, TEXT
from sandbox.athena.engine import Column, Result, Rows, Statement
from sandbox.athena.errors import AthenaError
from sandbox.athena.syntax import without_head

HEADINGS = {  # Hive's
    "SHOW_DATABASES": "database_name",
    "SHOW_TABLES": "tab_name",
    "SHOW_PARTITIONS": "partition",
    "SHOW_COLUMNS": "field",
    "SHOW_CREATE_TABLE": "createtab_stmt",
}
DELIMITED = {
    "fields": "field.delim",
    "escaped": "escape.delim",
    "collection_items": "collection.delim",
    "map_keys": "mapkey.delim",
    "lines": "line.delim",
    "null": "serialization.null.format",
}
NAME = r"((?:`[^`]+`|\"[^\"]+\"|[\w$]+)(?:\.(?:`[^`]+`|\"[^\"]+\"|[\w$]+))*)"


def run(statement: Statement) -> Result | None:
    """Run a Hive statement. Return its result; None if the statement is for an engine."""
    sql = without_head(statement.sql)
    if known := command(sql):
        action, words = known
        return action(_Context(statement, sql), *words)
    return None


def command(sql: str) -> tuple[Callable[..., Result], Sequence[str | None]] | None:
    """Return what a Hive statement does, and to what; None if the statement is for an engine."""
    for pattern, action in COMMANDS:
        if match := re.fullmatch(pattern, sql, re.I | re.S):
            return action, match.groups()
    return None


class _Context:
    """The catalog and the database of a statement, and the names in it."""

    def __init__(self, statement: Statement, sql: str) -> None:
        self.catalog: Catalog = statement.catalog
        self.database, self.sql = statement.database, sql

    def split(self, text: str) -> tuple[str, str]:
        parts = [a or b or c for a, b, c in re.findall(r'`([^`]+)`|"([^"]+)"|([\w$]+)', text)]
        if len(parts) > 2 and parts[-3].lower() != CATALOG:
            raise AthenaError(f"CATALOG_NOT_FOUND: line 1:1: Catalog '{parts[-3]}' does not exist")
        return (parts[-2] if len(parts) > 1 else self.database).lower(), parts[-1].lower()

    def table(self, text: str) -> GlueTable:
        db, name = self.split(text)
        table = self.catalog.table(db, name)
        if table is None:
            raise AthenaError(
                f"FAILED: SemanticException [Error 10001]: Table not found {db}.{name}"
            )
        return table

    def update(self, table: GlueTable, change: Callable[[dict[str, Any]], None]) -> None:
        """Store a changed definition of a table."""
        glue = self.catalog.glue.get_table(table["DatabaseName"], table["Name"])
        definition = json.loads(
            json.dumps(glue.get_version(str(glue._current_version)), default=str)
        )
        change(definition)
        glue.update(definition)


def _rows(lines: Iterable[str], subtype: str) -> Result:
    column = Column(HEADINGS.get(subtype, "result"), "string")
    return Result("UTILITY", subtype, (column,), Rows([line] for line in lines))


def _create_database(at: _Context, exists: str | None, name: str, rest: str) -> Result:
    _, name = at.split(name)
    location = re.search(r"LOCATION\s+'([^']*)'", rest, re.I)
    if name not in at.catalog.databases():
        at.catalog.glue.create_database(
            name, {"Name": name} | ({"LocationUri": location[1]} if location else {})
        )
    elif not exists:
        raise AthenaError(
            "FAILED: Execution Error, return code 1 from "
            f"org.apache.hadoop.hive.ql.exec.DDLTask. Database {name} already exists"
        )
    return Result("DDL", "CREATE_DATABASE")


def _drop_database(at: _Context, exists: str | None, name: str, cascade: str | None) -> Result:
    _, name = at.split(name)
    if name in at.catalog.databases():
        if at.catalog.tables(name) and (cascade or "").upper() != "CASCADE":
            raise AthenaError(
                "FAILED: Execution Error, return code 1. "
                f"InvalidOperationException(message:Database {name} is not empty.)"
            )
        at.catalog.glue.delete_database(name)
    elif not exists:
        raise AthenaError(
            f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}"
        )
    return Result("DDL", "DROP_DATABASE")


def _drop(at: _Context, kind: str, exists: str | None, name: str) -> Result:
    db, base = at.split(name)
    table = at.catalog.table(db, base)
    is_view = bool(table) and (table or {}).get("TableType") == "VIRTUAL_VIEW"
    if table is None and not exists:
        raise AthenaError(f"FAILED: SemanticException [Error 10001]: Table not found {db}.{base}")
    if table and is_view != (kind.upper() == "VIEW"):
        raise AthenaError(
            f"FAILED: SemanticException: Cannot drop a {'view' if is_view else 'table'} with "
            f"DROP {kind.upper()}: {db}.{base}"
        )
    if table:
        at.catalog.glue.delete_table(table["DatabaseName"], table["Name"])
    return Result("DDL", f"DROP_{kind.upper()}")


def _create_table(at: _Context, exists: str | None) -> Result:
    try:
        tree = sqlglot.parse_one(at.sql, read="athena")
    except sqlglot.errors.SqlglotError as error:
        raise AthenaError(
            "FAILED: ParseException " + re.sub(r"\x1b\[\d+m", "", str(error))
        ) from error
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        raise AthenaError(
            f"FAILED: ParseException line 1:0 cannot recognize input near '{at.sql[:40]}'"
        )
    node = tree.this.this
    db, name = (node.db or at.database).lower(), node.name.lower()
    if db not in at.catalog.databases():
        raise AthenaError(f"FAILED: SemanticException [Error 10072]: Database does not exist: {db}")
    try:  # another statement may make it at the same moment
        at.catalog.glue.create_table(db, name, _definition(name, tree, at.sql))
    except TableAlreadyExistsException as error:
        if not exists:
            raise AthenaError(
                "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
                f"AlreadyExistsException(message:Table {name} already exists.)"
            ) from error
    return Result("DDL", "CREATE_TABLE")


def _column(node: exp.Expr) -> dict[str, str]:
    comment = next(
        (
            c.kind.this.name
            for c in node.args.get("constraints") or []
            if isinstance(c.kind, exp.CommentColumnConstraint)
        ),
        None,
    )
    kind = node.args["kind"].sql("hive").lower().replace(": ", ":").replace(", ", ",")
    return {"Name": node.name.lower(), "Type": kind} | ({"Comment": comment} if comment else {})


def _definition(name: str, tree: exp.Create, sql: str) -> dict[str, Any]:  # noqa: PLR0912
    """The Glue table of a CREATE EXTERNAL TABLE."""
    storage: dict[str, Any] = dict(TEXT)
    serde: dict[str, Any] = {
        "SerializationLibrary": SERDES["textfile"],
        "Parameters": {"serialization.format": "1"},
    }
    parameters, keys, location = {"EXTERNAL": "TRUE"}, list[exp.Expr](), ""
    properties = tree.args.get("properties")
    for item in properties.expressions if properties else []:
        if isinstance(item, exp.PartitionedByProperty):
            keys = item.this.expressions
        elif isinstance(item, exp.LocationProperty):
            location = item.this.name.rstrip("/")  # as Hive keeps it
        elif isinstance(item, exp.FileFormatProperty):
            if isinstance(item.this, exp.InputOutputFormat):
                storage = {
                    "InputFormat": item.this.args["input_format"].name,
                    "OutputFormat": item.this.args["output_format"].name,
                }
            elif item.this.name.lower() == "parquet":
                storage, serde["SerializationLibrary"] = dict(PARQUET), SERDES["parquet"]
            elif item.this.name.lower() != "textfile":
                raise AthenaError(
                    f"NOT_SUPPORTED: STORED AS {item.this.name} is not supported by the sandbox"
                )
        elif isinstance(item, exp.RowFormatSerdeProperty):
            serde["SerializationLibrary"] = item.this.name
            given = item.args.get("serde_properties")
            serde["Parameters"] |= (
                {p.this.name: p.args["value"].name for p in given.expressions} if given else {}
            )
        elif isinstance(item, exp.RowFormatDelimitedProperty):
            given = {DELIMITED[k]: v.name for k, v in item.args.items() if v and k in DELIMITED}
            if "field.delim" in given:
                given["serialization.format"] = given["field.delim"]
            serde["Parameters"] |= given
        elif isinstance(item, exp.SchemaCommentProperty):
            parameters["comment"] = item.this.name
        elif isinstance(item, exp.Property) and item.args.get("value") is not None:
            parameters[item.this.name] = item.args["value"].name
    if not location:
        raise AthenaError("FAILED: SemanticException: no LOCATION given for the external table")
    if parameters.get("table_type", "").upper() == "ICEBERG":
        raise AthenaError("NOT_SUPPORTED: Iceberg tables are not supported by the sandbox")
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": [_column(k) for k in keys],
        "StorageDescriptor": {
            **storage,
            "Columns": [_column(c) for c in tree.this.expressions],
            "Location": location,
            "SerdeInfo": serde,
        },
    }


def _set_properties(at: _Context, name: str, text: str) -> Result:
    pairs = dict(re.findall(r"'([^']*)'\s*=\s*'([^']*)'", text))
    at.update(
        at.table(name), lambda t: t.__setitem__("Parameters", (t.get("Parameters") or {}) | pairs)
    )
    return Result("DDL", "ALTER_TABLE")


def _change_columns(at: _Context, name: str, verb: str, text: str) -> Result:
    tree = sqlglot.parse_one(f"create external table x ({text}) location 's3://x/'", read="athena")
    columns = [_column(c) for c in tree.this.expressions]
    adding = verb.upper() == "ADD"
    at.update(
        at.table(name),
        lambda t: t["StorageDescriptor"].__setitem__(
            "Columns", (t["StorageDescriptor"]["Columns"] if adding else []) + columns
        ),
    )
    return Result("DDL", "ALTER_TABLE")


def _partitions(at: _Context, name: str, verb: str, exists: str | None, text: str) -> Result:
    table = at.table(name)
    keys = [k["Name"] for k in table.get("PartitionKeys") or []]
    for spec, location in re.findall(
        r"PARTITION\s*\(([^)]*)\)(?:\s*LOCATION\s*'([^']*)')?", text, re.I
    ):
        given = {
            k.lower(): q or bare
            for k, q, bare in re.findall(r"`?(\w+)`?\s*=\s*(?:'([^']*)'|([^',\s]+))", spec)
        }
        if sorted(given) != sorted(keys):
            raise AthenaError(
                f"FAILED: ValidationFailureSemanticException Partition spec {given} contains "
                "non-partition columns"
            )
        values = [given[k] for k in keys]
        if verb.upper() == "ADD":
            if not at.catalog.add_partition(table, values, location) and not exists:
                raise AthenaError(
                    "FAILED: Execution Error. AlreadyExistsException(message:Partition "
                    f"already exists: {values})"
                )
        elif any(p["Values"] == values for p in at.catalog.partitions(table)):
            at.catalog.glue.delete_partition(table["DatabaseName"], table["Name"], values)
        elif not exists:
            raise AthenaError(
                f"FAILED: SemanticException [Error 10006]: Partition not found {given}"
            )
    return Result("DDL", "ALTER_TABLE")


def _show_databases(at: _Context, like: str | None) -> Result:
    return _rows([d for d in at.catalog.databases() if _like(d, like)], "SHOW_DATABASES")


def _show_tables(at: _Context, what: str, database: str | None, like: str | None) -> Result:
    tables = at.catalog.tables(at.split(database)[1] if database else at.database)
    names = [
        t["Name"]
        for t in tables
        if what.upper() == "TABLES" or t.get("TableType") == "VIRTUAL_VIEW"
    ]
    return _rows([n for n in sorted(names) if _like(n, like)], f"SHOW_{what.upper()}")


def _like(name: str, pattern: str | None) -> bool:
    return pattern is None or re.fullmatch(pattern.replace("*", ".*"), name, re.I) is not None


def _show_partitions(at: _Context, name: str) -> Result:
    table = at.table(name)
    keys = [k["Name"] for k in table.get("PartitionKeys") or []]
    values = [p["Values"] for p in at.catalog.partitions(table)]
    return _rows(
        ["/".join(f"{k}={v}" for k, v in zip(keys, row, strict=True)) for row in values],
        "SHOW_PARTITIONS",
    )


def _show_columns(at: _Context, name: str, database: str | None) -> Result:
    columns, keys = hive_columns(at.table(f"{database}.{name}" if database else name))
    return _rows([f"{n:<20}" for n, _ in columns + keys], "SHOW_COLUMNS")


def _show_properties(at: _Context, name: str) -> Result:
    return _rows(
        [f"{k}\t{v}" for k, v in (at.table(name).get("Parameters") or {}).items()],
        "SHOW_TBLPROPERTIES",
    )


def _show_create(at: _Context, kind: str, name: str) -> Result:
    table = at.table(name)
    full = f"{table['DatabaseName']}.{table['Name']}"
    if kind.upper() == "VIEW":
        if table.get("TableType") != "VIRTUAL_VIEW":
            raise AthenaError(f"FAILED: SemanticException: {full} is not a view")
        view = json.loads(base64.b64decode(table["ViewOriginalText"].split()[3]))
        return _rows(
            f"CREATE VIEW {full} AS\n{view['originalSql']}".split("\n"), "SHOW_CREATE_VIEW"
        )
    storage, (columns, keys) = table["StorageDescriptor"], hive_columns(table)

    def listed(pairs: Columns) -> str:
        return ", \n".join(f"  `{n}` {t}" for n, t in pairs)

    def properties(of: dict[str, str]) -> str:
        return ", \n".join(f"  '{k}'='{v}'" for k, v in sorted(of.items()))

    lines = [f"CREATE EXTERNAL TABLE `{full}`(", listed(columns) + ")"]
    if keys:
        lines += ["PARTITIONED BY ( ", listed(keys) + ")"]
    serde = storage.get("SerdeInfo") or {}
    lines += ["ROW FORMAT SERDE ", f"  '{serde.get('SerializationLibrary', '')}' "]
    if serde.get("Parameters"):
        lines += ["WITH SERDEPROPERTIES ( ", properties(serde["Parameters"]) + ") "]
    lines += [
        "STORED AS INPUTFORMAT ",
        f"  '{storage.get('InputFormat', '')}' ",
        "OUTPUTFORMAT ",
        f"  '{storage.get('OutputFormat', '')}'",
    ]
    lines += [
        "LOCATION",
        f"  '{storage.get('Location', '')}'",
        "TBLPROPERTIES (",
        properties(table.get("Parameters") or {}) + ")",
    ]
    return _rows("\n".join(lines).split("\n"), "SHOW_CREATE_TABLE")


def _describe(at: _Context, name: str) -> Result:
    table = at.table(name)
    data, keys = table["StorageDescriptor"].get("Columns") or [], table.get("PartitionKeys") or []

    def line(c: dict[str, str]) -> str:
        return f"{c['Name']:<20}\t{c.get('Type', 'string'):<20}\t{c.get('Comment', ''):<20}"

    lines = [line(c) for c in [*data, *keys]]
    if keys:
        lines += [
            "\t \t ",
            "# Partition Information\t \t ",
            f"{'# col_name':<20}\t{'data_type':<20}\t{'comment':<20}",
            "\t \t ",
        ]
        lines += [line(c) for c in keys]
    return _rows(lines, "DESCRIBE_TABLE")


def _refuse(at: _Context, verb: str) -> Result:
    raise AthenaError(f"NOT_SUPPORTED: line 1:1: {verb.upper()} is not supported by the sandbox")


def _refuse_iceberg(at: _Context, verb: str) -> Result:
    raise AthenaError(
        "NOT_SUPPORTED: line 1:1: CREATE TABLE without AS SELECT (Iceberg) is not supported by the "
        "sandbox"
    )


COMMANDS: list[tuple[str, Callable[..., Result]]] = [
    (rf"CREATE\s+(?:DATABASE|SCHEMA)\s+(IF\s+NOT\s+EXISTS\s+)?{NAME}(.*)", _create_database),
    (
        rf"DROP\s+(?:DATABASE|SCHEMA)\s+(IF\s+EXISTS\s+)?{NAME}(?:\s+(CASCADE|RESTRICT))?",
        _drop_database,
    ),
    (rf"DROP\s+(TABLE|VIEW)\s+(IF\s+EXISTS\s+)?{NAME}", _drop),
    (r"CREATE\s+EXTERNAL\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?.*", _create_table),
    (rf"ALTER\s+(?:TABLE|VIEW)\s+{NAME}\s+SET\s+TBLPROPERTIES\s*\((.*)\)", _set_properties),
    (rf"ALTER\s+TABLE\s+{NAME}\s+(ADD|REPLACE)\s+COLUMNS\s*\((.*)\)", _change_columns),
    (
        rf"ALTER\s+TABLE\s+{NAME}\s+(ADD|DROP)\s+(IF\s+(?:NOT\s+)?EXISTS\s+)?(PARTITION.*)",
        _partitions,
    ),
    (r"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+LIKE\s+'([^']*)')?", _show_databases),
    (
        rf"SHOW\s+(TABLES|VIEWS)(?:\s+(?:IN|FROM)\s+{NAME})?(?:\s+(?:LIKE\s+)?'([^']*)')?",
        _show_tables,
    ),
    (rf"SHOW\s+PARTITIONS\s+{NAME}", _show_partitions),
    (rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{NAME}(?:\s+(?:IN|FROM)\s+{NAME})?", _show_columns),
    (rf"SHOW\s+TBLPROPERTIES\s+{NAME}", _show_properties),
    (rf"SHOW\s+CREATE\s+(TABLE|VIEW)\s+{NAME}", _show_create),
    (rf"DESC(?:RIBE)?\s+(?:EXTENDED\s+|FORMATTED\s+)?{NAME}", _describe),
    (r"(CREATE\s+TABLE)\b(?!.*\bAS\b).*", _refuse_iceberg),
    (r"(SHOW\s+(?!FUNCTIONS\b|STATS\b)\w+).*", _refuse),
    (r"(ALTER\s+TABLE)\s+\S+\s+(?:RENAME|SET\s+LOCATION)\s.*", _refuse),
    (r"(MERGE|UPDATE|DELETE|OPTIMIZE|VACUUM|MSCK|GRANT|REVOKE)\s.*", _refuse),
    (r"(PREPARE|EXECUTE|DEALLOCATE)\s.*", _refuse),
    (r"(UNLOAD)\b.*", _refuse),
]
