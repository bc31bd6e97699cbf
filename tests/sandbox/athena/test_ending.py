"""A sandbox ends when it is told to, whatever its queries do."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import threading, boto3
from sandbox.athena import api
from sandbox.athena.server import Sandbox

many = "unnest(sequence(1, 10000))"
endless = f"select count(*) from {many} a(x), {many} b(y), {many} c(z) where x + y + z = 0"
api.FIRST_WAIT = 0.1
with Sandbox() as box:
    boto3.client("s3", **box.access).create_bucket(Bucket="lake")
    athena = boto3.client("athena", **box.access)
    for _ in range(api.WORKERS + 1):  # one has to wait
        athena.start_query_execution(
            QueryString=endless, ResultConfiguration={"OutputLocation": "s3://lake/x/"}
        )
print("stopped")
"""


def test_a_sandbox_ends_while_queries_run() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("stopped\n", 0), done.stderr
