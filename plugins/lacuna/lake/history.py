"""Athena's own history of statements: what each scanned, and how long it took.

Athena keeps it for 45 days. Reading it is free of charge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from lacuna.aws.session import Account, AwsError, refusal
from lacuna.refusals import Refusal
from lacuna.tables import statements

KEPT = timedelta(days=45)
# Of 50 statements each. Without a bound a busy workgroup would take hours.
MOST_PAGES = 400


@dataclass(frozen=True, slots=True)
class History:
    """The statements that a workgroup got since a moment, and why some of them are missing.

    `is_cut_off`: a call was refused, so a later reading may find more.
    """

    executions: list[Mapping[str, Any]]
    problem: Refusal | None = None
    is_cut_off: bool = False


def read(account: Account, workgroup: str, since: datetime) -> History:
    """Return the statements submitted to a workgroup since then. A refused call is a problem in it.

    Athena lists the newest first: what lies before a page without a newer one is older too.
    """
    found: list[Mapping[str, Any]] = []
    client, problem = account.athena(), None
    try:
        pages = client.get_paginator("list_query_executions").paginate(WorkGroup=workgroup)
        for page in islice(pages, MOST_PAGES):
            if not page["QueryExecutionIds"]:
                continue
            ids = page["QueryExecutionIds"]
            answer = client.batch_get_query_execution(QueryExecutionIds=ids)
            if unread := answer.get("UnprocessedQueryExecutionIds"):
                code = unread[0].get("ErrorCode", "Unprocessed")
                problem = Refusal("BatchGetQueryExecution", code)
            newer = [
                one for one in answer["QueryExecutions"] if statements.submitted_at(one) >= since
            ]
            found += newer
            if not newer:
                return History(found, problem)
        if page.get("NextToken"):
            problem = Refusal("ListQueryExecutions", "HistoryTooLong")
    except AwsError as error:
        operation = getattr(error, "operation_name", "ListQueryExecutions")
        return History(found, refusal(error, operation), is_cut_off=True)
    return History(found, problem)


def rows_written(account: Account, execution: Mapping[str, Any]) -> int | None:
    """Return how many rows a statement wrote; None if it writes none, or Athena does not say."""
    state = execution["Status"]["State"]
    if state != "SUCCEEDED" or execution.get("SubstatementType") not in statements.WRITERS:
        return None
    try:
        answer = account.athena().get_query_results(
            QueryExecutionId=execution["QueryExecutionId"], MaxResults=1
        )
    except AwsError:
        return None
    return answer.get("UpdateCount")
