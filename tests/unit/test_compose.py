"""The Compose files, read by Compose's own parser; `make smoke` runs their commands for real."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import compose
import pytest

from lacuna.settings import SETTINGS, Settings
from tests.support import REPO

COMPOSE = Path(compose.__file__).parent / "docker-compose"
LOOK, PRODUCTION = "docker-compose.yml", "docker-compose.production.yml"
SECRETS = {
    LOOK: {"LACUNA_SECRET": "a-secret-for-the-test", "POSTGRES_PASSWORD": "a-password"},
    PRODUCTION: {
        "AIRFLOW_AUTH_MANAGER": "acme.auth.Manager",
        "AIRFLOW_FERNET_KEY": "fernet",
        "AIRFLOW_JWT_SECRET": "jwt",
        "AIRFLOW_API_SECRET": "api",
        "POSTGRES_PASSWORD": "a-password",
        "IMAGE_TAG": "1",
    },
}
AIRFLOW = {"migrate", "apiserver", "scheduler", "dag-processor"}


def config(file: str, **variables: str) -> subprocess.CompletedProcess[str]:
    ours = ("AWS_", "LACUNA_", "AIRFLOW")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [COMPOSE, "--file", REPO / file, "config", "--format", "json"],
        env=bare | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def services(file: str, **variables: str) -> dict[str, Any]:
    done = config(file, **SECRETS[file], **variables)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)["services"])


def given(file: str, service: str = "scheduler", **variables: str) -> dict[str, str]:
    """The variables that a container of the service gets."""
    environment = services(file, **variables)[service]["environment"]
    return {name: value for name, value in environment.items() if value is not None}


def of_aws(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("AWS_")}


def test_compose_reads_the_files():
    assert set(services(LOOK)) == {"sandbox", "postgres", *AIRFLOW}
    assert set(services(PRODUCTION)) == {"postgres", *AIRFLOW}


@pytest.mark.parametrize(
    ("file", "missing"), [(file, name) for file in SECRETS for name in sorted(SECRETS[file])]
)
def test_a_missing_secret_is_named(file, missing):
    answer = config(file, **{name: v for name, v in SECRETS[file].items() if name != missing})
    assert answer.returncode != 0
    assert missing in answer.stderr


@pytest.mark.parametrize("file", SECRETS)
def test_only_the_scheduler_has_what_the_tasks_need(file):
    variables = {"AWS_ACCESS_KEY_ID": "AKIA", "LACUNA_WORKGROUP": "w"}
    scheduler = given(file, **variables)
    assert scheduler["AWS_ACCESS_KEY_ID"] == "AKIA"
    for name in AIRFLOW - {"scheduler"}:
        other = given(file, name, **variables)
        assert not any(key.startswith(("AWS_", "LACUNA_")) for key in other), name
        assert other.items() <= scheduler.items()
    connection = scheduler["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert connection.startswith("postgresql")


@pytest.mark.parametrize("file", SECRETS)
def test_every_setting_and_credential_is_passed(file):
    names = [name for setting in SETTINGS.values() for name in setting.names]
    variables = dict.fromkeys(names, "x") | {"AWS_SESSION_TOKEN": "t", "AWS_PROFILE": "acme"}
    environment = given(file, **variables)
    assert {name: environment.get(name) for name in variables} == variables


def test_the_sandbox_gets_a_key_and_a_region_that_aws_never_gets():
    assert of_aws(given(LOOK)) == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    real = of_aws(given(LOOK, AWS_ENDPOINT_URL="", AWS_PROFILE="acme"))
    assert {name: value for name, value in real.items() if value} == {"AWS_PROFILE": "acme"}
    settings = Settings.from_env(real)
    assert (settings.endpoint_url, settings.region) == (None, None)
    assert of_aws(given(PRODUCTION, AWS_REGION="eu-west-1")) == {"AWS_REGION": "eu-west-1"}


def test_production_has_secrets_of_its_own_limits_and_images_that_stay():
    secrets = (
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__API__SECRET_KEY",
    )
    environment = given(PRODUCTION)
    assert [environment[name] for name in secrets] == ["fernet", "jwt", "api"]
    assert not any("SIMPLE_AUTH" in name for name in environment)
    for name, service in services(PRODUCTION).items():
        assert service["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory"}, name
        assert "no-new-privileges:true" in service["security_opt"]
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", ()))


@pytest.mark.parametrize("file", SECRETS)
def test_images_are_named_by_a_version(file):
    images = {service["image"] for service in services(file).values()} - {"lacuna", "lacuna:1"}
    images.add((REPO / "Dockerfile").read_text().split()[1])
    assert all(re.fullmatch(r"[a-z/]+:\d+(\.\d+)*[a-z-]*", image) for image in images), images
