"""What the embedded engine carries and what it refuses, as what-it-carries.md: `make docs`.

The page is made of the engine's tables and source, so it cannot say anything else.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandbox.athena import syntax, types
from sandbox.athena.duck import calls, casts, functions, special, units
from sandbox.athena.types import Type

PAGE = Path(__file__).parents[1] / "what-it-carries.md"
CAST = (
    *map(Type, ("tinyint", "smallint", "integer", "bigint")),
    *(types.decimal(10, 2), types.DOUBLE, types.BOOLEAN, types.VARCHAR, types.DATE),
    *(types.TIMESTAMP, types.TIMESTAMPTZ),
)
NO_CALLS = {
    "cast",
    "try_cast",
    "current_date",
    "current_timestamp",
}  # carried, in a syntax of their own
KINDS = {"scalar": "Functions", "aggregate": "Aggregates", "window": "Window functions"}
# Where DataScannedInBytes is more than a twentieth off Trino's, by what `make conformance` asks for.
_SMALL = "Trino reads a Parquet object of less than 3 MB as a whole; here only its columns count"
_FOOTERS = (
    "only the ends of the Parquet objects are read, which DuckDB does in larger or fewer pieces"
)
BYTES = {
    "a column": _SMALL,
    "two columns": _SMALL,
    "a column of a partition": _SMALL,
    "rows of a partition counted": _SMALL,
    "partitions listed": _SMALL,
    "a partition by another table": "Trino waits for the other table and leaves partitions out by what it "
    "found there; here all of them are read",
    "no row group": _FOOTERS,
    "rows counted": _FOOTERS,
    "paths of a Parquet table": _FOOTERS,
    "a limit": "Trino ends between two row groups, DuckDB has read the column by then",
    "objects by size": 'Trino leaves objects out by "$path" alone; here by "$file_size" and '
    '"$file_modified_time", too',
    "a table read twice": "Trino counts each time that a text object is read, here it is counted once",
}
HEAD = """\
# What the embedded engine carries

`make docs` writes this page from the engine's own tables. A test fails if the page is out of date.

The engine runs SQL on DuckDB. It answers only what it can answer as Athena's engine v3 (a Trino)
does. For the rest a query fails with NOT_SUPPORTED and says what the engine does not carry.
`ENGINE=trino` has no such limits. `make conformance` proves that both engines give the same values:
for every expression of the daily run and for every signature below, over values at the edges of
their types.

One difference is known: a varchar has no length here. Athena says varchar(3) of `'abc'`, and makes
such a column of it in CREATE TABLE AS; here it is a varchar without a limit. A column that a table
declares as varchar(3) is cut to three letters.

`T` and `V` are any type, `S` and `K` a type that has an order, `N` a number, `R` also a 32-bit
number, `I` a whole number, `D` a decimal (`rounded` and `whole` are what it becomes), `?` any
argument, `moment` a date or a timestamp. `...` repeats the last argument. A star marks functions
that refuse some values while the query runs (see the end).
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            HEAD,
            *_carried(),
            *_not_carried(),
            *_casts(),
            *_words(),
            *_refused(),
            *_bytes(),
        ]
    )


def _carried() -> Iterator[str]:
    for kind, title in KINDS.items():
        yield f"## {title}\n\n| name | takes | gives |\n|---|---|---|"
        for name, known in sorted(functions.FUNCTIONS.items()):
            for function in known:
                if function.kind == kind:
                    yield f"| `{name}` | {_takes(function)} | {_gives(function)} |"
        yield ""


def _takes(function: functions.Function) -> str:
    return ", ".join(map(_named, function.takes)) + "..." * function.repeats


def _named(kind: Type) -> str:
    if kind.name == "lambda":
        return f"{_named(kind.of[0])} → {_named(kind.of[1])}"
    return f"{kind.name}({', '.join(map(_named, kind.of))})" if kind.of else kind.name


def _gives(function: functions.Function) -> str:
    gives = function.gives.name
    if gives.startswith("="):  # the type of an argument
        return _named(function.takes[int(gives[1:])])
    return _named(function.gives) + " \\*" * function.may_refuse


def _not_carried() -> Iterator[str]:
    known = NO_CALLS | set(functions.FUNCTIONS)
    whole = [name for name in functions.TRINO if "/" not in name and name not in known]
    some = [
        f"{name} of {_takes(function)}"
        for name, signatures in functions.FUNCTIONS.items()
        for function in signatures
        if function.kind == "refused"
    ]
    counts = [name.replace("/", " with ") for name in functions.TRINO if "/" in name]
    yield "## Functions of Athena that are refused\n"
    yield _listed(whole)
    yield "\nWith that many arguments: " + _listed(counts) + "\n"
    yield "For these types: " + _listed(some) + "\n"


def _casts() -> Iterator[str]:
    yield (
        "## Casts\n\nWhat arrays, maps and rows hold may only become wider: an integer a bigint or a double, a date a "
        "timestamp; keys of maps\nand names of fields stay.\n\n| from | to |\n|---|---|"
    )
    for source in CAST:
        targets = [t.name for t in CAST if t.name != source.name and casts.castable(source, t)]
        yield f"| {source.name} | {', '.join(dict.fromkeys(targets))} |"
    yield ""


def _words() -> Iterator[str]:
    yield "## Words\n"
    yield f"- types: {_listed(types.SIMPLE | {'decimal', 'array', 'map', 'row'})}"
    yield f"- units of time: {', '.join(units.UNITS)}"
    fields = [name.lower() for name in calls.EXTRACTED if name.lower() in functions.FUNCTIONS]
    yield f"- fields of EXTRACT: {', '.join(fields)}"
    yield f"- date_format: {_codes(special.MYSQL)}; date_parse: {_codes(special.PARSED)}"
    yield f"- clauses that are refused: {', '.join(sorted(syntax.CLAUSES_NOT_CARRIED.values()))}"
    read = syntax.TrinoSQL.tokenizer_class
    words = {**read.KEYWORDS, **read.SINGLE_TOKENS}
    signs = {t for t, kind in words.items() if kind in syntax.FOREIGN_TOKENS} | syntax.FOREIGN_SIGNS
    yield f"- a SYNTAX_ERROR, as in Athena: {_codes(signs)}\n"


def _codes(texts: Iterable[str]) -> str:
    return " ".join(f"`{text}`" for text in sorted(texts))


def _refused() -> Iterator[str]:
    """Every reason for a refusal that stands in the source."""
    sources = sorted(Path(__file__).parents[1].rglob("*.py"))
    reasons = {text for source in sources for text in _reasons(source.read_text())}
    yield "## What else is refused\n\nBefore the query runs:\n"
    yield from _bullets(reasons)
    yield "\nFor a value that is met while it runs:\n"
    yield from _bullets(set(re.findall(r"t_refuse\('([^']*)'", functions.MACROS)))
    yield ""


def _bytes() -> Iterator[str]:
    yield (
        "## Bytes scanned\n\nDataScannedInBytes of the queries that `make conformance` compares is within a twentieth of "
        "Trino's physical\ninput, but for these:\n"
    )
    yield from (f"- {what}: {why}" for what, why in BYTES.items())
    yield ""


def _bullets(texts: Iterable[str]) -> Iterator[str]:
    for text in sorted(texts, key=str.lower):
        yield "- " + re.sub("…+", "…", text.strip()).replace("*", "\\*")


def _reasons(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            continue
        text, refusal = _text(node.args[0]), "NOT_SUPPORTED: "
        if node.func.id == "AthenaError" and text.startswith(refusal):
            text = re.sub(
                r"^(line 1:1: )?(the sandbox's embedded engine refuses )?",
                "",
                text.removeprefix(refusal),
            )
        elif node.func.id != "refused":
            continue
        if text.strip("… ") and "could not be sure" not in text:
            yield text


def _text(node: ast.expr) -> str:
    """A text of the source, with … for what it is filled in with."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    return "…"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"written: {PAGE}")
