"""No buckets, no logs, no trail: answers, not crashes."""

import os
import signal
import subprocess
import sys

import pytest

from sandbox.process import REPO

DAY = "2026-03-01"


@pytest.fixture(scope="module")
def said(empty) -> str:
    """What a run of the empty account says."""
    return empty.run(DAY)[1]


def test_an_empty_account_is_an_answer(empty, said):
    """The first of these tests waits for Airflow's database, the fork server and one run of a day."""
    assert "FAILED" not in said
    first, *lines = said.splitlines()
    assert first.startswith("account 123456789012, Region us-east-1, lake lacuna-lake-")
    assert first.endswith(f"at {empty.environment['AWS_ENDPOINT_URL']} (AWS_ENDPOINT_URL)")
    short = lines.index(f"{DAY} in short")
    assert lines[short + 1 : short + 4] == [
        "  buckets   none",
        "  hours     none",
        "  findings  none",
    ]
    days = empty.rows("select * from lacuna_evidence.catalogued_days")
    assert [(str(day["delivered_on"]), day["objects_catalogued"]) for day in days] == [(DAY, 0)]
    assert empty.rows("select * from lacuna.fct_object_requests") == []
    # a day without logs was run all the same, and those before it were not
    states = empty.rows(
        "select state, max(day) as newest, count(*) as days from lacuna.days group by 1"
    )
    assert {row["state"]: (str(row["newest"]), row["days"]) for row in states} == {
        "built": (DAY, 1),
        "not_run": ("2026-02-28", 89),
    }


def test_bad_settings_stop_the_run_before_anything_is_written(empty):
    empty.environment.update(LACUNA_LATENESS_HOURS="soon", LACUNA_WORKGROUP="")
    buckets = [b["Name"] for b in empty.client("s3").list_buckets()["Buckets"]]
    try:
        code, said = empty.run(DAY, check=False)
    finally:
        del empty.environment["LACUNA_LATENESS_HOURS"], empty.environment["LACUNA_WORKGROUP"]
    assert code == 2
    assert "LACUNA_LATENESS_HOURS" in said
    assert "LACUNA_WORKGROUP" in said
    assert "Traceback" not in said
    assert [b["Name"] for b in empty.client("s3").list_buckets()["Buckets"]] == buckets


def test_a_query_is_answered_or_its_reason_told(empty, said):
    def ask(sql):
        return subprocess.run(
            [sys.executable, "-m", "lacuna", "ask", sql],
            cwd=REPO, env=empty.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = ask("select 1 as a, cast(null as varchar) as b, 'x' || chr(27) as c")
    assert (done.returncode, done.stdout) == (0, "a\tb\tc\n1\tNULL\tx\\x1b\n")
    assert ask("select 1 where false").stderr.startswith("0 rows, 0 bytes scanned, ")
    refused = ask("/* for good */ drop table lacuna.fct_delivery_hours")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("ask only reads")
    failed = ask("select nosuch")
    assert failed.returncode == 1
    assert "COLUMN_NOT_FOUND" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_day_of_which_nothing_is_known_is_not_told_as_one_without_advice(empty, said):
    def advise(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "lacuna", "advise", *arguments],
            cwd=REPO, env=empty.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = advise(DAY)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"no bucket has a verdict for {DAY}")
    assert advise("yesterday").returncode == 2


@pytest.mark.parametrize(
    ("mark", "sent", "code"),
    [
        ("account ", signal.SIGINT, 130),
        ("prepare_lake", signal.SIGTERM, 143),
        pytest.param("find_event_days", signal.SIGINT, 130, marks=pytest.mark.long),
    ],
)
def test_a_signal_ends_a_run_with_a_plain_line(empty, mark, sent, code):
    """Each signal meets a run of its own, up to the task that it ends."""
    said = []
    with empty.start(DAY) as run:
        for line in run.stdout:
            said.append(line)
            if mark in line and not line.startswith("Interrupted"):
                os.killpg(run.pid, sent)
        assert run.wait() == code
    *_, asked, last = [line for line in said if line.strip()]
    assert asked.startswith("stopping"), "".join(said[-6:])
    assert last.startswith("Interrupted: ")
    assert "running the same day again is safe" in last
    assert not any("Traceback" in line or "tried again" in line for line in said)
