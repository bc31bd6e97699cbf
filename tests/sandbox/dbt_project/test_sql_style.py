"""The project's manifest and its SQL as it runs, compiled once and without AWS."""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.dbt_project.conftest import PROJECT, Lake, failures
from tests.sandbox.dbt_project.rules import MOST_LINES, problems

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(lake: Lake) -> Manifest:
    """The compiled project, as `dbt compile` writes it."""
    project = lake.project()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        result = lake.dbt(
            *("compile", "--no-introspect", "--no-populate-cache"),
            project=project,
            delivery_day="2026-11-20",
            event_days=["2026-11-20", "2026-11-19"],
        )
    assert not failures(result)
    made: Manifest = project.writable_manifest().to_dict()
    return made


def compiled(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Each model's name and its SQL as it runs, in lower case."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            yield node["name"], node["compiled_code"].lower()


def test_every_model_keeps_the_rules_of_its_layer(manifest: Manifest) -> None:
    assert len(list(compiled(manifest))) == len(list((PROJECT / "models").rglob("*.sql")))
    assert problems(manifest) == []


def test_no_compiled_model_asks_what_day_it_is(manifest: Manifest) -> None:
    for name, text in compiled(manifest):
        assert not re.search(r"\b(current_date|current_timestamp|now\(\)|localtimestamp)", text), (
            name
        )


def test_no_statement_names_an_object(manifest: Manifest) -> None:
    """A statement has at most 262,144 bytes; how many objects there are, strangers decide."""
    for name, text in compiled(manifest):
        assert "s3://" not in text.replace("'s3://[^/]*/", "").replace("'(?s)^s3://", ""), name


def test_a_raw_table_is_read_by_its_partition_key_as_text(manifest: Manifest) -> None:
    """Only a filter on the key itself lets Athena skip the other days."""
    for name in ("int_access_log_records", "int_data_events"):
        assert "delivered_day = '2026-11-20'" in dict(compiled(manifest))[name]


def stored_readers(manifest: Manifest, read: str) -> set[str]:
    """The stored models whose statements read a source, also through views and CTEs."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    readers: set[str] = set()
    on_the_way = [read]
    for one in on_the_way:
        for model in models:
            if one in model["depends_on"]["nodes"]:
                if model["config"]["materialized"] in ("view", "ephemeral"):
                    on_the_way.append(model["unique_id"])
                else:
                    readers.add(model["name"])
    return readers


def test_raw_objects_are_read_by_the_parse_of_their_day_and_by_nothing_else(
    manifest: Manifest,
) -> None:
    """Their partitions are dropped then. A mart that read them would lose what it says of the day."""
    assert stored_readers(manifest, "source.lacuna.raw.s3_access_logs") == {
        "int_access_log_records"
    }
    assert stored_readers(manifest, "source.lacuna.raw.cloudtrail_events") == {"int_data_events"}


def test_a_partition_column_stands_bare_in_every_filter(manifest: Manifest) -> None:
    wrapped = re.compile(
        r"where[^;]*?\b(?:cast|date|date_trunc|year|month|day)\((?:\w+\.)?(?:delivered_on|observed_on)\b"
    )
    for name, text in compiled(manifest):
        for clause in text.split("where")[1:]:
            assert not wrapped.search("where" + clause.split("select")[0].split("group by")[0]), (
                name
            )


A = {"a": {"name": "a", "description": "A thing."}}
B = {"b": {"name": "b", "description": "Another thing."}}


def model(layer: str, name: str, *reads: str, **changed: Any) -> Manifest:
    """A model of one described column that breaks no rule."""
    return {
        "resource_type": "model",
        "name": name,
        "package_name": "lacuna",
        "fqn": ["lacuna", layer, "s3", name],
        "description": "One row per thing.",
        "columns": A,
        "raw_code": "select a from b",
        "compiled_code": "select a from b",
        "depends_on": {"nodes": list(reads), "macros": []},
        "config": {"contract": {"enforced": layer == "marts"}},
        **changed,
    }


DAYS = "{# of lacuna.fct_a #}{% macro days() %}1 -- not lacuna.fct_a{% endmacro %}"
SMALL = {
    "macros": {
        name: {"name": name, "package_name": "lacuna", "macro_sql": sql}
        for name, sql in {"days": DAYS, "test_a": "select a from lacuna.fct_a"}.items()
    },
    "nodes": {
        "model.lacuna.stg_s3__a": model("staging", "stg_s3__a", "source.lacuna.raw.a"),
        "model.lacuna.int_a": model("intermediate", "int_a", "model.lacuna.stg_s3__a"),
        "model.lacuna.fct_a": model("marts", "fct_a", "model.lacuna.int_a"),
        "model.lacuna.fct_b": model("marts", "fct_b", "model.lacuna.fct_a"),
    },
}


def test_a_small_project_in_layers_keeps_the_rules() -> None:
    assert problems(SMALL) == []


def test_a_column_that_a_mart_shows_is_described_once() -> None:
    project = copy.deepcopy(SMALL)
    project["nodes"]["model.lacuna.fct_b"]["columns"] = A | B
    shown = {"compiled_code": "select a, b from c"}
    project["nodes"]["model.lacuna.int_a"] |= shown
    assert problems(project) == [
        "int_a: column b is not in its yml, nor in that of a mart that reads it",
        "fct_b: column b of its yml does not exist",
    ]
    project["nodes"]["model.lacuna.fct_b"] |= shown
    project["nodes"]["model.lacuna.fct_b"]["depends_on"]["nodes"].append("model.lacuna.int_a")
    assert problems(project) == []


def reads(unique_id: str) -> Callable[[Manifest], None]:
    return lambda node: node["depends_on"]["nodes"].append(unique_id)


def has(**values: Any) -> Callable[[Manifest], None]:
    return lambda node: node.update(values)


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("int_a", reads("source.lacuna.raw.a"), "only staging models read sources"),
        ("fct_a", reads("source.lacuna.raw.a"), "only staging models read sources"),
        ("int_a", reads("model.lacuna.fct_b"), "only marts, detections and findings read marts"),
        (
            "stg_s3__a",
            reads("model.lacuna.fct_a"),
            "only marts, detections and findings read marts",
        ),
        ("stg_s3__a", reads("model.lacuna.int_a"), "staging models read sources, seeds and stag"),
        ("int_a", has(fqn=["lacuna", "int_a"]), "is in the folder int_a, which is no layer"),
        ("fct_b", has(fqn=["lacuna", "other", "fct_b"]), "is in the folder other, which is no l"),
        ("int_a", has(raw_code="select a from lacuna.fct_a"), "names the table lacuna.fct_a;"),
        (
            "fct_a",
            has(raw_code='select a from "awsdatacatalog"."lacuna_evidence"."log_objects"'),
            "names the table lacuna_evidence.log_objects;",
        ),
        ("stg_s3__a", has(raw_code="select a from LACUNA_RAW . a"), "names the table LACUNA_RAW.a"),
        ("fct_a", has(config={"contract": {"enforced": False}}), "a mart without a contract"),
        ("int_a", has(raw_code="\n" * (MOST_LINES + 1)), "has 201 lines"),
        ("int_a", has(description=" "), "has no description"),
        ("int_a", has(columns={"a": {"name": "a", "description": ""}}), "column a has no desc"),
        ("int_a", has(compiled_code="select a, c as d from b"), "column d is not in its yml"),
        ("int_a", has(columns={**A, **B}), "column b of its yml does not exist"),
        ("int_a", has(compiled_code="select * from b"), "its last select has a star"),
        ("int_a", has(compiled_code="select b.*, 1 as a from b"), "its last select has a star"),
        ("stg_s3__a", has(name="s3_a"), "is not called stg_s3__"),
        (
            "stg_s3__a",
            has(depends_on={"nodes": [], "macros": ["macro.lacuna.delivery_day"]}),
            "a view would keep those of the run that made it",
        ),
    ],
)
def test_a_model_that_breaks_a_rule_is_named(
    name: str, change: Callable[[Manifest], None], problem: str
) -> None:
    project = copy.deepcopy(SMALL)
    change(project["nodes"][f"model.lacuna.{name}"])
    (found,) = problems(project)
    assert problem in found


def test_a_macro_that_names_a_table_is_named() -> None:
    project = copy.deepcopy(SMALL)
    project["macros"]["days"]["macro_sql"] = "select a from lacuna_staging.int_a"
    assert problems(project) == [
        "days: names the table lacuna_staging.int_a; ref() and source() name tables"
    ]
