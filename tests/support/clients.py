"""One client of a kind for a test: making one costs more than most of the calls that it makes."""

from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials


def share_clients(patch: pytest.MonkeyPatch) -> None:
    """Let sessions with the same keys share their clients, until the patch is undone.

    Every session of boto3 makes clients of its own, and awswrangler makes six for each write.
    """
    make = boto3.Session.client
    shared: dict[tuple[Any, ...], Any] = {}

    def client(self: boto3.Session, *service: str, **options: Any) -> Any:
        keys = self._session.get_credentials()
        if type(keys) is not Credentials:  # keys that renew themselves belong to one session
            return make(self, *service, **options)
        said = [(name, repr(getattr(value, "__dict__", value))) for name, value in options.items()]
        which = (keys.access_key, keys.token, self.region_name, *service, *sorted(said))
        if which not in shared:
            shared[which] = make(self, *service, **options)
        return shared[which]

    patch.setattr(boto3.Session, "client", client)
