"""Sessions and clients of boto3 for less: making one costs more than most of the calls that it makes."""

import functools
import os
from typing import Any

import boto3
import botocore.hooks
import botocore.useragent
import pytest
from botocore.credentials import Credentials

_make = boto3.Session.client
_shared: dict[tuple[Any, ...], Any] = {}


def remember() -> None:
    """Let botocore do once a process what it does for each session or each call.

    dbt-athena makes a session for each connection, and a session gives some 130 handlers a name and
    looks at their signatures. Each call writes the same `User-Agent` twice, letter by letter.
    """
    hooks: Any = botocore.hooks
    agent: Any = botocore.useragent
    names = hooks.EventAliaser(hooks.HierarchicalEmitter())
    hooks.EventAliaser._alias_event_name = staticmethod(functools.cache(names._alias_event_name))
    hooks.BaseEventHooks._verify_accept_kwargs = lambda *_: None
    agent.sanitize_user_agent_string_component = functools.cache(
        agent.sanitize_user_agent_string_component
    )


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
