"""Airflow in a home of its own, no way to a real AWS account, and one sandbox for every test that needs it."""

import os
import tempfile
from collections.abc import Iterator

import boto3
import hypothesis
import pytest

from tests.support import REPO, collect_rarely

# Before anything imports airflow: its configuration is read once.
os.environ.update(
    {
        "AIRFLOW_HOME": os.environ.get("LACUNA_TEST_HOME")
        or tempfile.mkdtemp(prefix="lacuna-test-"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPO / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
)
for name in [
    name for name in os.environ if name.startswith("LACUNA_") and name != "LACUNA_TEST_HOME"
]:
    del os.environ[name]

from sandbox.athena.server import Sandbox  # noqa: E402
from tests.support.clients import remember  # noqa: E402

remember()

# How long one example takes depends on how busy the machine is, so no example has a deadline.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=40)
hypothesis.settings.register_profile("deep", deadline=None, max_examples=300)
hypothesis.settings.load_profile("quick")

# Files that take minutes start first: at the end one worker would wait for the other.
LONGEST_FIRST = ("tests/days", "tests/sandbox/dbt_project", "tests/sandbox/lacuna")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by ring, the slow rings first. The order within a ring stays."""

    def rank(item: pytest.Item) -> int:
        folders = (item.nodeid.startswith(f"{folder}/") for folder in LONGEST_FIRST)
        return next((n for n, inside in enumerate(folders) if inside), len(LONGEST_FIRST))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """What the test modules have imported stays."""
    collect_rarely()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox in this process; the environment points every client of this process at it."""
    with Sandbox(port=0) as box:
        settings = {"AWS_ENDPOINT_URL": box.url}
        before = {name: os.environ[name] for name in settings}
        os.environ.update(settings)
        boto3.DEFAULT_SESSION = None
        yield box
        os.environ.update(before)
