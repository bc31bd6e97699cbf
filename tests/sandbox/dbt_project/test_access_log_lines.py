"""Lines as other projects found them in the wild, through the raw table and the models."""

from datetime import date
from typing import Any

import pytest

from tests.sandbox.dbt_project.conftest import LOG_BUCKET, Lake
from tests.sandbox.dbt_project.wild_lines import Case, all_cases

CASES = all_cases()
DAY = date(2026, 3, 10)


@pytest.fixture(scope="module")
def parsed(lake: Lake) -> dict[str, dict[str, Any]]:
    """Every case delivered as an object of its own, and what became of its line."""
    lake.deliver(DAY, {case.name: f"{case.line}\n".encode() for case in CASES})
    lake.catalog(DAY)
    lake.build("delivery_day", DAY)
    rows = lake.rows(
        f"select * from lacuna_staging.int_access_log_records where delivered_on = date '{DAY}'"
    )
    return {row["log_object"].removeprefix(f"s3://{LOG_BUCKET}/"): row for row in rows}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_line_comes_out_as_its_source_says(case: Case, parsed: dict[str, dict[str, Any]]) -> None:
    row = parsed[case.name]
    if case.expected is None:
        assert row["quarantine_reason"]
        assert row["line"] == case.line
        assert not any(
            row[name] for name in ("request_id", "http_status", "host_id", "bucket_name")
        )
    else:
        assert row["quarantine_reason"] is None
        assert {name: row[name] for name in case.expected} == case.expected


def test_every_byte_of_every_case_is_accounted_for(
    lake: Lake, parsed: dict[str, dict[str, Any]]
) -> None:
    assert len(parsed) == len(CASES)
    rows = lake.rows(
        "select object_key, status, size_bytes, bytes_read from lacuna.fct_log_objects "
        f"where delivered_on = date '{DAY}'"
    )
    assert {row["status"] for row in rows} <= {"accounted", "quarantined", "duplicate"}
    assert all(row["size_bytes"] == row["bytes_read"] for row in rows)
