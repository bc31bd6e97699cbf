"""The SQL that runs, compiled without any AWS and linted."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.sandbox.dbt_project.conftest import PROJECT, REPO

BIN = Path(sys.executable).parent
MODELS = sorted((PROJECT / "models").rglob("*.sql"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of compiled models."""
    target = tmp_path_factory.mktemp("target")
    variables = {"delivery_day": "2026-11-20", "event_days": ["2026-11-20", "2026-11-19"]}
    environment = {
        **os.environ,
        "LACUNA_DBT_STAGING_DIR": "s3://lake/athena-results/",
        "LACUNA_DBT_DATA_DIR": "s3://lake",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    command = [
        *(
            BIN / "dbt",
            "compile",
            "--no-introspect",
            "--no-populate-cache",
            "--vars",
            json.dumps(variables),
        ),
        *(
            "--project-dir",
            PROJECT,
            "--profiles-dir",
            PROJECT,
            "--target-path",
            target,
            "--log-path",
            target,
        ),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return target / "compiled/lacuna/models"


def test_the_sql_that_runs_is_clean(compiled: Path) -> None:
    command = [BIN / "sqlfluff", "lint", compiled, "--config", REPO / ".sqlfluff"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_compiled_model_asks_what_day_it_is(compiled: Path) -> None:
    texts = {path: path.read_text().lower() for path in compiled.rglob("*.sql")}
    assert len(texts) >= len(MODELS)
    for path, text in texts.items():
        assert not re.search(r"\b(current_date|current_timestamp|now\(\)|localtimestamp)", text), (
            path
        )


def test_a_partition_column_stands_bare_in_every_filter(compiled: Path) -> None:
    wrapped = re.compile(
        r"where[^;]*?\b(?:cast|date|date_trunc|year|month|day)\((?:\w+\.)?(?:delivered_on|observed_on)\b"
    )
    for path in compiled.rglob("*.sql"):
        for clause in path.read_text().lower().split("where")[1:]:
            assert not wrapped.search("where" + clause.split("select")[0].split("group by")[0]), (
                path
            )


def test_every_model_and_column_is_described() -> None:
    for path in MODELS:
        (model,) = yaml.safe_load(path.with_suffix(".yml").read_text())["models"]
        assert model["name"] == path.stem
        assert model["description"].strip()
        assert all(column.get("description", "").strip() for column in model["columns"]), path
        assert len({column["name"] for column in model["columns"]}) == len(model["columns"])
