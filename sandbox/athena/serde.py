"""Text formats: how the rows of a table come out of its objects, as expressions for DuckDB.

Python handles an object only as a whole: it fetches and unpacks it, finds the ends of its lines,
and passes it to DuckDB as an Arrow buffer. DuckDB splits and parses the lines. A line ends at LF,
CR LF or CR, as in Hive and Trino.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from sandbox.athena.catalog import OWN, DataFile, GlueTable
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.hive import parse_type
from sandbox.athena.types import duck_type

BATCH_BYTES, BATCH_FILES = 4 << 20, 1000
KNOWN = {f"{OWN}file_size": pa.int64(), f"{OWN}file_modified_time": pa.timestamp("us")}
BOM = b"\xef\xbb\xbf"  # a byte order mark at the start is no part of the text, as in Trino
LINES, RECORDS, PARQUET = "lines", "records", "parquet"


@dataclass(frozen=True)
class Reader:
    """How to read a table: what a raw row is, and one expression over it (`_raw`) for each
    column."""

    raw: str
    columns: tuple[tuple[str, str], ...] = ()  # (name, expression)
    source: str = "{raw}"  # the relation the expressions are over
    skip_lines: int = 0


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def named(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def content(file: DataFile) -> bytes:
    """An object's bytes, unpacked if its name ends in .gz."""
    data = file.read()
    if not file.url.endswith(".gz"):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise AthenaError(f"HIVE_CURSOR_ERROR: Failed to read file: {file.url}: {error}") from error


def _as_java(error: UnicodeError) -> tuple[str, int]:
    """U+FFFD for bytes that are no UTF-8: one for a whole surrogate, else as Python decodes them."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    surrogate = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]?").match(error.object, error.start)
    return "\ufffd", surrogate.end() if surrogate else error.end


AS_JAVA = "as-java"
codecs.register_error(AS_JAVA, _as_java)


def valid_utf8(data: bytes) -> bytes:
    """The same text with U+FFFD for bytes that are not UTF-8, as Java decodes it."""
    if data.isascii():
        return data
    try:
        one_text(data).validate(full=True)
    except pa.ArrowInvalid:
        return data.decode("utf-8", AS_JAVA).encode()
    return data


def one_text(data: bytes) -> pa.Array:
    """The bytes as an array of one text."""
    offsets = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    return pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(data))


def line_array(data: bytes, skip: int = 0) -> pa.Array:
    """Return the lines of a text without the first `skip` of them."""
    data = valid_utf8(data.removeprefix(BOM))
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = pc.split_pattern(one_text(data), "\n").values
    # what follows the last line's end is no line
    return lines[skip : len(lines) - (not data or data.endswith(b"\n"))]


class TrailFile(msgspec.Struct):
    """A CloudTrail log file; its records are cut out, not yet read."""

    records: list[msgspec.Raw] | None = msgspec.field(name="Records", default=None)


def record_array(data: bytes, file: DataFile) -> pa.Array:
    """The JSON text of each of a CloudTrail file's records."""
    try:
        records = msgspec.json.decode(valid_utf8(data), type=TrailFile).records or []
    except msgspec.DecodeError as error:
        raise AthenaError(f"HIVE_BAD_DATA: Error parsing JSON in {file.url}: {error}") from error
    offsets = np.cumsum([0, *(memoryview(record).nbytes for record in records)], dtype=np.int64)
    texts = pa.py_buffer(b"".join(records))
    return pa.LargeStringArray.from_buffers(len(records), pa.py_buffer(offsets), texts)


def batches(
    files: Sequence[DataFile], reader: Reader, width: int, seen: list[DataFile]
) -> Iterator[pa.RecordBatch]:
    """Raw rows with their object's partition values, path, size and modification time.

    Many small objects make one batch, because DuckDB works a batch at a time and a log object is
    often a few lines.
    """
    schema = raw_schema(width)
    for together in grouped(files):
        seen += together
        rows = [raw_rows(file, reader) for file in together]
        number = pa.array(
            np.repeat(np.arange(len(rows), dtype=np.int16), [len(array) for array in rows])
        )
        facts = [
            *([file.partition[i] for file in together] for i in range(width)),
            [file.url for file in together],
            [file.size for file in together],
            [file.modified for file in together],
        ]
        columns = [
            pa.DictionaryArray.from_arrays(number, pa.array(values, field.type.value_type))
            for values, field in zip(facts, list(schema)[1:], strict=True)
        ]
        yield pa.RecordBatch.from_arrays([pa.concat_arrays(rows), *columns], schema=schema)


def grouped(files: Sequence[DataFile]) -> Iterator[list[DataFile]]:
    """Group files, in their order, until a group has some megabytes."""
    together: list[DataFile] = []
    size = 0
    for file in files:
        together.append(file)
        size += file.size
        if size >= BATCH_BYTES or len(together) == BATCH_FILES:
            yield together
            together, size = [], 0
    if together:
        yield together


def raw_rows(file: DataFile, reader: Reader) -> pa.Array:
    data = content(file)
    return (
        record_array(data, file) if reader.raw == RECORDS else line_array(data, reader.skip_lines)
    )


def raw_schema(width: int) -> pa.Schema:
    kinds = {f"{OWN}p{i}": pa.string() for i in range(width)}
    kinds |= {f"{OWN}path": pa.string(), **KNOWN}
    return pa.schema(
        [
            ("_raw", pa.large_string()),
            *((name, pa.dictionary(pa.int16(), kind)) for name, kind in kinds.items()),
        ]
    )


class Stream:
    """Raw rows as an Arrow stream that DuckDB may open as often as it likes."""

    def __init__(self, files: Sequence[DataFile], reader: Reader, width: int) -> None:
        self.files, self._reader, self._width = files, reader, width
        self.seen: list[DataFile] = []

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        rows = batches(self.files, self._reader, self._width, self.seen)
        return pa.RecordBatchReader.from_batches(raw_schema(self._width), rows).__arrow_c_stream__(
            requested_schema
        )


def reader_for(table: GlueTable, duck_types: Sequence[str]) -> Reader:
    """How to read the rows of a table. `duck_types` are those of its columns, in order."""
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo") or {}
    library = serde.get("SerializationLibrary") or "LazySimpleSerDe"
    properties = serde.get("Parameters") or {}
    columns = [c["Name"].lower() for c in storage["Columns"]]
    skip = int(
        (table.get("Parameters") or {}).get("skip.header.line.count", 0)
        or properties.get("skip.header.line.count", 0)
    )
    name = library.rpartition(".")[2]
    if "parquet" in (library + str(storage.get("InputFormat"))).lower():
        return Reader(PARQUET)
    if (table.get("Parameters") or {}).get("table_type", "").upper() == "ICEBERG":
        raise AthenaError("NOT_SUPPORTED: Iceberg tables are not supported by the sandbox")
    if name == "RegexSerDe":
        return _regex_reader(columns, duck_types, properties, skip)
    if name in ("JsonSerDe", "HiveJsonSerDe", "CloudTrailSerde"):
        trail = "cloudtrail" in (library + str(storage.get("InputFormat"))).lower()
        raw = RECORDS if trail else LINES
        return Reader(
            raw, skip_lines=skip
        )  # the expressions depend on how keys are spelled: see json_reader
    if name in ("LazySimpleSerDe", "OpenCSVSerde"):
        return _delimited_reader(name, columns, duck_types, properties, skip)
    raise AthenaError(
        f"HIVE_UNSUPPORTED_FORMAT: Unable to create input format {storage.get('InputFormat')} "
        f"with {library}"
    )


# How text of a row becomes a value: a guard of macros.sql.
GUARDS = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), "int"),
    **{"double": "double", "float": "double", "boolean": "word", "date": "date"},
    "timestamp": "time",
}


def converted(text: str, duck_type: str) -> str:
    """Return a text cell as a value of its column's type.

    A text that is no such value is NULL, as in Hive. A text that Hive may read in its own way is
    refused.
    """
    if duck_type == "varchar":
        return text
    guard = "decimal" if duck_type.startswith("decimal") else GUARDS.get(duck_type)
    if re.match(r"struct|map|.*\[\]", duck_type) or not guard:
        why = f"NOT_SUPPORTED: the sandbox's embedded engine reads no {duck_type} in text"
        return f"cast(t_fail({quoted(why)}) as {duck_type})"  # only if the column is read
    value = f"try_cast(t_guard_{guard}({text}, 'try_', '{duck_type}') as {duck_type})"
    if guard != "date":
        return value
    # Hive takes the 30th of February for the second of March
    return f"coalesce({value}, cast(t_no_day({text}) as date))"


WHOLE_LINE = {f"{begin}(.*){end}" for begin in ("", "^", "(?s)", "(?s)^") for end in ("", "$")}


def _regex_reader(
    columns: Sequence[str], types: Sequence[str], properties: dict[str, str], skip: int
) -> Reader:
    """A table of whole lines. SQL takes a line apart, not the SerDe."""
    pattern = properties.get("input.regex")
    if pattern is None:
        raise AthenaError("HIVE_INVALID_METADATA: RegexSerDe: input.regex is not set")
    if pattern not in WHOLE_LINE:
        raise refused("a RegexSerDe whose input.regex is not the whole line, such as (.*)")
    if len(columns) != 1:
        raise AthenaError(
            "HIVE_SERDE_ERROR: Number of matching groups doesn't match the number of columns: "
            f"1 groups, {len(columns)} columns"
        )
    return Reader(LINES, ((columns[0], converted("_raw", types[0])),), "{raw}", skip)


def _delimited_reader(
    name: str, columns: Sequence[str], types: Sequence[str], properties: dict[str, str], skip: int
) -> Reader:
    if name == "LazySimpleSerDe":
        if properties.get("escape.delim"):
            raise refused("text with an escape character")
        delimiter = (
            properties.get("field.delim") or properties.get("serialization.format") or "\x01"
        )
        null = properties.get("serialization.null.format", "\\N")
        delimiter = chr(int(delimiter)) if delimiter.isdigit() else delimiter
        cells = [f"nullif(x[{i}], {quoted(null)})" for i in range(1, len(columns) + 1)]
        fields = f"split(_raw, {quoted(delimiter)})"
    else:
        d, q, e = (
            re.escape(properties.get(k, v))
            for k, v in (("separatorChar", ","), ("quoteChar", '"'), ("escapeChar", "\\"))
        )
        cell = f"{q}(?:[^{q}{e}]|{e}.|{q}{q})*{q}[^{d}]*|(?:[^{d}{e}]|{e}.)*"
        fields = (
            f"regexp_extract_all(_raw || {quoted(properties.get('separatorChar', ','))}, "
            f"{quoted(f'(?s)({cell}){d}')}, 1)"
        )
        cells = [_csv_cell(f"x[{i}]", q, e) for i in range(1, len(columns) + 1)]
    picked = tuple(
        (c, converted(cell, t)) for c, cell, t in zip(columns, cells, types, strict=True)
    )
    return Reader(LINES, picked, f"(select *, {fields} as x from {{raw}})", skip)


def _csv_cell(cell: str, quote: str, escape: str) -> str:
    """A cell without its quotes, doubled quotes and escapes undone."""
    bare = f"regexp_replace({cell}, {quoted(f'(?s)^{quote}(.*){quote}[^{quote}]*$')}, '\\1')"
    return (
        f"regexp_replace({bare}, {quoted(f'(?s)(?:{escape}(.)|{quote}({quote}))')}, '\\1\\2', 'g')"
    )


Spelled = dict[str, set[str]]  # JSON path of an object -> its keys as the data spells them


def record_kind(columns: Sequence[tuple[str, str]], properties: dict[str, str]) -> exp.DataType:
    """The columns of a JSON table as one struct of the keys they are read from."""
    fields = [f"`{properties.get(f'mapping.{n}', n)}`: {t}" for n, t in columns]
    return parse_type(f"struct<{', '.join(fields)}>")


def key_paths(kind: exp.DataType, spelled: Spelled, path: str = "$") -> list[str]:
    """Return the paths of the objects whose keys a table needs, as far as spellings are known."""
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST):
        return key_paths(kind.expressions[0], spelled, path + "[*]")
    if kind.this != exp.DType.STRUCT:
        return []
    paths = [path]
    for field in kind.expressions:
        for spelling in spellings(
            field.name,
            spelled[path] if path in spelled or isinstance(spelled, defaultdict) else None,
        ):
            paths += key_paths(field.args["kind"], spelled, f"{path}.{named(spelling)}")
    return paths


# How AWS spells the objects inside an event. It saves rounds of looking and decides nothing.
CONTAINERS = {
    "userIdentity",
    "onBehalfOf",
    "sessionContext",
    "attributes",
    "sessionIssuer",
    "webIdFederationData",
    "resources",
    "addendum",
    "tlsDetails",
}


def guessed_paths(kind: exp.DataType) -> list[str]:
    """Paths of the objects a table needs, spelled as AWS does."""
    return key_paths(kind, defaultdict(lambda: CONTAINERS))


def spellings(name: str, keys: set[str] | None) -> list[str]:
    return sorted(k for k in keys or () if k.lower() == name.lower())


def json_reader(
    reader: Reader, columns: Sequence[tuple[str, str]], properties: dict[str, str], spelled: Spelled
) -> Reader:
    """Expressions for JSON rows; keys of the top level and of structs match without regard to case.

    A DuckDB struct cannot hold `arn` and `ARN` at once: an object that has both is read once for
    each.
    """
    kind = record_kind(columns, properties)
    variants = max(
        (len(spellings(f, keys)) for keys in spelled.values() for f in {k.lower() for k in keys}),
        default=1,
    )
    shapes = [_structure(kind, spelled, "$", v) for v in range(max(variants, 1))]
    picked = []
    for (name, _), field in zip(columns, kind.expressions, strict=True):
        cells = [_value(field, f"x{v}", spelled, "$", v) for v in range(len(shapes))]
        picked.append((name, cells[0] if len(cells) == 1 else f"coalesce({', '.join(cells)})"))
    rows = ", ".join(
        f"from_json(_raw, {quoted(json.dumps(s))}) as x{v}" for v, s in enumerate(shapes)
    )
    return Reader(
        reader.raw,
        tuple(picked),
        f"(select *, {rows} from {{raw}} where {NOT_BLANK})",
        reader.skip_lines,
    )


NOT_BLANK = "length(trim(_raw, ' ' || chr(9) || chr(10))) > 0"


# The JSON that a column of a type is read from, by the names of DuckDB's json_type.
JSON_TYPES = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), "U?BIGINT"),
    **dict.fromkeys(("double", "float", "decimal"), "U?BIGINT|DOUBLE"),
    **{"boolean": "BOOLEAN", "date": "VARCHAR", "timestamp": "VARCHAR"},
}


def _spelling(name: str, spelled: Spelled, path: str, variant: int) -> str | None:
    known = spellings(name, spelled.get(path))
    return known[min(variant, len(known) - 1)] if known else None


def _structure(kind: exp.DataType, spelled: Spelled, path: str, variant: int) -> Any:
    """The structure to ask from_json for: the keys that exist, structs as structs, the rest as
    text."""
    if kind.this == exp.DType.STRUCT:
        fields = {}
        for field in kind.expressions:
            spelling = _spelling(field.name, spelled, path, variant)
            if spelling:
                inner = _structure(
                    field.args["kind"], spelled, f"{path}.{named(spelling)}", variant
                )
                fields[spelling] = inner
        return fields or "JSON"
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST):
        return [_structure(kind.expressions[0], spelled, path + "[*]", variant)]
    if kind.this == exp.DType.MAP:
        return f"MAP(VARCHAR, {_structure(kind.expressions[1], spelled, path + '.*', variant)})"
    return "VARCHAR" if duck_type(kind) == "varchar" else "JSON"


def _value(field: exp.Expr, parent: str, spelled: Spelled, path: str, variant: int) -> str:
    """A field of the struct at `parent`, in the names and types that the table declares."""
    spelling = _spelling(field.name, spelled, path, variant)
    if spelling is None:
        return f"cast(null as {duck_type(field.args['kind'])})"
    return _declared(
        f"{parent}.{named(spelling)}",
        field.args["kind"],
        spelled,
        f"{path}.{named(spelling)}",
        variant,
    )


def _declared(text: str, kind: exp.DataType, spelled: Spelled, path: str, variant: int) -> str:
    if kind.this == exp.DType.STRUCT:
        fields = [
            f"{named(f.name)}: {_value(f, text, spelled, path, variant)}" for f in kind.expressions
        ]
        return f"case when {text} is not null then {{{', '.join(fields)}}} end"
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST):
        return (
            f"list_transform({text}, lambda v: "
            f"{_declared('v', kind.expressions[0], spelled, path + '[*]', variant)})"
        )
    if kind.this == exp.DType.MAP:
        inner = _declared("e.value", kind.expressions[1], spelled, path + ".*", variant)
        if inner != "e.value":
            return (
                f"map_from_entries(list_transform(map_entries({text}), lambda e: "
                f"{{k: e.key, v: {inner}}}))"
            )
    return (
        text
        if duck_type(kind) == "varchar" or kind.this == exp.DType.MAP
        else _json_value(text, duck_type(kind))
    )


def _json_value(cell: str, duck_type: str) -> str:
    """A JSON value as a value of a column's type. JSON of another type is refused: each SerDe reads
    it in its own way."""
    read = f"t_json_value({cell}, '{JSON_TYPES.get(duck_type.partition('(')[0], '')}')"
    return f"coalesce({converted(read, duck_type)}, cast(t_no_json_value({read}) as {duck_type}))"
