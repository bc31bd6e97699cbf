"""docker-compose.yml, read by Compose's own parser; `make smoke` runs its commands for real."""

import json
import os
import subprocess
from pathlib import Path

import compose
import pytest

from tests.support import REPO

COMPOSE = Path(compose.__file__).parent / "docker-compose"
SECRETS = {"LACUNA_SECRET": "a-secret-for-the-test", "POSTGRES_PASSWORD": "a-password"}


def config(secrets: dict[str, str]) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [COMPOSE, "--file", REPO / "docker-compose.yml", "config", "--format", "json"],
        env=bare | secrets, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_compose_reads_the_file():
    services = json.loads(config(SECRETS).stdout)["services"]
    assert set(services) == {
        "sandbox", "postgres", "migrate", "apiserver", "scheduler", "dag-processor",
    }  # fmt: skip


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_a_missing_secret_is_named(missing):
    answer = config({name: value for name, value in SECRETS.items() if name != missing})
    assert answer.returncode != 0
    assert missing in answer.stderr


def test_every_airflow_container_has_the_same_environment():
    services = json.loads(config(SECRETS).stdout)["services"]
    airflow = [
        s["environment"] for s in services.values() if s["command"] and "airflow" in s["command"]
    ]
    assert len(airflow) == 4
    assert all(environment == airflow[0] for environment in airflow)
    assert airflow[0]["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("postgresql")
