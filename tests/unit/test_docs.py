"""The docs are held to the code: every link, target, table, model and file they name exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import exp

from lacuna.tables import evidence, raw
from tests.support import REPO

PAGES = sorted(
    [*REPO.glob("*.md"), *REPO.glob("docs/*.md"), *REPO.glob("sandbox/**/*.md")], key=str
)
# `make bench` and `make docs` write these: their lines are as long as their data
GENERATED = {
    *("bench.md", "checks.md", "queries.md", "reasons.md", "settings.md", "what-it-carries.md")
}
WRITTEN = [
    page for page in PAGES if page.name not in GENERATED and page.parent in {REPO, REPO / "docs"}
]
# Folders that a path may be relative to, besides the repository and the page's own folder
ROOTS = (REPO, REPO / "plugins" / "lacuna", REPO / "dbt_project", REPO / "infra")
FENCE = re.compile(r"(?ms)^```.*?^```$")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|sql|yml|yaml|md|csv|toml|java)|[\w-]+/")


def name_of(page: Path) -> str:
    return str(page.relative_to(REPO))


def code_in(page: Path) -> str:
    """All code of a page, in blocks and in lines."""
    text = page.read_text()
    return "\n".join([*FENCE.findall(text), *CODE.findall(FENCE.sub("", text))])


@cache
def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"(?m)^#+ (.+)$", FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_a_front_door():
    lines = (REPO / "README.md").read_text().splitlines()
    assert len(lines) <= 110
    assert [line for line in lines if len(line) > 100] == []


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_a_line_of_prose_wraps_at_100(page):
    # as a reader sees it: a link's address cannot be wrapped
    prose = re.sub(r"\]\([^)]*\)", "]", FENCE.sub("", page.read_text())).splitlines()
    assert [line for line in prose if len(line) > 100 and not line.startswith("|")] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page):
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        path, _, anchor = link.partition("#")
        if path.startswith(("https://", "mailto:")):
            continue
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), link
        assert not anchor or anchor in anchors_of(goal), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_exists(page):
    makefile = (REPO / "Makefile").read_text()
    targets = set(re.findall(r"(?m)^([a-z-]+):", makefile))
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code_in(page))) <= targets


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_table_and_model_exists(page):
    models = {path.stem for path in (REPO / "dbt_project" / "models").rglob("*.sql")}
    seeds = {path.stem for path in (REPO / "dbt_project" / "seeds").glob("*.csv")}
    modules = {path.stem for path in (REPO / "plugins" / "lacuna").iterdir()}
    code = code_in(page)
    assert set(re.findall(r"\b(?:fct|int|stg)_[a-z0-9_]+\b", code)) <= models
    assert set(re.findall(r"\blacuna_evidence\.(\w+)", code)) <= {t.name for t in evidence.TABLES}
    assert set(re.findall(r"\blacuna_raw\.(\w+)", code)) <= {t.name for t in raw.TABLES}
    assert set(re.findall(r"\blacuna_staging\.(\w+)", code)) <= models | seeds
    assert set(re.findall(r"\blacuna\.(?!yaml)([a-z]\w+)", code)) <= models | modules


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_file_exists(page):
    for code in CODE.findall(FENCE.sub("", page.read_text())):
        if FILE.fullmatch(code):
            assert any((root / code).exists() for root in (*ROOTS, page.parent)), code


@cache
def columns() -> dict[str, set[str]]:
    """The columns of every mart and evidence table."""
    marts = {
        model["name"]: {column["name"] for column in model["columns"]}
        for path in (REPO / "dbt_project/models").glob("**/marts/*.yml")
        for model in yaml.safe_load(path.read_text())["models"]
    }
    stored = {
        table.name: {*table.columns(), *table.partition_columns()} for table in evidence.TABLES
    }
    return marts | stored


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_query_names_columns_that_exist(page):
    text = page.read_text()
    queries = [
        *re.findall(r"(?s)```sql\n(.*?)```", text),
        *re.findall(r'(?s)SQL="(select.*?)"', text),
        *re.findall(r"(?s)`(select .*?)`", FENCE.sub("", text)),
    ]
    assert queries or page.name != "runbook.md"
    for query in queries:
        select = sqlglot.parse_one(re.sub(r"\$(DAY|NEXT)", "2026-11-20", query), read="athena")
        known = set().union(*(columns()[table.name] for table in select.find_all(exp.Table)))
        named = {column.name for column in select.find_all(exp.Column)}
        assert named - known <= {alias.alias for alias in select.find_all(exp.Alias)}, query
