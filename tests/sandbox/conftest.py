"""One sandbox for all tests that need AWS: served by this process, on a port of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import boto3
import pytest

from sandbox.endpoint.server import Sandbox

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox; the environment points every client of this process at it."""
    with Sandbox(port=0) as box:
        settings = CREDENTIALS | {"AWS_ENDPOINT_URL": box.url}
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        boto3.DEFAULT_SESSION = None
        yield box
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
