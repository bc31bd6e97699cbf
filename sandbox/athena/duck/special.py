"""Calls that no template says: DuckDB's SQL depends on a literal argument.

Regular expressions, date formats and JSON paths are translated here, and refused if the two engines
may read them differently.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from typing import Any, Protocol

from sqlglot import exp

from sandbox.athena import patterns, types
from sandbox.athena.duck import java
from sandbox.athena.duck.scope import Call, call_of, kind_of
from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.serde import quoted
from sandbox.athena.types import VARCHAR, Type

MYSQL = {
    **{f"%{c}": f"%{c}" for c in "YymdHIfpbaj%"},
    **{"%c": "%-m", "%e": "%-d", "%k": "%-H", "%h": "%I", "%l": "%-I", "%i": "%M"},
    **{"%s": "%S", "%S": "%S", "%T": "%H:%M:%S", "%r": "%I:%M:%S %p", "%M": "%B", "%W": "%A"},
}
# What date_parse reads: the DuckDB format, what certainly fits it, and what may fit in Trino.
PARSED = {
    "%Y": ("%Y", r"[1-9][0-9]{3}"),
    "%m": ("%m", r"(?:0[1-9]|1[0-2])"),
    "%d": ("%d", r"[0-3][0-9]"),
    "%H": ("%H", r"[0-2][0-9]"),
    "%i": ("%M", r"[0-5][0-9]"),
    "%s": ("%S", r"[0-5][0-9]"),
    "%S": ("%S", r"[0-5][0-9]"),
    "%f": ("%f", r"[0-9]{3}(?:000)?"),
    "%T": ("%H:%M:%S", r"[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"),
    "%b": ("%b", r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"),
    "%M": ("%B", f"(?:{'|'.join(calendar.month_name[1:])})"),
}
_MEMBERS = r"""(\.[A-Za-z_]\w*|\["[^"\\*]+"\])*"""
JSON_PATH = re.compile(rf"\${_MEMBERS}(\[\d{{1,4}}\]{_MEMBERS})?")


class Writer(Protocol):
    """What writes the other nodes: see `writer.ToDuck`."""

    over: str

    def sql(self, node: Any) -> str: ...

    def as_kind(self, node: exp.Expr, kind: Type) -> str: ...

    def call(self, node: exp.Expr, args: list[exp.Expr]) -> str: ...

    def argument(self, node: exp.Expr, kind: Type) -> str: ...


def _try(writer: Writer, args: list[exp.Expr]) -> str:
    """What the sandbox refuses, `try` must not turn into NULL."""
    inner = args[0]
    if isinstance(inner, exp.Anonymous) and inner.name.lower() == "date_parse":
        return _date_parse(writer, inner.expressions, safe=True)
    for node in inner.walk():
        call = node.meta.get("call")
        doubt = isinstance(call, Call) and call.function.may_refuse
        doubt |= isinstance(node, exp.Cast) and kind_of(node.this) == VARCHAR
        doubt |= kind_of(node).name == "double"
        if doubt:
            raise refused(f"try over {node.sql('trino')[:60]}")
    return f"try({writer.sql(inner)})"


def _date_parse(writer: Writer, args: list[exp.Expr], safe: bool = False) -> str:
    formats, fits, may = _parsed(_text_of(args[1], "a date format"))
    return f"t_date_parse({writer.sql(args[0])}, {formats}, {fits}, {may}, {str(safe).lower()})"


def _date_format(writer: Writer, args: list[exp.Expr]) -> str:
    def as_duckdb(match: re.Match[str]) -> str:
        if match[0] not in MYSQL:
            raise refused(f"the date format {match[0]!r}")
        return MYSQL[match[0]]

    written = re.sub(r"%.?", as_duckdb, _text_of(args[1], "a date format"))
    if not written:
        raise AthenaError("INVALID_FUNCTION_ARGUMENT: Both printing and parsing not supported")
    return f"strftime({writer.as_kind(args[0], types.TIMESTAMP)}, {quoted(written)})"


def _to_iso8601(writer: Writer, args: list[exp.Expr]) -> str:
    """With as many digits of a second as the type has."""
    text, kind = writer.sql(args[0]), kind_of(args[0])
    if kind.name in ("date", "unknown"):
        return f"strftime(cast({text} as date), '%Y-%m-%d')"
    digits = kind.sizes[0] if kind.sizes else 3
    written = f"left(strftime({text}, '%Y-%m-%dT%H:%M:%S.%g'), {20 + digits if digits else 19})"
    return f"({written} || 'Z')" if kind == types.TIMESTAMPTZ else written


FORMATTED = {
    **dict.fromkeys(types.INTEGERS, "'i' || cast({} as varchar)"),
    "double": "'d' || cast({} as varchar)",
    "decimal": "'n' || cast({} as varchar)",
    "boolean": "'b' || cast({} as varchar)",
    "varchar": "'s' || {}",
    "date": "'D' || strftime({}, '%Y-%m-%d')",
    "timestamp": "'T' || epoch_us({})",
    "timestamp with time zone": "'Z' || epoch_us({})",
    "unknown": "cast({} as varchar)",
}


def _format(writer: Writer, args: list[exp.Expr]) -> str:
    """Each value goes as a text that begins with a letter for its type."""
    kinds = [kind_of(arg) for arg in args]
    if kinds[0] == types.UNKNOWN:
        raise refused("format of a NULL that has no type")
    for kind in kinds[1:]:
        if kind.name not in FORMATTED:
            raise refused(f"format of a {kind}")
    values = (
        FORMATTED[k.name].format(writer.sql(a)) for a, k in zip(args[1:], kinds[1:], strict=True)
    )
    return f"t_format({writer.sql(args[0])}, [{', '.join(values)}])"


def _concat_ws(writer: Writer, args: list[exp.Expr]) -> str:
    call = args[0].parent
    if call is None or (len(args) == 2 and kind_of(args[1]) == types.UNKNOWN):
        raise refused("concat_ws of a NULL that has no type")
    return writer.call(call, args)


def _checksum(writer: Writer, args: list[exp.Expr]) -> str:
    """The sum, in 64 bits, of the hashes of all values; NULL has one too."""
    if isinstance(args[0], (exp.Distinct, exp.Order)):
        raise refused("checksum of distinct or ordered values")
    kind, over = kind_of(args[0]), writer.over
    writer.over = ""
    if kind.name not in HASHED or (kind.name == "decimal" and kind.sizes[0] > 18):
        raise refused(f"checksum of a {kind}")
    one = HASHED[kind.name].format(writer.sql(args[0]))
    total = f"sum(coalesce({one}, {java.P1})){over} % 18446744073709551616"
    return f"t_checksum(cast({total} as ubigint))"


HASHED = {
    **dict.fromkeys((*types.INTEGERS, "boolean"), "t_checksum_of_long(cast({} as bigint))"),
    "double": "t_checksum_of_double({})",
    "decimal": "t_checksum_of_long(cast(replace(cast({} as varchar), '.', '') as bigint))",
    "varchar": "t_checksum_of(encode({}))",
    "varbinary": "t_checksum_of({})",
    "date": "t_checksum_of_long(cast({} - date '1970-01-01' as bigint))",
    "timestamp": "t_checksum_of_long(epoch_us({}))",
    "timestamp with time zone": "t_checksum_of_long(epoch_ms({}))",
}


def _avg(writer: Writer, args: list[exp.Expr]) -> str:
    """Trino adds whole numbers up as doubles; which of them are distinct it sees before."""
    call, over = args[0].parent, writer.over
    assert call is not None
    kind = call_of(call).takes[0] if isinstance(args[0], exp.Distinct) else types.DOUBLE
    writer.over = ""
    return f"t_finite(avg({writer.argument(args[0], kind)}){over})"


def _approx_percentile(writer: Writer, args: list[exp.Expr]) -> str:
    call = args[0].parent
    if call is None or args[1].find(exp.Column):
        raise refused("a percentile that is not a literal")
    return writer.call(call, args)


def _array_join(writer: Writer, args: list[exp.Expr]) -> str:
    call = args[0].parent
    if call is None or any(arg.find(exp.Column) for arg in args[1:]):
        raise refused("a separator of array_join that is not a literal")
    return writer.call(call, args)


def _json_extract_scalar(writer: Writer, args: list[exp.Expr]) -> str:
    path = _text_of(args[1], "a JSON path")
    if not JSON_PATH.fullmatch(path):
        raise refused(f"the JSON path {path}")
    written = re.sub(r'\.(\w+)|\["([^"]*)"\]', lambda m: f'."{m[1] or m[2]}"', path)
    scalar = f"t_json_scalar({writer.sql(args[0])}, {quoted(written)})"
    of_object = re.sub(r"\[(\d+)\]", r'."\1"', written)
    if of_object == written:
        return scalar
    # a number is the place in an array, and the name of a member in an object
    return f"coalesce({scalar}, t_json_scalar({writer.sql(args[0])}, {quoted(of_object)}))"


def _regexp_like(writer: Writer, args: list[exp.Expr]) -> str:
    pattern = patterns.query_pattern(_text_of(args[1], "a regular expression"))
    return f"regexp_matches({writer.sql(args[0])}, {quoted(pattern.with_end())})"


def _regexp_extract(writer: Writer, args: list[exp.Expr]) -> str:
    pattern = patterns.query_pattern(_text_of(args[1], "a regular expression"))
    number = _text_of(args[2], "the number of a group") if len(args) > 2 else "0"
    text, written = _subject(writer, args[0], pattern), quoted(pattern.text)
    cell = f"regexp_extract({text}, {written}, {number})"
    if not pattern.always(int(number)):
        cell = f"nullif({cell}, '')"
    return f"case when regexp_matches({text}, {written}) then {cell} end"


def _regexp_replace(writer: Writer, args: list[exp.Expr]) -> str:
    pattern = patterns.query_pattern(_text_of(args[1], "a regular expression"), may_be_empty=False)
    by = patterns.replacement(_text_of(args[2], "a replacement") if len(args) > 2 else "", pattern)
    text = _subject(writer, args[0], pattern)
    return f"regexp_replace({text}, {quoted(pattern.text)}, {quoted(by)}, 'g')"


def _subject(writer: Writer, node: exp.Expr, pattern: patterns.QueryPattern) -> str:
    text = writer.sql(node)
    return f"t_no_last_newline({text})" if pattern.has_end else text


def _parsed(text: str) -> tuple[str, str, str]:
    """A format of date_parse: DuckDB's, a pattern of texts that certainly fit, and a pattern of
    texts that Trino may take."""
    formats, fits, may = "", "", ""
    for part in re.findall(r"%.?|[^%]+", text):
        if part.startswith("%") and part not in PARSED:
            raise refused(f"the date format {part!r} of date_parse")
        known = PARSED.get(part, (part, re.escape(part)))
        formats, fits = formats + known[0], fits + known[1]
        may += "[^ ]+" if part in PARSED else re.escape(part)
    if "%Y" not in text:
        raise refused("a date format of date_parse that has no %Y")
    return quoted(formats), quoted(fits), quoted(may)


def _text_of(node: exp.Expr, what: str) -> str:
    if not isinstance(node, exp.Literal):
        raise refused(f"{what} that is not a literal")
    return str(node.name)


SPECIAL: dict[str, Callable[[Writer, list[exp.Expr]], str]] = {
    "try": _try,
    "date_parse": _date_parse,
    "date_format": _date_format,
    "to_iso8601": _to_iso8601,
    "format": _format,
    "concat_ws": _concat_ws,
    "checksum": _checksum,
    "avg": _avg,
    "approx_percentile": _approx_percentile,
    "array_join": _array_join,
    "json_extract_scalar": _json_extract_scalar,
    "regexp_like": _regexp_like,
    "regexp_extract": _regexp_extract,
    "regexp_replace": _regexp_replace,
}
