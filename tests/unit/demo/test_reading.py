"""How the demo asks Athena for what the answer sheet expects."""

from __future__ import annotations

import pytest

from sandbox.demo.reading import counting


@pytest.mark.parametrize(
    ("expect", "conditions"),
    [
        (
            {"table": "fct_delivery_hours", "where": {"hour": "2026-11-20 11:00:00"}},
            "lacuna.fct_delivery_hours where hour = timestamp '2026-11-20 11:00:00'",
        ),
        (
            {"table": "lacuna_evidence.trail_digests", "where": {"delivered_on": "2026-11-20"}},
            "lacuna_evidence.trail_digests where delivered_on = date '2026-11-20'",
        ),
        (
            {
                "table": "fct_log_objects",
                "where": {"object_key": "it's", "kind": None},
                "at_least": {"lines_duplicate": 5, "rows": 2},
            },
            "lacuna.fct_log_objects where object_key = 'it''s' and kind is null "
            "and lines_duplicate >= 5",
        ),
        (
            {"table": "fct_object_requests", "where": {"is_anonymous": True, "http_status": 200}},
            "lacuna.fct_object_requests where is_anonymous = true and http_status = 200",
        ),
    ],
)
def test_an_expectation_becomes_a_count_with_typed_literals(expect, conditions):
    assert counting({"at_least": {}} | expect) == f"select count(*) as found from {conditions}"
