"""Hive's type names, as Glue keeps them. sqlglot reads them too, but tries each level of nesting
several times over: CloudTrail's `useridentity` would take it minutes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sqlglot import exp


def parse_type(text: str) -> exp.DataType:
    """`struct<a:array<string>,b:int>` and the like as sqlglot's own tree."""
    return _parse(text.strip()).copy()


@cache
def _parse(text: str) -> exp.DataType:
    outer, bracket, inner = text.partition("<")
    if not bracket:
        return exp.DataType.build(text, dialect="hive")
    parts = list(_split(inner.rpartition(">")[0]))
    kind = {"struct": "STRUCT", "array": "ARRAY", "map": "MAP"}[outer.strip().lower()]
    if kind == "STRUCT":
        pairs = (part.split(":", 1) for part in parts)
        nested: list[exp.Expression] = [
            exp.ColumnDef(this=exp.to_identifier(name.strip(" `")), kind=parse_type(of))
            for name, of in pairs
        ]
    else:
        nested = [parse_type(part) for part in parts]
    return exp.DataType(this=exp.DType[kind], expressions=nested, nested=True)


def _split(text: str) -> Iterator[str]:
    """The parts between the commas of the outermost level."""
    depth, start = 0, 0
    for position, character in enumerate(text):
        depth += (character in "<(") - (character in ">)")
        if character == "," and not depth:
            yield text[start:position]
            start = position + 1
    yield text[start:]
