"""An AWS account of a test's own: a sandbox in a process of its own, emptied before every test."""

import os
from collections.abc import Iterator

import boto3
import pytest

from tests.support.account import REGION, Account
from tests.support.clients import forget_clients, share_clients
from tests.support.served import Served, served

# Short pages: what takes more than one LIST need not take a thousand objects.
PAGE = 50


@pytest.fixture(scope="session")
def emptied() -> Iterator[Served]:
    """The sandbox of all accounts that are built by hand."""
    with served(
        MOTO_S3_DEFAULT_MAX_KEYS=str(PAGE),
        # as AWS, if no policy of the bucket says otherwise
        MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS="false",
    ) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One for all tests: it keeps AWS's API descriptions, which take long to load."""
    return boto3.Session("test", "test")


@pytest.fixture
def cloud(
    emptied: Served, session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    """An empty account; the environment points every client at it."""
    for name, value in {
        "AWS_ENDPOINT_URL": emptied.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    elsewhere = {"AWS_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"}
    for name in [name for name in os.environ if name.startswith("LACUNA_") or name in elsewhere]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    share_clients(monkeypatch)
    account = Account(emptied.url, emptied.key, session)
    account.reset()
    yield account
    if account.had_faults:
        forget_clients()
