"""No buckets, no logs, no trail: answers, not crashes."""

import os
import signal

import pytest

from sandbox.process import end

pytestmark = pytest.mark.dag

DAY = "2026-03-01"


def test_an_empty_account_is_an_answer(empty):
    done = empty.run(DAY)
    assert "FAILED" not in done.stdout
    first, *lines = done.stdout.splitlines()
    assert first.startswith("account 123456789012, Region us-east-1, lake lacuna-lake-")
    assert first.endswith(f"at {empty.environment['AWS_ENDPOINT_URL']} (AWS_ENDPOINT_URL)")
    short = lines.index(f"{DAY} in short")
    assert lines[short + 1 : short + 4] == [
        "  buckets   none",
        "  hours     none",
        "  findings  none",
    ]
    days = empty.rows("select * from lacuna_evidence.catalogued_days")
    assert [(day["delivered_on"], day["objects_catalogued"]) for day in days] == [(DAY, "0")]
    assert empty.rows("select * from lacuna.fct_object_requests") == []


def test_bad_settings_stop_the_run_before_anything_is_written(empty):
    empty.environment.update(LACUNA_LATENESS_HOURS="soon", LACUNA_WORKGROUP="")
    buckets = [b["Name"] for b in empty.client("s3").list_buckets()["Buckets"]]
    try:
        done = empty.run(DAY, check=False)
    finally:
        del empty.environment["LACUNA_LATENESS_HOURS"], empty.environment["LACUNA_WORKGROUP"]
    assert done.returncode == 2
    assert "LACUNA_LATENESS_HOURS" in done.stderr
    assert "LACUNA_WORKGROUP" in done.stderr
    assert "Traceback" not in done.stderr
    assert [b["Name"] for b in empty.client("s3").list_buckets()["Buckets"]] == buckets


@pytest.mark.parametrize("mark", ["account ", "prepare_lake", "find_event_days"])
def test_ctrl_c_ends_a_run_with_a_plain_line(empty, mark):
    run = empty.start(DAY, start_new_session=True)
    try:
        said = []
        for line in run.stdout:
            said.append(line)
            if mark in line:
                os.killpg(run.pid, signal.SIGINT)
        assert run.wait(60) == 130
    finally:
        end(run)
    *_, asked, last = [line for line in said if line.strip()]
    assert asked.startswith("stopping")
    assert last.startswith("Interrupted: ")
    assert "running the same day again is safe" in last
    assert not any("Traceback" in line or "tried again" in line for line in said)
