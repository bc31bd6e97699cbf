"""Names that stand in strings exist: no import error shows that such a name is out of date."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from lacuna.cli import reference
from lacuna.steps import build, suites
from lacuna.steps.daily import RETRIES
from sandbox.athena.duck import described
from tests.support import REPO

ROOTS = ("airflow", "bench", "expectations", "lacuna", "sandbox", "tests")
NAME = re.compile(rf"(?:{'|'.join(ROOTS)})(?:\.\w+)+")
# files and tables that look like a name of Python's
FILES = (".log", ".md", ".turn", ".yaml")
TABLES = {path.stem for path in (REPO / "dbt_project" / "models").rglob("*.sql")}
FILLED = "FILLED"
PROGRAM = re.compile(r"(?m)^\s*(?:from [\w.]+ import |import \w)")
HERE = Path(__file__)
SOURCES = sorted(
    path
    for folder in ("bench", "dags", "expectations", "plugins", "sandbox", "scripts", "tests")
    for path in (REPO / folder).rglob("*.py")
)


def resolved(name: str) -> object:
    """The module or attribute of a dotted name; raises ImportError or AttributeError."""
    module, _, attribute = name.rpartition(".")
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if not module or error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
    return getattr(resolved(module), attribute)


def strings(tree: ast.AST) -> Iterator[str]:
    """Every string of a source but docstrings; what is filled into a string is the name FILLED."""
    nodes = list(ast.walk(tree))
    skipped = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    skipped |= {
        id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in nodes:
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{\w+!r\}", FILLED, node.value)
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else FILLED
                for part in node.values
            )


def unknown_names(source: str) -> list[str]:
    """The dotted names in the strings of a source that are no module and no attribute of one."""
    unknown = []
    for text in strings(ast.parse(source)):
        for word in re.split(r"[\s=:\"'(),;`]+", text):
            if not NAME.fullmatch(word) or word.endswith((*FILES, FILLED)):
                continue
            if word.partition(".")[2] in TABLES:
                continue
            try:
                resolved(word)
            except (ImportError, AttributeError):
                unknown.append(word)
    return unknown


def faults_of_programs(source: str) -> list[str]:
    """What is wrong in the programs that stand in the strings of a source."""
    faults = []
    for text in strings(ast.parse(source)):
        if PROGRAM.search(text):
            try:
                program = ast.parse(textwrap.dedent(text).strip())
            except SyntaxError as error:
                faults.append(f"{error}: {text.strip().splitlines()[0]}")
            else:
                faults += _faults(program)
    return faults


def _faults(program: ast.Module) -> Iterator[str]:
    """Yield the imports, and the attributes of what is imported, that do not exist."""
    bound: dict[str, str] = {}
    for node in ast.walk(program):
        if isinstance(node, ast.ImportFrom) and node.module:
            bound |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        elif isinstance(node, ast.Import):
            bound |= {one.asname or one.name: one.name for one in node.names}
    names = set(bound.values())
    for node in ast.walk(program):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in bound:
                names.add(f"{bound[name]}.{attribute}")
    for name in sorted(names):
        try:
            resolved(name)
        except (ImportError, AttributeError) as error:
            yield f"{name}: {error}"


def relative(path: Path) -> str:
    return str(path.relative_to(REPO))


def test_every_exception_that_is_not_retried_exists():
    assert len(RETRIES.rules) == 5
    for rule in RETRIES.rules:
        exception = resolved(rule.exception)
        assert isinstance(exception, type)
        assert issubclass(exception, BaseException)


@pytest.mark.parametrize("mart", suites.PARTITION_COLUMNS)
def test_every_mart_that_is_checked_has_a_suite_and_a_model(mart):
    assert callable(resolved(f"expectations.{mart}.checks"))
    assert mart in TABLES


def test_paths_that_count_folders_lead_into_the_repository():
    assert (build.PROJECT / "dbt_project.yml").is_file()
    assert reference.REPO == REPO
    assert described.PAGE == REPO / "sandbox" / "athena" / "what-it-carries.md"


def test_every_name_in_a_string_exists():
    unknown = {
        relative(path): unknown_names(path.read_text())
        for path in SOURCES
        if not relative(path).startswith("tests/")
    }
    assert {path: names for path, names in unknown.items() if names} == {}


def test_every_program_in_a_string_compiles_and_finds_what_it_imports():
    faults = {
        relative(path): faults_of_programs(path.read_text()) for path in SOURCES if path != HERE
    }
    assert {path: found for path, found in faults.items() if found} == {}


def test_the_names_and_programs_that_are_known_are_among_those_found():
    """A scan that finds nothing would pass too."""

    def words(path):
        tree = ast.parse((REPO / path).read_text())
        return {word for text in strings(tree) for word in re.split(r"[\s=]+", text)}

    assert "lacuna.settings.SettingsError" in words("plugins/lacuna/steps/daily.py")
    assert {"lacuna.steps.check", "airflow.assets.manager"} <= words(
        "plugins/lacuna/cli/terminal.py"
    )
    programs = [
        relative(path)
        for path in SOURCES
        if any(PROGRAM.search(text) for text in strings(ast.parse(path.read_text())))
    ]
    assert {"bench/posture.py", "tests/sandbox/lacuna/test_command_line.py"} <= set(programs)


@pytest.mark.parametrize(
    ("source", "unknown"),
    [
        ("RetryRule(exception='lacuna.settings.SettingError')", ["lacuna.settings.SettingError"]),
        ("logging.getLogger('lacuna.checks')", ["lacuna.checks"]),
        ("x = 'task=CRITICAL airflow.asset.manager=ERROR'", ["airflow.asset.manager"]),
        ("x = 'select * from lacuna.fct_hours'", ["lacuna.fct_hours"]),
        ("x = 'lacuna.settings.Settings.from_env lacuna.fct_delivery_hours lacuna.turn'", []),
    ],
)
def test_a_name_that_does_not_exist_is_found(source, unknown):
    assert unknown_names(source) == unknown


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        ("from lacuna.checks import check", "has no attribute 'checks'"),
        ("from lacuna.settings import Options", "has no attribute 'Options'"),
        ("from lacuna.steps import snapshot\nsnapshot.look()", "has no attribute 'look'"),
        ("from lacuna import day\nprint(", "was never closed"),
    ],
)
def test_a_program_that_would_fail_is_found(program, fault):
    (found,) = faults_of_programs(f"SERVE = '''\n{program}\n'''")
    assert fault in found
