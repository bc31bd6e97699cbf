"""Results as the API pages them and as they are kept."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest

from sandbox.athena.engine import Rows

MANY = [[str(n), None, "é"] for n in range(2500)]


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 0), (0, 1), (999, 1001), (1000, 2000), (1999, 2500), (2400, 9999), (2500, 2501)],
)
def test_some_rows_of_many(start: int, end: int) -> None:
    assert Rows(MANY).between(start, end) == MANY[start:end]


def test_all_rows_come_in_their_order() -> None:
    rows = Rows(MANY[:1000])
    rows.extend(MANY[1000:])
    assert list(rows) == MANY
    assert len(rows) == 2500


def test_many_rows_take_a_part_of_the_memory_that_lists_would() -> None:
    tracemalloc.start()
    kept = [[f"row {n}", f"{n * 7}", None] for n in range(20_000)]
    as_lists = tracemalloc.get_traced_memory()[0]
    packed = Rows(kept)
    del kept
    as_rows = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(packed) == 20_000
    assert as_rows < as_lists / 5


def test_every_page_of_a_result_follows_the_one_before(lake) -> None:
    query = lake.execution("select x from unnest(sequence(1, 2500)) t(x) order by x")
    pages = lake.athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=query["QueryExecutionId"], PaginationConfig={"PageSize": 700}
    )
    values = [[r["Data"][0]["VarCharValue"] for r in p["ResultSet"]["Rows"]] for p in pages]
    assert [len(page) for page in values] == [700, 700, 700, 401]
    assert [*itertools.chain(*values)] == ["x", *map(str, range(1, 2501))]
