from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from sandbox.account.account import Account, StoredObject
from sandbox.account.buckets import TRAIL_BUCKET
from sandbox.account.faults import make_plan
from sandbox.account.period import Period
from sandbox.account.truth import Truth

UNTIL = date(2026, 3, 5)

# The pattern of the reference notes, apart from our requesters with blanks in them.
RECORD = re.compile(
    r"^(?P<owner>\S+) (?P<bucket>\S+) \[(?P<time>[^\]]*)\] (?P<ip>\S+)"
    r" (?P<requester>\S+(?: \S+){0,5}?) (?P<request_id>[0-9A-Z]{16}|[0-9a-f-]{36})"
    r" (?P<operation>\S+) (?P<key>\S+)"
    r' (?P<uri>-|".*? HTTP/[0-9.]+"|"[^"]*") (?P<status>-|[0-9]{3}) (?P<error>\S+)'
    r" (?P<sent>-|[0-9]+) (?P<size>-|[0-9]+) (?P<total>-|[0-9]+) (?P<turn>-|[0-9]+)"
    r' (?P<referrer>-|".*?") (?P<agent>-|".*") (?P<version>[^ "]+) (?P<host_id>[^ "]+)'
    r'(?P<tail>(?: [^ "]+)*)$',
    re.DOTALL,
)
# What S3 itself wrote before any text of the client: enough to know that a request's record came.
HEAD = re.compile(RECORD.pattern.partition(" (?P<key>")[0])
_NUMBERS = re.compile(
    r'" (?:-|[0-9]{3}) \S+ (?:-|[0-9]+) (?:-|[0-9]+) (?:-|[0-9]+) (?:-|[0-9]+) [-"]'
)


def readable(line: str) -> re.Match[str] | None:
    """The record if the line is one and can be read in one way only."""
    match = RECORD.match(line)
    # Only up to the last quotation mark: the dashes of a lifecycle line's tail look alike.
    if match is None or len(_NUMBERS.findall(line[: match.end("agent")])) > 1:
        return None
    # A quotation mark and a blank inside a text: it might end there, and the rest be forged.
    if any('" ' in match[name] for name in ("referrer", "agent")):
        return None
    return match


@dataclass(frozen=True)
class Made:
    """An account, made once for all tests that only look at it."""

    account: Account
    objects: list[StoredObject]
    truth: Truth

    @property
    def logs(self) -> list[StoredObject]:
        strays = {fault.log_object for fault in self.truth.faults if fault.kind == "stray_object"}
        return [
            one
            for one in self.objects
            if one.bucket != TRAIL_BUCKET and f"s3://{one.bucket}/{one.key}" not in strays
        ]

    @property
    def lines(self) -> Iterator[str]:
        for one in self.logs:
            yield from one.body.decode().split("\n")[:-1]

    @property
    def trail_files(self) -> list[StoredObject]:
        return [one for one in self.objects if "/CloudTrail/" in one.key]

    @property
    def digests(self) -> list[StoredObject]:
        return [one for one in self.objects if "/CloudTrail-Digest/" in one.key]

    @property
    def events(self) -> Iterator[dict[str, Any]]:
        for one in self.trail_files:
            try:
                content = gzip.decompress(one.body)
            except (EOFError, zlib.error):
                continue
            yield from json.loads(content)["Records"]


def make(requests: int = 3000, days: int = 4, seed: int = 7) -> Made:
    account = Account(make_plan(seed, requests, Period(UNTIL, days)))
    objects = list(account.objects())
    return Made(account, objects, account.truth())


@pytest.fixture(scope="session")
def made() -> Made:
    return make()
