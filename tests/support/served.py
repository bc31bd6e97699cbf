"""A sandbox in a process of its own: moto's state is one to a process.

`python -m tests.support.served` serves it until its standard input ends. CloudTrail's keys are registered where they
are served: f1, which signs, and f0, which went out of use on the day before the one that most tests are about.

To a line `keep` it keeps the empty lake that is there, and to a line `restore` it puts this lake into an empty account.
Lacuna makes a lake in thirty-four calls.
"""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support import REPO, collect_rarely

FINGERPRINT = "f1"
REGION = "us-east-1"
LAKE = "lacuna"  # how the names of its bucket and of its databases begin


@dataclass(frozen=True)
class Served:
    """Where it answers, and the private key of CloudTrail in it."""

    url: str
    key: rsa.RSAPrivateKey
    process: subprocess.Popen[str]

    def keep_lake(self) -> None:
        """Keep the empty lake that is there."""
        self._ask("keep")

    def restore_lake(self) -> bool:
        """Put the lake that was kept into an empty account; whether one was kept."""
        return self._ask("restore")

    def _ask(self, line: str) -> bool:
        assert self.process.stdin
        assert self.process.stdout
        print(line, file=self.process.stdin, flush=True)
        return bool(json.loads(self.process.stdout.readline()))


@contextmanager
def served(**environment: str) -> Iterator[Served]:
    """A sandbox, as long as the context lasts; `environment` is what moto reads."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.served"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPO,
        env={**os.environ, **environment, "PYTHONPATH": f"{REPO}:{REPO / 'plugins'}"},
    ) as process:
        assert process.stdout
        try:
            url, pem = json.loads(process.stdout.readline())
            key = serialization.load_pem_private_key(pem.encode(), None)
            assert isinstance(key, rsa.RSAPrivateKey)
            yield Served(url, key, process)
        finally:
            process.kill()  # there is nothing to keep


def main() -> None:
    from sandbox.athena.moto_fixes.cloudtrail import register_public_key
    from sandbox.athena.server import Sandbox

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.PKCS1
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    first, last = datetime(2006, 3, 1), datetime(2100, 1, 1)
    with Sandbox(port=0) as box:
        for region in (REGION, "eu-west-1"):
            register_public_key(region, public, FINGERPRINT, first, last)
            register_public_key(region, public, "f0", first, datetime(2026, 11, 20, 12))
        collect_rarely()
        print(json.dumps([box.url, pem.decode()]), flush=True)
        kept = b""
        for line in sys.stdin:
            if line == "keep\n":
                kept = empty_lake()
            elif kept:
                restore(kept)
            print(json.dumps(bool(kept)), flush=True)


def empty_lake() -> bytes:
    """The lake's bucket, which holds nothing, and its databases; what else there is belongs to a test."""
    from moto.glue.models import glue_backends

    from sandbox.athena.moto_fixes import s3

    (bucket,) = (one for one in s3.backend().buckets.values() if one.name.startswith(LAKE))
    assert not bucket.keys
    databases = glue_backends[s3.ACCOUNT_ID][REGION].databases.items()
    of_lake = {name: database for name, database in databases if name.startswith(LAKE)}
    return pickle.dumps((bucket.name, bucket.public_access_block, of_lake))


def restore(lake: bytes) -> None:
    from moto.glue.models import glue_backends

    from sandbox.athena.moto_fixes import s3

    name, block, databases = pickle.loads(lake)
    s3.backend().create_bucket(name, REGION).public_access_block = block
    glue_backends[s3.ACCOUNT_ID][REGION].databases.update(databases)


if __name__ == "__main__":
    main()
