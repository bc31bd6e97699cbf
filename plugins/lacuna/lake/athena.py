"""Small queries that the run itself sends to Athena. dbt and the suites have their own clients."""

import logging
import re
import time
from typing import TYPE_CHECKING

from lacuna.aws.session import AwsError, UnusableSetting, error_code, explained, refusal
from lacuna.lake.lake import Lake
from lacuna.lake.workgroup import workgroup_problem
from lacuna.refusals import Refusal
from lacuna.tables.statements import marked
from lacuna.text import visible

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

log = logging.getLogger(__name__)

# Athena's words if it cannot write results
_NO_BUCKET = "Unable to verify/create output bucket"
# Athena's words if the caller, in whose name it reads, may not read the data
_DENIED = re.compile(r"access ?denied|not authorized|insufficient permissions", re.I)
_CODE = re.compile(r"[A-Z][A-Z_]+(?=:)")
_RUNNING = {"QUEUED", "RUNNING"}
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0
_SLOWED_DOWN = re.compile(r"Error Code: SlowDown|Status Code: 503|reduce your request rate", re.I)
# Seconds before a query is tried again that S3 slowed down
RETRY_WAITS = (5.0, 30.0)


class QueryFailed(RuntimeError):
    """Athena did not run the query. The text has Athena's words, `refused` the call and a code.

    `retryable`: the same query may succeed later.
    """

    def __init__(self, text: str, refused: Refusal, *, retryable: bool = False) -> None:
        super().__init__(text)
        self.refused, self.retryable = refused, retryable


def rows(lake: Lake, query: str, *, database: str | None = None) -> list[dict[str, str | None]]:
    """Run a query and return its rows, as text by column. What may pass is tried again.

    Tables that the query names without a database are those of `database`.

    Raises QueryFailed, or UnusableSetting if no query can run in the workgroup.
    """
    for wait in RETRY_WAITS:
        try:
            return _rows(lake, query, database)
        except QueryFailed as failure:
            if not failure.retryable:
                raise
            log.warning("%s; again in %d s", failure, wait)
            time.sleep(wait)
    return _rows(lake, query, database)


def is_transient(reason: str) -> bool:
    """Whether a query failed because S3 slowed it down."""
    return _SLOWED_DOWN.search(reason) is not None


def _rows(lake: Lake, query: str, database: str | None) -> list[dict[str, str | None]]:
    athena = lake.account.athena()
    try:
        execution = athena.start_query_execution(
            QueryString=marked(query, lake.origin),
            QueryExecutionContext={"Database": database} if database else {},
            WorkGroup=lake.workgroup,
            ResultConfiguration={"OutputLocation": lake.query_results},
        )["QueryExecutionId"]
        _wait(athena, execution)
        pages = list(athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution))
    except AwsError as error:
        problem = None
        if error_code(error) == "InvalidRequestException":  # a wrong query or a wrong workgroup
            problem = workgroup_problem(lake.account, lake.workgroup)
        if problem:
            raise UnusableSetting([problem]) from error
        refused = refusal(error, getattr(error, "operation_name", "StartQueryExecution"))
        if _NO_BUCKET in str(error):
            raise QueryFailed(lake.absence, refused) from error
        raise QueryFailed(f"Athena refused a query: {explained(error)}", refused) from error
    columns = pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    names = [column["Name"] for column in columns]
    cells = [
        [cell.get("VarCharValue") for cell in row["Data"]]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ]
    # the first row of a SELECT's result is its header; SHOW has none
    rest = cells[1:] if cells[:1] == [names] else cells
    return [dict(zip(names, row, strict=True)) for row in rest]


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
        raise QueryFailed(
            f"Athena query {execution} {status['State'].lower()}: {reason}",
            refused_by(reason),
            retryable=bool(status.get("AthenaError", {}).get("Retryable")) or is_transient(reason),
        )


def refused_by(reason: str) -> Refusal:
    """Return a query's failure as a refused call: Athena reads the data in the caller's name."""
    if _DENIED.search(reason):
        return Refusal("GetObject", "AccessDenied")
    code = _CODE.match(reason)
    return Refusal("StartQueryExecution", code[0] if code else "QueryFailed")
