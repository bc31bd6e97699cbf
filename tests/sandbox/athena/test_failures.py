"""What Athena refuses fails in its words."""

from __future__ import annotations

from typing import Any

import pytest

FAILURES = [
    ("select nope(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'nope' not registered"),
    (
        "select list_sum(array[1])",
        "FUNCTION_NOT_FOUND: line 1:8: Function 'list_sum' not registered",
    ),
    (
        "select strftime(now(), '%Y')",
        "FUNCTION_NOT_FOUND: line 1:8: Function 'strftime' not registered",
    ),
    ("select lower('a', 'b')", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters"),
    ("select lower(1)", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (integer)"),
    ("select 1 = 'a'", "TYPE_MISMATCH: line 1:1: Cannot apply operator: integer = varchar"),
    ("select 'a' || 1", "FUNCTION_NOT_FOUND: line 1:1: Unexpected parameters (varchar, integer)"),
    ("select date '2026-01-01' > '2025-01-01'", "TYPE_MISMATCH"),
    ("select 1 in ('a')", "TYPE_MISMATCH"),
    ("select coalesce(1, 'a')", "TYPE_MISMATCH"),
    ("select format('%s')", "SYNTAX_ERROR: line 1:8: The 'format' function must have"),
    (
        "select format('%d', decimal '1.5')",
        "INVALID_FUNCTION_ARGUMENT: Invalid format string: %d (IllegalFormatConversion: d != java.math.BigDecimal)",
    ),
    ("select format('%s %s', 1)", "INVALID_FUNCTION_ARGUMENT: Invalid format string: %s %s"),
    ("select format('%z', 1)", "INVALID_FUNCTION_ARGUMENT: Invalid format string: %z"),
    ("select format('100%', 1)", "INVALID_FUNCTION_ARGUMENT: Invalid format string: 100%"),
    (
        "select format_datetime(now(), 'P')",
        "INVALID_FUNCTION_ARGUMENT: Illegal pattern component: P",
    ),
    (
        "select format_datetime(now(), '')",
        "INVALID_FUNCTION_ARGUMENT: Invalid pattern specification",
    ),
    (
        "select format_datetime(timestamp '2026-01-01 00:00:00', 'Z')",
        "INVALID_FUNCTION_ARGUMENT: format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z'",
    ),
    ("select round(0, -19)", "NUMERIC_VALUE_OUT_OF_RANGE: numerical overflow: 0"),
    ("select round(9223372036854775807, -1)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("select round(cast(127 as tinyint), -1)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("select round(1, cast(1 as bigint))", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters"),
    ("select 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
    ("select 1 % 0", "DIVISION_BY_ZERO: Division by zero"),
    ("select cast('x' as integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to"),
    ("select cast('1.5' as integer)", "INVALID_CAST_ARGUMENT"),
    ("select cast('2026-13-01' as date)", "INVALID_CAST_ARGUMENT"),
    ("select cast('2026-01-01T00:00:00Z' as timestamp)", "INVALID_CAST_ARGUMENT"),
    (
        "select from_iso8601_timestamp('2026-01-01 00:00:00')",
        "INVALID_FUNCTION_ARGUMENT: Invalid format",
    ),
    ("select url_decode('%zz')", "INVALID_FUNCTION_ARGUMENT"),
    (
        "select array[1][2]",
        "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array "
        "length: 2 > 1",
    ),
    (
        "select map(array['a'], array[1])['b']",
        "INVALID_FUNCTION_ARGUMENT: Key not present in map: b",
    ),
    ("select 9223372036854775807 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("select 1::integer", "SYNTAX_ERROR: line 1:9: mismatched input '::'"),
    ("selec 1", "SYNTAX_ERROR: line 1:"),
    ("from (values 1) v(a)", "SYNTAX_ERROR: line 1:1: mismatched input 'from'"),
    ("select * exclude (a) from (values 1) v(a)", "SYNTAX_ERROR"),
    ("select a from (values 1) v(a) qualify row_number() over () = 1", "SYNTAX_ERROR"),
    ("select 'a' ilike 'A'", "SYNTAX_ERROR"),
    ("select [1, 2]", "SYNTAX_ERROR"),
    ("select {'a': 1}", "SYNTAX_ERROR"),
    ("select x from (values 1) v(a)", "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"),
    ("select a as b from (values 1) v(a) where b = 1", "COLUMN_NOT_FOUND"),
    ("select a + 1 as b, b + 1 from (values 1) v(a)", "COLUMN_NOT_FOUND"),
    ("select a as b, count(*) from (values 1) v(a) group by b", "COLUMN_NOT_FOUND"),
    ("select a, count(*) from (values 1) v(a)", "EXPRESSION_NOT_AGGREGATE"),
    ("select * from no_such_table", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog."),
    (
        "select * from no_such_db.t",
        "SCHEMA_NOT_FOUND: line 1:15: Schema 'no_such_db' does not exist",
    ),
    ("delete from t", "NOT_SUPPORTED"),
    ("select 1; select 2", "SYNTAX_ERROR"),
    ("attach 'x.db'", "SYNTAX_ERROR"),
    ("copy t to 'x'", "SYNTAX_ERROR"),
    ("select * from 'x.parquet'", "SYNTAX_ERROR"),
    ("select * from read_csv('/etc/passwd')", "FUNCTION_NOT_FOUND"),
]


@pytest.mark.parametrize(("sql", "reason"), FAILURES)
def test_what_athena_refuses_fails_in_its_words(lake: Any, sql: str, reason: str) -> None:
    assert reason in lake.reason(sql)


FAILS_THERE_TOO = [
    ("select sum(x) from (values 9223372036854775807, 1) v(x)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("select -(-9223372036854775808)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("select cast(3e9 as integer)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("select split_part('a,b', ',', 0)", "INVALID_FUNCTION_ARGUMENT: Index must be greater"),
    ("select element_at(array[1], 0)", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
    ("select regexp_extract('a', 'a', 1)", "INVALID_FUNCTION_ARGUMENT: Pattern has 0 groups"),
    ("select from_iso8601_timestamp('2026-01-02T24:00:00Z')", "INVALID_FUNCTION_ARGUMENT"),
    ("select date_trunc('hour', date '2026-01-01')", "INVALID_FUNCTION_ARGUMENT"),
    ("select 1 union all select 'a'", "TYPE_MISMATCH: line 1:1: column 1 in UNION query"),
    ("select 1 == 1", "SYNTAX_ERROR: line 1:10: mismatched input '=='"),
    ("select 1 limit 1 offset 1", "SYNTAX_ERROR: line 1:18: mismatched input 'offset'"),
    ("select (select a from (values 1, 2) v(a))", "SUBQUERY_MULTIPLE_ROWS"),
    ("select a.x from (values 1) a(x) join (values 1) b(x) using (x)", "COLUMN_NOT_FOUND"),
    ("select x from (values 1) a(x), (values 2) b(x)", "AMBIGUOUS_NAME"),
    ("select distinct x from (values 1, 2) v(x) order by -x", "EXPRESSION_NOT_IN_DISTINCT"),
    ("select 1 < 2 = true", "SYNTAX_ERROR"),
    (
        "select a, lag(a, -1) over (order by a) from (values 1) v(a)",
        "INVALID_FUNCTION_ARGUMENT: Offset must be at least 0",
    ),
    (
        "select lead(a, a - 2) over (order by a) from (values 1) v(a)",
        "INVALID_FUNCTION_ARGUMENT: Offset must be at least 0",
    ),
    (
        "select lead(a, null) over (order by a) from (values 1) v(a)",
        "INVALID_FUNCTION_ARGUMENT: Offset must not be null",
    ),
    ("select a as b from (values 1) v(a) group by a having b > 0", "COLUMN_NOT_FOUND"),
    ("select a as b from (values 1) v(a) having b > 0", "COLUMN_NOT_FOUND"),
    ("select _col0 from (select 1)", "COLUMN_NOT_FOUND"),
    ("select a from (select 1 as a, 2 as a)", "AMBIGUOUS_NAME"),
    ("select *", "COLUMN_NOT_FOUND"),
    ("select 1 limit 1 union select 2", "SYNTAX_ERROR: line 1:18: mismatched input 'union'"),
    ("select 1 order by 1 except select 2", "SYNTAX_ERROR: line 1:21: mismatched input 'except'"),
    ("select x from (select 1 as x limit 1 union select 2)", "SYNTAX_ERROR"),
    ("select 1 limit 1 order by 1", "SYNTAX_ERROR: line 1:18: mismatched input"),
    ("select * from other.db.t", "CATALOG_NOT_FOUND"),
    # what DuckDB or sqlglot would let through
    ("select abs(-2147483648)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("select 9223372036854775808", "SYNTAX_ERROR: line 1:1: Invalid numeric literal"),
    ("select 1 from (values 1) a(x) join (values 1) b(y)", "SYNTAX_ERROR"),
    ("select 1 from (values 1) a(x) cross join (values 1) b(y) on true", "SYNTAX_ERROR"),
    (
        "select 1 from (values 1) a(x), (values 1) b(y) join (values 1) c(z) on x = z",
        "COLUMN_NOT_FOUND",
    ),
    ("select 1,", "SYNTAX_ERROR"),
    ("select array[1,]", "SYNTAX_ERROR"),
    ("select X'0'", "SYNTAX_ERROR"),
    ("select !true", "SYNTAX_ERROR: line 1:8: mismatched input '!'"),
    ("select 1 in ()", "SYNTAX_ERROR"),
    ("select x not null from (values 1) v(x)", "SYNTAX_ERROR: line 1:14: mismatched input 'null'"),
    ("select 1 <=> 1", "SYNTAX_ERROR"),
    ("select x from (values 1) v(x) limit 1, 1", "SYNTAX_ERROR: line 1:38: mismatched input ','"),
    ("select 1 union (with a as (select 2) select * from a)", "SYNTAX_ERROR"),
    ("with a as materialized (select 1 as x) select x from a", "SYNTAX_ERROR"),
    ("select , 1", "SYNTAX_ERROR: line 1:8: mismatched input ','"),
    ("select 1 as order", "SYNTAX_ERROR"),
    ("select cast(1 as string)", "TYPE_MISMATCH: line 1:1: Unknown type: string"),
    ("select cast(array[1] as array(text))", "TYPE_MISMATCH: line 1:1: Unknown type: text"),
    ("select listagg(a, ',') from (values 'a') v(a)", "SYNTAX_ERROR"),
    (
        "select extract(hour from date '2026-01-01')",
        "TYPE_MISMATCH: line 1:1: Cannot extract HOUR from date",
    ),
    (
        "select sequence(1, 10001)",
        "INVALID_FUNCTION_ARGUMENT: result of sequence function must not",
    ),
    (
        "select approx_percentile(a, 1.5) from (values 1) v(a)",
        "INVALID_FUNCTION_ARGUMENT: Percentile must be between",
    ),
    ("select a, count(*) from (values 1) v(a) group by rollup (1)", "INVALID_COLUMN_REFERENCE"),
    (
        "select rank() over (order by a rows 1 preceding) from (values 1) v(a)",
        "INVALID_WINDOW_FRAME",
    ),
    ("select lag(a) over () from (values 1) v(a)", "MISSING_ORDER_BY"),
    ("select sum(a) from (values 1) v(a) where sum(a) > 0", "EXPRESSION_NOT_SCALAR"),
    ("select x.y from (values 1) v(x)", "TYPE_MISMATCH: line 1:10: Expression is not of type ROW"),
    ("select max(row_number() over ()) from (values 1) v(x)", "NESTED_WINDOW"),
    ("select sum(sum(a)) from (values 1) v(a)", "NESTED_AGGREGATION"),
    ("with a as (select 1 as x), a as (select 2 as x) select x from a", "DUPLICATE_NAMED_QUERY"),
    (
        "select y from (select array[1] as l) left join unnest(l) u(y) on y > 5",
        "NOT_SUPPORTED: line 1:1: LEFT JOIN involving UNNEST",
    ),
    # text is no name
    ("select 1 as 'x'", "SYNTAX_ERROR: line 1:13: mismatched input ''x''"),
    ("select 1 'x'", "SYNTAX_ERROR: line 1:10: mismatched input ''x''"),
    ("select a from (values 1) 'x'", "SYNTAX_ERROR"),
    ("select a from (values 1) as x('a')", "SYNTAX_ERROR"),
    ("with 'x' as (select 1 as a) select a from x", "SYNTAX_ERROR"),
    ("select 1 from (values 1) t(a) join (values 1) u(a) using ('a')", "SYNTAX_ERROR"),
    # a column that others have besides those of USING
    (
        "select a from (values 1) t(a) join (values 1) u(a) using (a) cross join (values 2) w(a)",
        "AMBIGUOUS_NAME: line 1:8: Column 'a' is ambiguous",
    ),
    (
        "select w.a from (values 1) t(a) cross join (values 1) u(a) join (values 1) w(a) using (a)",
        "AMBIGUOUS_NAME",
    ),
    ("select b from (values (1, 1)) t(a, b) join (values 1) u(a) using (b)", "COLUMN_NOT_FOUND"),
    ("select t.a from (values 1) t(a) join (values 1) u(a) using (a)", "COLUMN_NOT_FOUND"),
    (
        "select sequence(date '1990-01-01', date '2026-01-01')",
        "INVALID_FUNCTION_ARGUMENT: result of sequence function must not",
    ),
    # a literal is another thing than a cast
    ("select date '2026-02-30'", "INVALID_LITERAL: line 1:1: '2026-02-30' is not a valid DATE"),
    ("select bigint 'x'", "INVALID_LITERAL"),
    ("select interval 1 day", "SYNTAX_ERROR"),
    ("select substring('abc' for 2)", "SYNTAX_ERROR"),
    ("select position('a', 'abc')", "FUNCTION_NOT_FOUND"),
    ("select greatest(1, 'a')", "FUNCTION_NOT_FOUND"),
    ("select coalesce(1)", "SYNTAX_ERROR"),
    ("select datediff(day, 1, 2)", "COLUMN_NOT_FOUND: line 1:17: Column 'day'"),
    ("select lag(x) from (values 1) t(x)", "MISSING_OVER"),
    ("select grouping(x) from (values 1) t(x)", "MISSING_GROUP_BY"),
    ("select transform(array[1], (x, y) -> x)", "INVALID_PARAMETER_USAGE"),
    (
        "select transform(x, y -> y + max(z)) from (values (array[1], 2)) t(x, z) group by x",
        "EXPRESSION_NOT_SCALAR",
    ),
    ("create table no_such_db.t as select 1 as a", "NOT_FOUND: Schema no_such_db not found"),
    (
        "create table some_t as select timestamp '2026-01-01 00:00:00' as t",
        "NOT_SUPPORTED: Incorrect timestamp precision for timestamp(0)",
    ),
    ("create table some_t as select row(1) as r", "NOT_SUPPORTED: Anonymous row type"),
    (
        "create table some_t with (partitioned_by = array['a']) as select 1 as a",
        "INVALID_TABLE_PROPERTY: Table contains only partition columns",
    ),
    ("create view some_v (a) as select 1", "SYNTAX_ERROR"),
    ("create view if not exists some_v as select 1 as a", "SYNTAX_ERROR"),
    ("insert overwrite some_t select 1", "SYNTAX_ERROR: line 1:8: mismatched input 'overwrite'"),
    ("show session", "NOT_SUPPORTED"),
]


@pytest.mark.parametrize(("sql", "reason"), FAILS_THERE_TOO)
def test_what_trino_refuses_is_no_value_here(lake: Any, sql: str, reason: str) -> None:
    assert lake.reason(sql).startswith(reason)
