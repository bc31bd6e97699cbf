"""Queries of the run itself and of `make ask`. dbt and the suites have their own clients."""

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from lacuna.aws.session import AwsError, UnusableSetting, error_code, explained, refusal
from lacuna.lake.lake import Lake
from lacuna.lake.workgroup import workgroup_problem
from lacuna.refusals import Refusal
from lacuna.tables.statements import marked
from lacuna.text import visible

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

log = logging.getLogger(__name__)

Asked = TypeVar("Asked")

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


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer, with Athena's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query returns. A page of rows is read when its first row is taken."""

    columns: Sequence[Column]
    rows: Iterator[Sequence[str | None]]
    bytes_scanned: int = 0
    seconds: float = 0.0


def rows(lake: Lake, query: str, *, database: str | None = None) -> list[dict[str, str | None]]:
    """Run a query and return its rows, as text by column. What may pass is tried again.

    Tables that the query names without a database are those of `database`.

    Raises QueryFailed, or UnusableSetting if no query can run in the workgroup.
    """

    def read() -> list[dict[str, str | None]]:
        answer = _answer(lake, query, database, ())
        names = [column.name for column in answer.columns]
        return [dict(zip(names, row, strict=True)) for row in answer.rows]

    return _again(read)


def ask(
    lake: Lake, query: str, *, database: str | None = None, parameters: Sequence[str] = ()
) -> Answer:
    """Run a query whose result may be large. What may pass is tried again.

    `parameters`: SQL literals, one for each question mark. Raises as `rows`, also while rows are
    taken.
    """
    return _again(lambda: _answer(lake, query, database, parameters))


def is_transient(reason: str) -> bool:
    """Whether a query failed because S3 slowed it down."""
    return _SLOWED_DOWN.search(reason) is not None


def _again(read: Callable[[], Asked]) -> Asked:
    for wait in RETRY_WAITS:
        try:
            return read()
        except QueryFailed as failure:
            if not failure.retryable:
                raise
            log.warning("%s; again in %d s", failure, wait)
            time.sleep(wait)
    return read()


def _answer(lake: Lake, query: str, database: str | None, parameters: Sequence[str]) -> Answer:
    athena = lake.account.athena()
    # Athena refuses an empty list of parameters
    filled: Any = {"ExecutionParameters": list(parameters)} if parameters else {}
    with _explained(lake):
        execution_id = athena.start_query_execution(
            QueryString=marked(query, lake.origin),
            QueryExecutionContext={"Database": database} if database else {},
            WorkGroup=lake.workgroup,
            ResultConfiguration={"OutputLocation": lake.query_results},
            **filled,
        )["QueryExecutionId"]
        statistics = _wait(athena, execution_id).get("Statistics", {})
        pages = iter(
            athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution_id)
        )
        first = next(pages)
    columns = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    return Answer(
        [Column(column["Name"], column["Type"]) for column in columns],
        _cells(lake, [column["Name"] for column in columns], chain([first], pages)),
        statistics.get("DataScannedInBytes", 0),
        statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
    )


def _cells(
    lake: Lake, names: Sequence[str], pages: Iterator[Any]
) -> Iterator[Sequence[str | None]]:
    """Yield the rows of an answer, without the first one if it is the header."""
    is_first = True
    with _explained(lake):
        for page in pages:
            for row in page["ResultSet"]["Rows"]:
                cells = [cell.get("VarCharValue") for cell in row["Data"]]
                # a SELECT's result has a header; that of SHOW has none
                if not (is_first and cells == names):
                    yield cells
                is_first = False


@contextmanager
def _explained(lake: Lake) -> Iterator[None]:
    """Say of a call that Athena refused what is wrong: the query, or the workgroup, or the lake."""
    try:
        yield
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


def _wait(athena: "AthenaClient", execution_id: str) -> Mapping[str, Any]:
    """Return the execution when it has succeeded. Ctrl-C stops it, so that it costs no more."""
    wait = _FIRST_WAIT
    try:
        while True:
            answer = athena.get_query_execution(QueryExecutionId=execution_id)
            execution: Mapping[str, Any] = answer["QueryExecution"]
            status = execution["Status"]
            if status["State"] not in _RUNNING:
                break
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
    except KeyboardInterrupt:
        with suppress(*AwsError):
            athena.stop_query_execution(QueryExecutionId=execution_id)
        raise
    if status["State"] != "SUCCEEDED":
        reason = visible(status.get("StateChangeReason", "no reason given"))
        raise QueryFailed(
            f"Athena query {execution_id} {status['State'].lower()}: {reason}",
            refused_by(reason),
            retryable=bool(status.get("AthenaError", {}).get("Retryable")) or is_transient(reason),
        )
    return execution


def refused_by(reason: str) -> Refusal:
    """Return a query's failure as a refused call: Athena reads the data in the caller's name."""
    if _DENIED.search(reason):
        return Refusal("GetObject", "AccessDenied")
    code = _CODE.match(reason)
    return Refusal("StartQueryExecution", code[0] if code else "QueryFailed")
