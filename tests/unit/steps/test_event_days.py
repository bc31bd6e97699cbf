"""Which event days a delivery day can change, from the one answer about what it delivered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from lacuna.lake import athena
from lacuna.settings import Settings
from lacuna.steps import event_days

DAY = date(2026, 5, 20)
OLD = date(2026, 3, 3)


class Observed:
    """A lake whose account was looked at on two days."""

    def days(self, table: Any) -> list[date]:
        return [OLD - timedelta(days=2), OLD + timedelta(days=1)]


@pytest.mark.parametrize(
    ("told", "also"),
    [
        ({}, ()),
        ({"is_early": "true"}, (-1,)),
        ({"is_late": "true"}, (1,)),
        # between the looks around it a trail may have been weakened and repaired
        ({"is_recorders": "true"}, (-2, -1, 1)),
    ],
)
def test_the_days_beside_a_record_are_taken_up_if_it_may_concern_them(monkeypatch, told, also):
    row = {"event_day": str(OLD), "is_early": "false", "is_late": "false", "is_recorders": "false"}
    asked = []
    monkeypatch.setattr(athena, "rows", lambda lake, query: asked.append(query) or [row | told])
    monkeypatch.setattr(event_days, "built_days", lambda lake, days: set(days))
    lake: Any = Observed()
    found = event_days.affected_days(lake, Settings(), DAY)
    near = {OLD, *(OLD + timedelta(days=n) for n in also)}
    near |= {DAY + timedelta(days=n) for n in (-1, 0, 1)}
    assert found == near | {one + event_days.WEEK for one in near}
    assert len(asked) == 1
