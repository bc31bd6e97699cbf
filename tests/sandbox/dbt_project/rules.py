"""The rules that a dbt project of layers keeps, checked on the manifest that `dbt compile` writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp

Node = Mapping[str, Any]

MOST_LINES = 200
LAYERS = STAGING, INTERMEDIATE, MARTS, DETECTIONS, FINDINGS = (
    "staging",
    "intermediate",
    "marts",
    "detections",
    "findings",
)
DAY_MACROS = ("day", "delivery_day", "event_day_range", "is_snapshot_of_event_days")
# A table of the lake by its own name: dbt knows no such read, and no rule of layers sees it
LITERAL = re.compile(r"(?<![\w'])\"?(lacuna(?:_\w+)?)\"?\s*\.\s*\"?(\w+)", re.IGNORECASE)
COMMENT = re.compile(r"{#.*?#}|--[^\n]*|/\*.*?\*/", re.DOTALL)


def problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each rule that a model or a macro breaks."""
    nodes = manifest["nodes"]
    macros = [
        macro
        for macro in manifest["macros"].values()
        if macro["package_name"] == "lacuna" and not macro["name"].startswith("test_")
    ]
    return [
        *(
            f"{model['name']}: {problem}"
            for unique_id, model in nodes.items()
            if model["resource_type"] == "model"
            for problem in _problems(unique_id, model, nodes)
        ),
        *(
            f"{macro['name']}: {problem}"
            for macro in macros
            for problem in _literals(macro["macro_sql"])
        ),
    ]


def _problems(unique_id: str, model: Node, nodes: Mapping[str, Node]) -> Iterator[str]:
    if _layer(model) not in LAYERS:
        yield f"is in the folder {_layer(model)}, which is no layer"
        return
    yield from _reads(model, nodes)
    yield from _literals(model["raw_code"])
    yield from _described(model)
    if (lines := len(model["raw_code"].splitlines())) > MOST_LINES:
        yield f"has {lines} lines, more than {MOST_LINES}"
    yield from _last_select(model, set(model["columns"]) | _shown(unique_id, nodes))
    if _layer(model) == STAGING:
        yield from _staged(model)
    if _is_mart(model) and not model["config"]["contract"]["enforced"]:
        yield "is a mart without a contract"


def _layer(model: Node) -> str:
    """The folder below models/. It is one of LAYERS."""
    return str(model["fqn"][1])


def _is_mart(model: Node) -> bool:
    """The marts, and what readers are shown of the findings."""
    return MARTS in model["fqn"][1:-1]


def _reads(model: Node, nodes: Mapping[str, Node]) -> Iterator[str]:
    for unique_id in model["depends_on"]["nodes"]:
        if unique_id.startswith("source.") and _layer(model) != STAGING:
            yield f"reads {unique_id}; only staging models read sources"
        read = nodes.get(unique_id)
        layer = _layer(read) if read and read["resource_type"] == "model" else None
        if layer == MARTS and _layer(model) not in (MARTS, DETECTIONS, FINDINGS):
            yield f"reads {unique_id}; only marts, detections and findings read marts"
        if layer in (DETECTIONS, FINDINGS) and _layer(model) != FINDINGS:
            yield f"reads {unique_id}; only findings read detections and findings"
        if layer == INTERMEDIATE and _layer(model) == STAGING:
            yield f"reads {unique_id}; staging models read sources, seeds and staging models"


def _literals(sql: str) -> Iterator[str]:
    for database, table in LITERAL.findall(COMMENT.sub("", sql)):
        yield f"names the table {database}.{table}; ref() and source() name tables"


def _described(model: Node) -> Iterator[str]:
    if not model["description"].strip():
        yield "has no description"
    for column in model["columns"].values():
        if not column["description"].strip():
            yield f"column {column['name']} has no description"


def _shown(unique_id: str, nodes: Mapping[str, Node]) -> set[str]:
    """The columns of what reads the model, directly or not, and describes them: marts and findings."""
    columns: set[str] = set()
    on_the_way = [unique_id]
    for read in on_the_way:
        for reader, node in nodes.items():
            if node["resource_type"] == "model" and read in node["depends_on"]["nodes"]:
                if _is_mart(node) or _layer(node) == FINDINGS:
                    columns |= set(node["columns"])
                if not _is_mart(node) and reader not in on_the_way:
                    on_the_way.append(reader)
    return columns


def _last_select(model: Node, described: set[str]) -> Iterator[str]:
    """The last select names its columns; its yml, or a mart below, describes them, and no others."""
    query = sqlglot.parse_one(model["compiled_code"], read="athena")
    assert isinstance(query, exp.Query)
    if any(select.is_star for select in query.selects):
        yield "its last select has a star"
        return
    for name in set(query.named_selects) - described:
        yield f"column {name} is not in its yml, nor in that of a mart that reads it"
    for name in set(model["columns"]) - set(query.named_selects):
        yield f"column {name} of its yml does not exist"


def _staged(model: Node) -> Iterator[str]:
    system = model["fqn"][2]
    if not model["name"].startswith((f"stg_{system}__", f"base_{system}__")):
        yield f"is not called stg_{system}__… or base_{system}__…"
    for macro in DAY_MACROS:
        if f"macro.{model['package_name']}.{macro}" in model["depends_on"]["macros"]:
            yield f"names days ({macro}), and a view would keep those of the run that made it"
