"""No buckets, no logs, no trail: answers, not crashes."""

import pytest

pytestmark = pytest.mark.dag

DAY = "2026-03-01"


def test_an_empty_account_is_an_answer(empty):
    done = empty.run(DAY)
    assert "FAILED" not in done.stdout
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
