import dataclasses
import typing
from datetime import UTC, datetime

import pytest

from lacuna.tables import evidence, evidence_table


def test_every_table_has_a_schema_that_glue_understands():
    kinds = {"string", "bigint", "boolean", "timestamp", "date", "array<string>"}
    kinds.add("array<struct<reason:string,arn:string>>")
    kinds.add("array<struct<mode:string,trails:string,since:timestamp>>")
    for table in evidence.TABLES:
        assert table.columns()
        assert set(table.columns().values()) <= kinds
        assert not set(table.columns()) & set(table.partition_columns())


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        (evidence.LOGGING_SNAPSHOTS, "reasons", "array<string>"),
        (
            evidence.LOGGING_SNAPSHOTS,
            "coverage_faults",
            "array<struct<reason:string,arn:string>>",
        ),
        (evidence.LOG_OBJECTS, "record_count", "bigint"),
        (evidence.LOG_OBJECTS, "path_day", "date"),
        (evidence.LOG_OBJECTS, "readable", "boolean"),
        (evidence.CATALOGUED_DAYS, "catalogued_at", "timestamp"),
        (evidence.LISTINGS, "error_code", "string"),
    ],
)
def test_types_follow_from_the_rows(table, column, kind):
    assert table.columns()[column] == kind


def test_a_row_is_read_back_as_it_was_written():
    """A second snapshot of a day keeps the rows that differ from the first: none may differ by its types."""
    fault = evidence.RecorderFault("trail_not_logging", "arn:aws:cloudtrail:eu-west-1:1:trail/t")
    hints = typing.get_type_hints(evidence.LoggingSnapshot)
    cover = evidence.WitnessCover("read", "arn:t", datetime(2026, 11, 20, tzinfo=UTC))
    filled = {"reasons": ("logging_off",), "coverage_faults": (fault,), "witness_covers": (cover,)}
    row = evidence.LoggingSnapshot(**(dict.fromkeys(hints) | filled))
    naive = {**dataclasses.asdict(cover), "since": datetime(2026, 11, 20)}
    stored = {
        "reasons": ["logging_off"],
        "coverage_faults": [dataclasses.asdict(fault)],
        "witness_covers": [naive],
    }
    assert evidence_table.read_back(evidence.LoggingSnapshot, stored) == row


def test_a_row_of_an_older_version_keeps_its_recorders_at_fault_if_it_is_written_again():
    stored = {"coverage_at_fault": ["trail_not_logging arn:t"]}
    row = evidence_table.read_back(evidence.LoggingSnapshot, stored)
    assert (row.coverage_at_fault, row.coverage_faults) == (("trail_not_logging arn:t",), None)
    assert evidence.LOGGING_SNAPSHOTS.columns()["coverage_at_fault"] == "array<string>"


def test_check_results_are_kept_by_the_day_checked_and_the_day_they_are_about():
    assert list(evidence.CHECK_RESULTS.partition_columns()) == ["checked_on", "delivery_day"]
