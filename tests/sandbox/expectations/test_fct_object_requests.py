"""The suite of fct_object_requests and of the marts made of it, on the sandbox's Athena."""

from __future__ import annotations

from typing import Any

import pytest

from expectations.fct_object_requests import MARTS, POINTERS

READ = {
    "action": "read_object",
    "outcome": "success",
    "operation": "REST.GET.OBJECT",
    "bucket_name": "photos",
    "request_id": "R1",
    "log_object": "s3://logs/1",
    "principal": "me",
    "actor_class": "unknown",
    "is_external": False,
    "is_presigned": False,
    "key_class": "none",
}
# In every mart: a refusal of somebody outside, by a presigned URL, in a sensitive bucket
REFUSED = READ | {
    "action": "delete_object",
    "outcome": "denied",
    "bucket_name": "payroll",
    "request_id": "R2",
    "is_external": True,
    "is_presigned": True,
}
COUNT_BOTH = ("fct_traffic", "fct_principal_hours", "fct_automation", "fct_sessions")
POINTER = ("bucket_name", "request_id", "log_object")


def counted(world: Any, wrong: int = 0) -> Any:
    """The day of two requests, and a row of each mart that counts them, or some more or fewer."""
    world.rows["fct_object_requests"] = [READ, REFUSED, READ | {"action": None}]
    world.rows["fct_logging_coverage"] = [{"bucket_name": "payroll", "is_sensitive": True}]
    for mart in MARTS:
        held = (2 if mart in COUNT_BOTH else 1) + wrong
        pointer = {"bucket_name": "photos", "first_request_id": "R1"}
        world.rows[mart] = [
            pointer | {"uses" if mart == "fct_presigned_urls" else "requests": held}
        ]
    deleted = {"how": "single", **{name: REFUSED[name] for name in POINTER}}
    world.rows["fct_deletions"] = [deleted] * (1 + wrong)
    return world


@pytest.fixture(scope="module")
def findings(new_world):
    """Each mart counts one request too many; one operation is new, one deletion is of nothing."""
    world = counted(new_world(), wrong=1)
    world.rows["fct_object_requests"].append(
        READ | {"action": "other", "operation": "REST.GET.NOVELTY", "principal": None}
    )
    world.rows["fct_deletions"][-1] = world.rows["fct_deletions"][-1] | {"request_id": "R9"}
    # that one is in the table: the marts that count all would be right by chance
    for mart in ("fct_traffic", "fct_principal_hours"):
        world.rows[mart].append({"requests": 1})
    for mart in POINTERS.keys() - {"fct_deletions", "fct_denied_requests"}:
        lost = {"bucket_name": "photos", "first_request_id": "R8", "requests": 0, "uses": 0}
        world.rows[mart].append(lost)
    refused = {"bucket_name": "payroll", "sample_request_ids": ["R2", "R7"], "requests": 0}
    world.rows["fct_denied_requests"].append(refused)
    return world.findings("fct_object_requests")


def test_a_mart_that_counts_other_requests_than_there_are_is_named(findings):
    assert set(findings["requests_do_not_add_up"].offending) == set(MARTS)
    assert (
        "fct_deletions counts 2 requests, and fct_object_requests holds 1 of them"
        in findings["requests_do_not_add_up"].sentences
    )


def test_a_request_that_is_not_there_is_named_by_the_mart_that_names_it(findings):
    assert sorted(findings["request_not_found"].sentences) == [
        f"1 row of {place} of a request that fct_object_requests does not have"
        for place in (
            "fct_automation in photos",
            "fct_deletions in payroll",
            "fct_denied_requests in payroll",
            "fct_external_access in photos",
            "fct_presigned_urls in photos",
            "fct_principal_hours in photos",
            "fct_sensitive_access in photos",
            "fct_sessions",
        )
    ]


def test_an_operation_that_the_seed_does_not_know_is_named(findings):
    assert findings["operation_unknown"].sentences == (
        "1 request of the operation REST.GET.NOVELTY in 1 bucket: the seed request_actions does "
        "not know it",
    )


def test_marts_that_hold_the_days_requests_are_no_finding(new_world):
    """Nor is a row of a version that knew no actions."""
    assert counted(new_world()).findings("fct_object_requests") == {}
