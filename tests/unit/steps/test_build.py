"""What a run passes to dbt."""

from datetime import date

import pytest

from lacuna.lake import publishing
from lacuna.settings import Settings
from lacuna.steps import build

DAYS = {date(2026, 11, 20)}
MIB = 2**20


@pytest.mark.parametrize(
    ("records", "events", "slices"), [(0, 0, 1), (40, 24, 1), (40, 25, 2), (640, 0, 10)]
)
def test_a_day_is_written_in_slices_of_what_both_logs_have(monkeypatch, records, events, slices):
    sizes = {"int_access_log_records": records * MIB, "int_data_events": events * MIB}
    read = {date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)}
    monkeypatch.setattr(
        publishing, "stored_bytes", lambda _, table, days: sizes[table] if days == read else 0
    )
    assert build._slices(None, Settings(statement_mib=64), DAYS) == slices
