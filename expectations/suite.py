"""The checks of a mart as suites of Great Expectations: how many rows each finds, and which.

On Athena a statement takes a second or more, and on most days most checks find nothing. So one
statement counts for all checks of a suite, and only what it cannot clear is asked for rows.
"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.query_metrics import QueryTable

if TYPE_CHECKING:
    from great_expectations.execution_engine import ExecutionEngine

    from expectations.shared import Check

# A check result names this many findings; the others are counted.
MOST_ROWS = 20

# A statement of Athena's has at most 262,144 bytes, with what replaces {batch} in it; and at most
# 150 stages on Trino, of which each check says how many it takes.
MOST_BYTES, MOST_STAGES = 200_000, 125


class Counts(QueryTable):
    """How many rows each of several checks finds. Great Expectations asks once for all of them."""

    metric_name = "counts_query.table"
    value_keys = ("counts_query",)
    query_param_name: ClassVar[str] = "counts_query"


class ExpectNoFindings(BatchExpectation):
    """A check finds nothing, by its own number in the counts of its suite."""

    counts_query: str

    metric_dependencies: ClassVar[tuple[str, ...]] = (Counts.metric_name,)
    success_keys: ClassVar[tuple[str, ...]] = ("counts_query",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "row_condition", "condition_parser")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> dict[str, Any]:
        numbers = {row["code"]: row["findings"] for row in metrics[Counts.metric_name]}
        number = numbers[self.meta["code"]] if self.meta else None
        return {"success": number == 0, "result": {"observed_value": number}}


class ExpectNoRows(gxe.UnexpectedRowsExpectation):
    """The expectation of Great Expectations with one statement instead of two.

    Its own asks for the rows, up to 200 of them, and once more for their number. Here each row
    carries the number of all, as `findings`.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.table"]
        return {
            "success": not rows,
            "result": {
                "observed_value": rows[0]["findings"] if rows else 0,
                "details": {"unexpected_rows": rows},
            },
        }


def counting(mart: str, checks: Iterable[Check]) -> gx.ExpectationSuite:
    """Return a suite that counts what the checks find; `code` in a meta is that of its check."""
    expectations = []
    for part in _parts(checks):
        counts = "\nunion all\n".join(map(_count, part))
        # once, also if the mart is a view of many joins
        query = f"with batch as (select * from {{batch}})\n{counts}"
        expectations += [
            ExpectNoFindings(counts_query=query, **_described(check)) for check in part
        ]
    return gx.ExpectationSuite(name=mart, expectations=expectations)


def naming(mart: str, checks: Iterable[Check]) -> gx.ExpectationSuite:
    """Return a suite that names what the checks find, with a statement for each."""
    expectations = [
        ExpectNoRows(unexpected_rows_query=_rows(check), **_described(check)) for check in checks
    ]
    return gx.ExpectationSuite(name=mart, expectations=expectations)


def _parts(checks: Iterable[Check]) -> Iterator[list[Check]]:
    """Yield the checks in parts that one statement may hold."""
    part: list[Check] = []
    size = stages = 0
    for check in checks:
        more = len(check.query.encode())
        if part and (size + more > MOST_BYTES or stages + check.stages > MOST_STAGES):
            yield part
            part, size, stages = [], 0, 0
        part.append(check)
        size += more
        stages += check.stages
    if part:
        yield part


def _described(check: Check) -> dict[str, Any]:
    return {
        "severity": check.severity,
        "notes": f"{check.question} {check.meaning}",
        "meta": {"code": check.code},
    }


def _count(check: Check) -> str:
    query = check.query.replace("{batch}", "batch")
    return f"select '{check.code}' as code, count(*) as findings from ({query}) as found"


def _rows(check: Check) -> str:
    # Great Expectations prints a warning for a query without a batch; some read the evidence only
    beside = "" if "{batch}" in check.query else "/* beside {batch} */"
    return (
        f"select found.*, count(*) over () as findings from ({check.query}) as found {beside} "
        f"order by 1, 2 limit {MOST_ROWS}"
    )
