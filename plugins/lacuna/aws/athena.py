"""Small questions to Athena, asked by the run itself. Models and suites have their own clients."""

import time
from typing import TYPE_CHECKING

from lacuna.aws.lake import open_lake, workgroup_problem
from lacuna.aws.session import AwsError, UnusableSetting, error_code, explained
from lacuna.settings import Settings
from lacuna.text import visible

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

_RUNNING = {"QUEUED", "RUNNING"}
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0


class QueryFailed(RuntimeError):
    """Athena did not run the query; the text holds its own words."""


def rows(settings: Settings, query: str) -> list[dict[str, str | None]]:
    """The rows that `query` returns, as text by column.

    Raises QueryFailed, or UnusableSetting where no query could run in the workgroup.
    """
    lake = open_lake(settings)
    athena = lake.account.athena()
    try:
        execution = athena.start_query_execution(
            QueryString=query,
            WorkGroup=settings.workgroup,
            ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/athena-results/"},
        )["QueryExecutionId"]
        _wait(athena, execution)
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution)
        found = [row for page in pages for row in page["ResultSet"]["Rows"]]
    except AwsError as error:
        problem = None
        if error_code(error) == "InvalidRequestException":  # for a wrong query and a wrong place
            problem = workgroup_problem(lake.account, settings.workgroup)
        if problem:
            raise UnusableSetting([problem]) from error
        raise QueryFailed(f"Athena refused a query: {explained(error)}") from error
    if not found:
        return []
    # The first row of a SELECT's result is its header.
    names = [cell.get("VarCharValue", "") for cell in found[0]["Data"]]
    return [
        dict(zip(names, (cell.get("VarCharValue") for cell in row["Data"]), strict=True))
        for row in found[1:]
    ]


def _wait(athena: "AthenaClient", execution: str) -> None:
    wait = _FIRST_WAIT
    while True:
        status = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
        if status["State"] not in _RUNNING:
            break
        time.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT)
    if status["State"] != "SUCCEEDED":
        reason = visible(status.get("StateChangeReason", "no reason given"))
        raise QueryFailed(f"Athena query {execution} {status['State'].lower()}: {reason}")
