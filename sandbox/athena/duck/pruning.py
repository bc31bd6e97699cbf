"""Which filters of a query reach which table, read from DuckDB's plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any


def collect(
    node: dict[str, Any], above: list[str], filters: dict[str, list[list[str]]], given: set[str]
) -> None:
    """Collect the filters of a JSON plan by the table they reach: a list for each time it is read.

    A FILTER above a table may name a column as the query named it. Such names are in `given`, and
    a filter with one of them is left out: it may be about another column.
    """
    info, name = node.get("extra_info") or {}, node.get("name", "").strip()
    if name == "SEQ_SCAN":
        own = [c for t in _texts(info.get("Filters")) for c in _conjuncts(t)]
        filters.setdefault(info["Table"].rpartition(".")[2], []).append(above + own)
    passed = _texts(info.get("Expression")) if name == "FILTER" else []
    passed = [c for t in passed for c in _conjuncts(t) if not words(c) & given]
    for child in node.get("children", []):
        collect(child, passed, filters, given)


def words(*texts: str) -> set[str]:
    """The words of a plan's conditions or of names, without what stands in single quotes."""
    bare = (re.sub(r"'[^']*'", " ", text) for text in texts)
    return {word for text in bare for word in re.findall(r"\w+", text.lower())}


def _texts(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _conjuncts(text: str) -> Iterator[str]:
    """The parts of `(a AND (b OR c) AND …)` as DuckDB writes it in a plan: cut at depth 1,
    outside of quotes."""
    text, depth, start = text.removeprefix("optional: "), 0, 1
    in_text = in_range = False
    cuts = []
    for i, char in enumerate(text):
        in_text = in_text != (char == "'")
        if not in_text:
            depth += (char == "(") - (char == ")")
            if depth == 0 and i < len(text) - 1:  # not one bracket around all of it
                yield text
                return
            if depth == 1 and text.startswith(" BETWEEN ", i):
                in_range = True
            elif depth == 1 and text.startswith(" AND ", i):
                if not in_range:  # `x BETWEEN a AND b` is one part
                    cuts.append(text[start:i])
                    start = i + 5
                in_range = False
    yield from [*cuts, text[start:-1]] if cuts else [text]
