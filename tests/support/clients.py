"""One client of a kind for a test: making one costs more than most of the calls that it makes."""

import os
from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials

_make = boto3.Session.client
_shared: dict[tuple[Any, ...], Any] = {}


def share_clients(patch: pytest.MonkeyPatch) -> None:
    """Let sessions with the same keys share their clients of one endpoint, until the patch is undone.

    Every session of boto3 makes clients of its own. The next test that shares takes them up, unless
    `forget_clients` is called before.
    """

    def client(self: boto3.Session, *service: str, **options: Any) -> Any:
        keys = self._session.get_credentials()
        if type(keys) is not Credentials:  # keys that renew themselves belong to one session
            return _make(self, *service, **options)
        place = (os.environ.get("AWS_ENDPOINT_URL"), self.region_name, keys.access_key, keys.token)
        asked = [(name, repr(getattr(value, "__dict__", value))) for name, value in options.items()]
        which = (*place, *service, *sorted(asked))
        if which not in _shared:
            _shared[which] = _make(self, *service, **options)
        return _shared[which]

    patch.setattr(boto3.Session, "client", client)


def forget_clients() -> None:
    """Make clients anew from here on: one that was throttled slows down all calls that follow."""
    _shared.clear()
