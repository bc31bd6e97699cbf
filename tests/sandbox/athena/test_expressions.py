"""Expressions are collected from statements with the types of their operands."""

from __future__ import annotations

import pytest

from sandbox.athena.types import BIGINT, DOUBLE, INTEGER, TIMESTAMP, VARCHAR, Type, array
from tests.sandbox.athena import expressions, literals
from tests.sandbox.athena.expressions import Run, Shape, collect

LOG = {"line": VARCHAR, "size": BIGINT, "at": TIMESTAMP, "tags": array(VARCHAR)}


def known(database: str, name: str) -> dict[str, Type] | None:
    return {("raw", "log"): LOG}.get((database, name))


def shapes(*statements: str) -> set[str]:
    return set(map(str, collect([Run(sql, "raw") for sql in statements], known)))


def test_calls_keep_their_literals_and_are_tried_without_them_where_they_may() -> None:
    assert shapes("select regexp_extract(substr(line, 3, 1), '(a)(b)', 2) from log") == {
        "REGEXP_EXTRACT(a0, '(a)(b)', 2)  [a0 varchar]",
        "SUBSTR(a0, 3, 1)  [a0 varchar]",
        "SUBSTR(a0, a1, a2)  [a0 varchar, a1 integer, a2 integer]",
    }


def test_operators_and_comparisons_are_their_operands_types() -> None:
    assert shapes("select (size + 1) / 2e0, tags[1] from log where line in ('a', 'b', 'c')") == {
        "a0 + a1  [a0 bigint, a1 integer]",
        "a0 / a1  [a0 bigint, a1 double]",
        "a0[a1]  [a0 array(varchar), a1 integer]",
        "a0 IN (a1, a2)  [a0 varchar, a1 varchar, a2 varchar]",
    }


def test_casts_conditions_and_lambdas() -> None:
    assert shapes(
        "select cast(line as bigint), at - interval '1' day, filter(tags, x -> x like 'a%') from log",
        "select case when line = 'a' then 1 when line = 'b' then 2 else size end from log",
    ) == {
        "CAST(a0 AS BIGINT)  [a0 varchar]",
        "a0 - INTERVAL '1' DAY  [a0 timestamp(3)]",
        "FILTER(a0, x -> x LIKE 'a%')  [a0 array(varchar)]",
        "a0 LIKE 'a%'  [a0 varchar]",
        "a0 LIKE a1  [a0 varchar, a1 varchar]",
        "a0 = a1  [a0 varchar, a1 varchar]",
        "CASE WHEN a0 THEN a1 ELSE a2 END  [a0 boolean, a1 integer, a2 bigint]",
    }


def test_a_lambda_in_a_lambda_reads_the_outer_name_as_an_operand() -> None:
    assert shapes(
        "select any_match(tags, x -> any_match(tags, y -> y > x and y <> line)) from log"
    ) == {
        "ANY_MATCH(a0, x -> ANY_MATCH(a1, y -> y > x AND y <> a2))  "
        "[a0 array(varchar), a1 array(varchar), a2 varchar]",
        "ANY_MATCH(a0, y -> y > a2 AND y <> a1)  [a0 array(varchar), a1 varchar, a2 varchar]",
        "a0 > a1  [a0 varchar, a1 varchar]",
        "a0 <> a1  [a0 varchar, a1 varchar]",
        "a0 AND a1  [a0 boolean, a1 boolean]",
    }


def test_aggregates_windows_keys_and_order() -> None:
    assert shapes(
        "select line, count(*) filter (where size > 0) as n, array_agg(size) from log "
        "group by line order by line desc",
        "select lag(size, 1) over (partition by line order by at) from log",
    ) == {
        "COUNT(*) FILTER(WHERE a0)  [a0 boolean]",
        "a0 > a1  [a0 bigint, a1 integer]",
        "array_sort(ARRAY_AGG(a0))  [a0 bigint]",
        "count(*) over (partition by a0)  [a0 varchar]",
        "row_number() over (order by a0 DESC, i)  [a0 varchar]",
        "LAG(a0, 1) OVER (PARTITION BY a1 ORDER BY a2, i)  "
        "[a0 bigint, a1 varchar, a2 timestamp(3)]",
        "LAG(a0, a1) OVER (PARTITION BY a2 ORDER BY a3, i)  "
        "[a0 bigint, a1 integer, a2 varchar, a3 timestamp(3)]",
    }


def test_a_table_that_a_statement_made_is_known_to_the_next() -> None:
    assert shapes(
        "create table tmp as select size * 1e0 as x from log",
        "insert into log select abs(x) from tmp",
    ) == {"a0 * a1  [a0 bigint, a1 double]", "ABS(a0)  [a0 double]"}
    with pytest.raises(expressions.Gone, match=r"raw\.gone"):
        shapes("select abs(x) from gone")
    skipped: list[str] = []
    assert collect([Run("select abs(x) from gone", "raw")], known, skipped) == {}
    assert skipped == ["raw.gone"]


def test_every_type_has_values_that_fit_together() -> None:
    shape = Shape("a0 || a1", (VARCHAR, VARCHAR))
    rows = expressions.rows(shape)
    assert ("''", "'🦊'") in rows
    assert {first for first, _ in rows} == set(literals.values(VARCHAR))
    assert len(expressions.rows(Shape("f(a0, a1, a2, a3)", (DOUBLE, INTEGER) * 2))) < 1000
    assert expressions.rows(Shape("1 + 1", ())) == [()]
