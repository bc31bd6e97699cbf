"""Trino's types: their names, how they widen to one another, and what DuckDB and Hive call them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from sandbox.athena.errors import AthenaError
from sandbox.athena.hive import parse_type

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
DIGITS = dict(zip(INTEGERS, (3, 5, 10, 19), strict=True))
TIMES = ("date", "timestamp", "timestamp with time zone")
DUCK = {"real": "float", "varbinary": "blob", "timestamp with time zone": "timestamptz"}
HIVE = {"integer": "int", "varchar": "string", "varbinary": "binary", "real": "float"}
READ = {
    "int": "integer",
    "float": "real",
    "text": "varchar",
    "binary": "varbinary",
    "timestamptz": "timestamp with time zone",
    "struct": "row",
    "list": "array",
}
WRITTEN = {
    *INTEGERS,
    *TIMES,
    "int",
    "real",
    "double",
    "decimal",
    "varchar",
    "char",
    "varbinary",
    "boolean",
}
WRITTEN |= {"array", "map", "row", "json", "time", "interval", "ipaddress", "uuid"}
SIMPLE = {*INTEGERS, *TIMES, "real", "double", "varchar", "varbinary", "boolean"}


@dataclass(frozen=True)
class Type:
    """A type by Trino's name. A varchar has no length here."""

    name: str
    of: tuple[Type, ...] = ()  # what an array, a map or a row holds
    fields: tuple[str, ...] = ()  # the names in a row, '' for none
    sizes: tuple[int, ...] = ()  # of a decimal; of a timestamp whose precision is not 3

    @property
    def is_number(self) -> bool:
        return self.name in (*INTEGERS, "decimal", "double", "real")

    @property
    def is_whole(self) -> bool:
        return self.name in INTEGERS or (self.name == "decimal" and not self.sizes[1])

    def __str__(self) -> str:
        if self.name.startswith("timestamp"):
            return self.name.replace(
                "timestamp", f"timestamp({self.sizes[0] if self.sizes else 3})"
            )
        inner = ", ".join(map(str, self.of)) or ",".join(map(str, self.sizes))
        if self.fields:
            named = zip(self.fields, self.of, strict=True)
            inner = ", ".join(f'"{n}" {t}' if n else str(t) for n, t in named)
        return f"{self.name}({inner})" if inner else self.name

    @property
    def duck(self) -> str:
        """DuckDB's name; DuckDB's timestamps have no precision of their own."""
        if self.name == "array":
            return self.of[0].duck + "[]"
        if self.name == "map":
            return f"map({self.of[0].duck}, {self.of[1].duck})"
        if self.name == "row":
            named = zip(self.fields, self.of, strict=True)
            fields = (f'"{n or f"field{i}"}" {t.duck}' for i, (n, t) in enumerate(named))
            return f"struct({', '.join(fields)})"
        if self.name == "decimal":
            return str(self)
        return DUCK.get(self.name, self.name)

    @property
    def hive(self) -> str:
        """The name that Glue keeps."""
        if self.name == "row":
            named = zip(self.fields, self.of, strict=True)
            return f"struct<{','.join(f'{n}:{t.hive}' for n, t in named)}>"
        if self.of:
            return f"{self.name}<{','.join(t.hive for t in self.of)}>"
        if self == UNKNOWN:
            raise AthenaError("COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown")
        if self.name not in (*SIMPLE, "decimal") or self.name.endswith("zone"):
            raise AthenaError(f"NOT_SUPPORTED: Unsupported Hive type: {self}")
        return HIVE.get(
            self.name, str(self).replace(" ", "") if self.name == "decimal" else self.name
        )

    def holds(self, *names: str) -> bool:
        """Is it, or is anything in it, of one of these types?"""
        return self.name in names or any(t.holds(*names) for t in self.of)


UNKNOWN, BOOLEAN, VARCHAR, VARBINARY = map(Type, ("unknown", "boolean", "varchar", "varbinary"))
INTEGER, BIGINT, DOUBLE = Type("integer"), Type("bigint"), Type("double")
DATE, TIMESTAMP, TIMESTAMPTZ = Type("date"), Type("timestamp"), Type("timestamp with time zone")
INTERVAL = Type("interval day to second")


def array(of: Type) -> Type:
    return Type("array", (of,))


def decimal(precision: int, scale: int) -> Type:
    if precision > 38:
        raise AthenaError("NOT_SUPPORTED: line 1:1: the sandbox refuses decimals of over 38 digits")
    return Type("decimal", sizes=(precision, scale))


def rounded(kind: Type, whole: bool) -> Type:
    """What a decimal becomes when it is rounded: one more digit may come in front."""
    digits, scale = kind.sizes
    if whole:
        return decimal(digits - scale + min(scale, 1), 0)
    return decimal(min(digits + 1, 38), scale)


def read(kind: exp.DataType) -> Type:
    """A type as it is written in SQL."""
    inner = [e for e in kind.expressions if isinstance(e, (exp.DataType, exp.ColumnDef))]
    written = str(kind.this.value).lower() if isinstance(kind.this, exp.DType) else ""
    if (name := kind.meta.get("written", "int")) not in WRITTEN:
        raise AthenaError(f"TYPE_MISMATCH: line 1:1: Unknown type: {name}")
    name = READ.get(written, "varchar" if kind.this in exp.DataType.TEXT_TYPES else written)
    if written in ("char", "nchar"):
        raise AthenaError("NOT_SUPPORTED: line 1:1: the sandbox does not carry the type char")
    if name == "row":
        fields = tuple(f.name if isinstance(f, exp.ColumnDef) else "" for f in inner)
        kinds = (f.args["kind"] if isinstance(f, exp.ColumnDef) else f for f in inner)
        return Type("row", tuple(map(read, kinds)), fields)
    if name in ("array", "map"):
        return Type(name, tuple(read(t) for t in inner if isinstance(t, exp.DataType)))
    sizes = tuple(int(p.name) for p in kind.expressions)
    if name == "decimal":
        return decimal(*(sizes or (38,)), *((0,) if len(sizes) < 2 else ()))
    if name not in SIMPLE or (name in TIMES and sizes > (3,)):
        raise AthenaError(f"NOT_SUPPORTED: line 1:1: the sandbox has no type {kind.sql('trino')}")
    return Type(name, sizes=sizes if name == "timestamp" and sizes != (3,) else ())


def glue_type(text: str) -> Type:
    """`struct<a:array<string>,b:int>` and the like."""
    return read(parse_type(re.sub(r"\bdecimal\b(?!\s*\()", "decimal(10,0)", text)))


def length_limit(hive: str) -> str:
    """The length of a varchar(3) as Glue writes it; empty where it has none."""
    limited = re.fullmatch(r"varchar\((\d+)\)", hive.strip(), re.I)
    return limited[1] if limited else ""


def duck_type(kind: exp.DataType) -> str:
    return read(kind).duck


def _digits(kind: Type) -> tuple[int, int] | None:
    """Precision and scale of an exact number."""
    if kind.name in DIGITS:
        return DIGITS[kind.name], 0
    return (kind.sizes[0], kind.sizes[1]) if kind.name == "decimal" else None


def common(a: Type, b: Type) -> Type | None:  # noqa: PLR0911
    """The type that Trino implicitly brings both to; None if there is none."""
    if b in (a, UNKNOWN):
        return a
    if a == UNKNOWN:
        return b
    if a.name == b.name and len(a.of) == len(b.of) > 0:
        of = [common(x, y) for x, y in zip(a.of, b.of, strict=True)]
        pairs = zip(a.fields, b.fields, strict=True)
        names = tuple(x if x == y else "" for x, y in pairs)
        return Type(a.name, tuple(t for t in of if t), names) if all(of) else None
    if a.name in DIGITS and b.name in DIGITS:
        return Type(max(a.name, b.name, key=INTEGERS.index))
    exact_a, exact_b = _digits(a), _digits(b)
    if exact_a and exact_b:
        scale = max(exact_a[1], exact_b[1])
        whole = max(exact_a[0] - exact_a[1], exact_b[0] - exact_b[1])
        return decimal(whole + scale, scale)
    if {a.name, b.name} <= {*INTEGERS, "decimal", "double", "real"}:
        return Type("double" if "double" in (a.name, b.name) else "real")
    if "date" in (a.name, b.name) and {a.name, b.name} <= {*TIMES}:
        return b if a.name == "date" else a
    if a.name in TIMES and b.name in TIMES:
        return Type(max(a.name, b.name, key=TIMES.index))
    return None


def arithmetic(operator: str, a: Type, b: Type) -> Type | None:
    """The type of a sum, a product …, for numbers."""
    both = common(a, b)
    exact_a, exact_b = _digits(a), _digits(b)
    if not both or both.name != "decimal" or not exact_a or not exact_b:
        return both if both and both.name in (*INTEGERS, "double") else None
    (p, s), (q, t) = exact_a, exact_b
    if operator == "*":
        return decimal(p + q, s + t)
    return decimal(min(38, max(p - s, q - t) + max(s, t) + 1), max(s, t))


def keeps_fields(source: Type, target: Type) -> bool:
    """Have the rows of both the same fields, or those of the source none? DuckDB goes by name."""
    pairs = zip(source.fields, target.fields, strict=False)
    if any(source.fields) and any(a.lower() != b.lower() for a, b in pairs):
        return False
    return all(map(keeps_fields, source.of, target.of))
