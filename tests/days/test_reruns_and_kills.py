"""Running a day twice, and running it first after kills, leaves the same rows.

What runs twice, runs under the role of infra/lacuna.yaml.
"""

import os
import re
import signal
import threading

import pytest

from sandbox.account.hostile import SECURITY_TOKEN
from tests.days.conftest import DATABASES, Started

pytestmark = pytest.mark.long

# The task whose end is waited for, and how many more statements the run starts before it is killed
KILLS = [
    ("catalog_log_objects.read_shard", 0),  # committing what was read
    ("catalog_log_objects.commit_catalog", 12),  # parsing
    ("build_access_marts.find_event_days", 20),  # building event days
    ("check_log_delivery.check_marts", 0),  # publishing
]
MARTS = ("fct_object_requests", "fct_delivery_hours", "fct_logging_coverage", "fct_log_objects")

# What Athena asks of Glue and S3 as whoever started the query, and no client ever does. From AWS's managed policy
# AmazonAthenaFullAccess: its reading of tables and results, its creating of tables and partitions.
ON_BEHALF = {
    "s3:GetBucketLocation",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:AbortMultipartUpload",
    "glue:GetDatabase",
    "glue:GetPartition",
    "glue:BatchGetPartition",
    "glue:CreatePartition",
    "glue:UpdatePartition",
}
# Seen in no run over this account: a view that was made again several times; a day that became empty; a run ended in
# the midst of a query; tags that have to be asked of each bucket; other accounts.
RARE = {
    "glue:DeleteTableVersion",
    "glue:BatchDeletePartition",
    "athena:StopQueryExecution",
    "s3:GetBucketTagging",
    "sts:AssumeRole",
    "organizations:ListAccounts",
}


@pytest.fixture(scope="module")
def once(simulated):
    """The rows of every table after one run that nothing disturbed."""
    simulated.run(simulated.truth["until"])
    contents = simulated.contents()
    assert sum(map(len, contents.values())) > 1000
    return contents


@pytest.fixture(scope="module")
def twice(simulated, once):
    """The rows after a second run of the same day, during which somebody reads the marts."""
    counts = f"select {', '.join(f'(select count(*) from lacuna.{one}) as {one}' for one in MARTS)}"
    query, seen, stop = simulated.query(), [], threading.Event()

    def read():
        while not stop.wait(0.2):
            seen.append(query(counts)[0])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        simulated.run(simulated.truth["until"])
    finally:
        stop.set()
        reader.join()
    assert len(seen) > 5
    assert all(row == seen[0] for row in seen), "a day was half there, or not at all"
    return simulated.contents()


def test_a_day_run_again_gives_the_same_rows(once, twice):
    """Two runs of a day, and all tables read after each of them."""
    assert_same(twice, once)


def test_no_table_holds_what_somebody_could_act_with(simulated, once):
    """The raw objects do: presigned URLs are in the account's logs. A staging view shows the raw objects."""
    pages = simulated.client("glue").get_paginator("get_tables")
    stored = [
        f"{database}.{table['Name']}"
        for database in DATABASES
        for page in pages.paginate(DatabaseName=database)
        for table in page["TableList"]
        if table["TableType"] != "VIRTUAL_VIEW" and f"{database}.{table['Name']}" in once
    ]
    texts = "\n".join(str(row) for name in stored for row in once[name])
    assert "X-Amz-Credential=ASIA" in texts
    assert "X-Amz-Signature=***" in texts
    assert SECURITY_TOKEN[:20] not in texts
    secret = r"(?i)(?:signature|security-token)(?:=|%3d)(?!\*{3})[^&\s\"']{8,}"
    assert re.findall(secret, texts) == []


@pytest.mark.usefixtures("once")
def test_what_to_do_is_printed_to_be_copied(simulated):
    bucket = "meridian-scratch"  # whose logging somebody has turned off
    arguments = ["advise", simulated.truth["until"], "--bucket", bucket]
    with Started(arguments, simulated.environment) as started:
        head, *lines = started.stdout.read().splitlines()
        assert started.wait() == 0
    assert head == f"{bucket}: off"
    assert any(one.startswith(f"aws s3api put-bucket-logging --bucket {bucket} ") for one in lines)


@pytest.mark.usefixtures("twice")
def test_the_role_lets_these_runs_do_all_they_do_and_nothing_else(simulated):
    """Unseen here: which of Glue's databases a call is about (tests/sandbox/infra/test_role.py), and what
    Athena does on the caller's behalf, which is listed above from AWS's own policy."""
    seen = simulated.seen()
    assert seen["refused"] == []
    assert set(seen["granted"]) - set(seen["used"]) == ON_BEHALF | RARE


def test_a_first_run_killed_four_times_and_run_again_gives_the_same_rows(untouched, once):
    """Every kill hits a lake that no run has finished: the rows of an earlier day cannot help.

    A kill costs a run up to it, so only these four are real. These prove the others:
    - after the lake is prepared: test_preparing_again_changes_nothing (sandbox/lacuna/test_lake.py)
    - between the writes of a snapshot, after the first of the day or a later one:
      test_a_snapshot_killed_at_any_write_and_taken_again_leaves_the_same_rows (test_snapshot.py)
    - after a snapshot: test_a_snapshot_that_is_taken_again_leaves_one_copy and
      test_a_snapshot_that_names_a_recorder_at_fault_leaves_one_copy_too (test_snapshot.py)
    - at each write of the catalog: test_a_run_killed_at_any_write_and_run_again_leaves_the_same_rows (test_catalog.py)
    - after parsing and after finding the event days, which writes nothing: the third kill here hits a later moment
    - in the midst of a write, with files that no later run knows: test_a_rerun_after_a_kill_gives_the_same_rows
      (sandbox/dbt_project/test_reruns.py)
    - at each call that publishes: test_a_reader_never_sees_other_counts_than_those_of_a_version
      (sandbox/lacuna/test_publishing.py)
    - after building and after each suite of checks: test_a_day_run_again_gives_the_same_rows above, which finds
      all of that done, and test_check_results_replace_those_of_their_own_delivery_day_only (test_lake.py)
    """
    day = untouched.truth["until"]
    for task, statements in KILLS:
        with untouched.start(day) as process:
            for line in process.stdout:
                if task in line and " ok " in line:
                    untouched.wait_for_statements(statements, process)
                    os.kill(process.pid, signal.SIGKILL)
                    break
            else:
                pytest.fail(f"{task} never ended")
            assert process.wait() == -signal.SIGKILL
    untouched.run(day)
    assert_same(untouched.contents(), once)


def assert_same(now, before):
    assert now.keys() == before.keys()
    for table, rows in before.items():
        gone, new = set(rows) - set(now[table]), set(now[table]) - set(rows)
        assert gone == new == set(), f"{table} differs: {sorted(gone)[:3]} became {sorted(new)[:3]}"
        assert now[table] == rows, f"{table} holds a row more often or less often"
