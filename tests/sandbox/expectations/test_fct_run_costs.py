"""The suite of fct_run_costs, on the sandbox's Athena."""

from __future__ import annotations

import pytest

MART = "fct_run_costs"
KNOWN = {
    "step": "parse_delivery_day",
    "workgroup": "lacuna",
    "region": "us-east-1",
    "statements": 2,
    "bytes_scanned": 7,
    "bytes_billed": 20_971_520,
    "usd": 0.0001,
}
REFUSED = {
    "step": "unknown",
    "error_operation": "ListQueryExecutions",
    "error_code": "AccessDeniedException",
    "missing_permission": "athena:ListQueryExecutions",
}


@pytest.fixture(scope="module")
def findings(new_world):
    world = new_world()
    world.rows[MART] = [
        KNOWN,
        KNOWN | {"bytes_billed": 0, "usd": 0.0, "region": "mars-1"},
        KNOWN | {"usd": None, "region": "mars-2"},
        KNOWN | {"step": "by_others", "statements": 1},
        KNOWN | {"step": "analyst", "workgroup": "reports"},
        REFUSED | {"workgroup": "science"},
        REFUSED | {"workgroup": "busy", "error_code": "HistoryTooLong", "missing_permission": None},
    ]
    return world.findings(MART)


def test_a_history_that_could_not_be_read_is_named_with_the_permission(findings):
    assert sorted(findings["costs_unknown"].sentences) == [
        "what the statements of the workgroup busy cost is unknown "
        "(ListQueryExecutions: HistoryTooLong)",
        "what the statements of the workgroup science cost is unknown (ListQueryExecutions: "
        "AccessDeniedException, athena:ListQueryExecutions is not allowed)",
    ]


def test_a_region_without_a_price_is_named_if_it_was_billed(findings):
    assert findings["price_missing"].offending == ("mars-2",)
    assert "20,971,520 bytes" in findings["price_missing"].sentences[0]


def test_statements_of_others_are_counted_in_lacunas_workgroup_only(findings):
    assert findings["statements_by_others"].sentences == (
        "1 statement of others in the workgroup lacuna scanned 7 bytes",
    )


def test_costs_that_are_known_and_lacunas_own_are_no_finding(new_world):
    world = new_world()
    world.rows[MART] = [KNOWN]
    assert world.findings(MART) == {}
