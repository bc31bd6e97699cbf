"""Expressions give what Athena gives, or fail in its words."""

from __future__ import annotations

from typing import Any

import pytest

VALUES = [
    # text
    ("substr('abc', 2)", "bc"),
    ("substr('abc', 0, 2)", ""),
    ("substr('abc', -2, 2)", "bc"),
    ("substring('abc' from 2 for 1)", "b"),
    ("length('é')", "1"),
    ("length(to_utf8('é'))", "2"),
    ("strpos('abc', 'z')", "0"),
    ("position('b' in 'abc')", "2"),
    ("split_part('a,b', ',', 2)", "b"),
    ("split_part('a,b', ',', 3)", None),
    ("split('a,b', ',')", "[a, b]"),
    ("concat('a', 'b', 'c')", "abc"),
    ("concat('a', null)", None),
    ("'a' || null", None),
    ("lpad('1', 3, '0')", "001"),
    ("replace('aXb', 'X')", "ab"),
    ("reverse('abc')", "cba"),
    ("trim('  a ')", "a"),
    ("ltrim(' a')", "a"),
    ("trim(both 'x' from 'xax')", "a"),
    ("lower('Ä')", "ä"),
    ("starts_with('abc', 'ab')", "true"),
    ("translate('abc', 'a', 'z')", "zbc"),
    ("chr(65)", "A"),
    # regular expressions
    ("regexp_like('abc', 'b.')", "true"),
    ("regexp_extract('abc', '(b)(c)', 2)", "c"),
    ("regexp_extract('abc', 'z')", None),
    ("regexp_replace('aXbX', 'X', '-')", "a-b-"),
    ("regexp_replace('ab', '(a)(b)', '$2$1')", "ba"),
    ("regexp_extract_all('a1b2', '\\d')", "[1, 2]"),
    ("regexp_count('aXbX', 'X')", "2"),
    ("regexp_split('a1b2c', '\\d')", "[a, b, c]"),
    # URLs, bytes
    ("url_decode('a%20b+c')", "a b c"),
    ("url_encode('a b/c~*')", "a+b%2Fc%7E*"),
    ("url_extract_host('https://h.x:80/p?q=1#f')", "h.x"),
    ("url_extract_path('https://h.x/p/q?x')", "/p/q"),
    ("url_extract_parameter('http://h/?a=1&b=2', 'b')", "2"),
    ("to_hex(to_utf8('az'))", "617A"),
    (
        "to_hex(sha256(to_utf8('a')))",
        "CA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB",
    ),
    ("to_base64(to_utf8('a'))", "YQ=="),
    ("from_utf8(from_base64('YQ=='))", "a"),
    ("to_utf8('a')", "61"),
    # numbers
    ("7 / 2", "3"),
    ("-7 / 2", "-3"),
    ("7e0 / 2", "3.5"),
    ("1e0 / 0", "Infinity"),
    ("1e0 / cast(null as double)", None),
    ("0e0 / 0e0", "NaN"),
    ("-7 % 3", "-1"),
    ("mod(7, 3)", "1"),
    ("round(2.5e0)", "3.0"),
    ("round(-2.5e0)", "-3.0"),
    ("floor(-1.5e0)", "-2.0"),
    ("ceil(2)", "2"),
    ("1e10", "1.0E10"),
    ("0.1e0 + 0.2e0", "0.30000000000000004"),
    ("1.5 + 1", "2.5"),
    ("cast(2.5e0 as bigint)", "3"),
    ("greatest(1, null)", None),
    ("least(2, 1)", "1"),
    ("power(2, 3)", "8.0"),
    ("cast('12' as bigint)", "12"),
    ("try_cast('x' as bigint)", None),
    ("try_cast(' 1' as bigint)", None),
    ("try(1 / 0)", None),
    ("abs(-1)", "1"),
    # conditions
    ("if(true, 1, 2)", "1"),
    ("if(false, 1)", None),
    ("coalesce(null, 2)", "2"),
    ("nullif(1, 1)", None),
    ("case when false then 1 end", None),
    ("1 is distinct from null", "true"),
    ("null = 1", None),
    ("1 in (1, null)", "true"),
    ("2 in (1, null)", None),
    ("'abc' like 'a%'", "true"),
    # time
    ("date '2026-01-31' + interval '1' month", "2026-02-28"),
    ("date_add('day', 1, date '2026-01-01')", "2026-01-02"),
    ("date_diff('day', date '2026-01-01', date '2026-01-03')", "2"),
    ("date_diff('hour', timestamp '2026-01-01 00:59:00', timestamp '2026-01-01 01:01:00')", "0"),
    ("date_trunc('month', date '2026-01-15')", "2026-01-01"),
    ("date_trunc('hour', timestamp '2026-01-01 05:06:07')", "2026-01-01 05:00:00.000"),
    ("from_iso8601_timestamp('2026-01-01T00:00:00Z')", "2026-01-01 00:00:00.000 UTC"),
    ("from_iso8601_timestamp('2026-01-01T02:00:00.5+02:00')", "2026-01-01 00:00:00.500 UTC"),
    (
        "cast(from_iso8601_timestamp('2026-01-01T01:02:03Z') as timestamp)",
        "2026-01-01 01:02:03.000",
    ),
    ("cast(timestamp '2026-01-01 01:02:03' as date)", "2026-01-01"),
    (
        "parse_datetime('06/Feb/2026:00:00:38 +0000', 'dd/MMM/yyyy:HH:mm:ss Z')",
        "2026-02-06 00:00:38.000 UTC",
    ),
    ("date_parse('2026/01/02 03:04', '%Y/%m/%d %H:%i')", "2026-01-02 03:04:00.000"),
    ("date_format(timestamp '2026-01-02 03:04:05', '%Y%m%d%H%i%s')", "20260102030405"),
    ("format_datetime(timestamp '2026-01-02 03:04:05', 'yyyy-MM-dd''T''HH')", "2026-01-02T03"),
    ("hour(timestamp '2026-01-01 05:00:00')", "5"),
    ("extract(year from date '2026-01-01')", "2026"),
    ("day_of_week(date '2026-01-04')", "7"),
    ("day(date '2026-01-04')", "4"),
    ("to_unixtime(timestamp '1970-01-01 00:00:01.500')", "1.5"),
    ("from_unixtime(1.5e0)", "1970-01-01 00:00:01.500 UTC"),
    ("timestamp '2026-01-02 00:00:00' - timestamp '2026-01-01 00:00:01'", "0 23:59:59.000"),
    ("date '2026-01-02' - date '2026-01-01'", "1 00:00:00.000"),
    (
        "from_iso8601_timestamp('2026-01-01T00:00:00Z') at time zone 'UTC'",
        "2026-01-01 00:00:00.000 UTC",
    ),
    ("cast(date '2026-01-01' as varchar)", "2026-01-01"),
    ("cast(timestamp '2026-01-01 00:00:00' as varchar)", "2026-01-01 00:00:00.000"),
    ("to_iso8601(date '2026-01-01')", "2026-01-01"),
    ("timestamp '2026-01-01 00:00:00' < timestamp '2026-01-01 00:00:00.001'", "true"),
    ("last_day_of_month(date '2026-02-03')", "2026-02-28"),
    # JSON
    ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a.b')", "1"),
    ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a')", None),
    ("json_extract_scalar('nope', '$.a')", None),
    ('json_extract_scalar(\'{"x-amz-id-2": "v"}\', \'$["x-amz-id-2"]\')', "v"),
    ("json_extract_scalar('{\"a\": null}', '$.a')", None),
    ("json_extract_scalar('{\"a\": true}', '$.a')", "true"),
    ("json_extract_scalar('{\"a\": [1, 2]}', '$.a[1]')", "2"),
    ('cast(json_extract(\'{"a": ["x", "y"]}\', \'$.a\') as array(varchar))', "[x, y]"),
    ("json_array_length('[1, 2]')", "2"),
    ("json_format(json_parse('{\"a\": 1}'))", '{"a":1}'),
    ("cast(json_parse('\"x\"') as varchar)", "x"),
    ("cast(cast(map(array['a'], array[1]) as json) as map(varchar, bigint))", "{a=1}"),
    # arrays, maps, rows
    ("array[1, null]", "[1, null]"),
    ("array[1, 2][2]", "2"),
    ("element_at(array[1, 2], -1)", "2"),
    ("element_at(array[1], 5)", None),
    ("cardinality(array[1, 2])", "2"),
    ("element_at(map(array['a'], array[1]), 'z')", None),
    ("map(array['a'], array[1])['a']", "1"),
    ("cardinality(map(array['a'], array[1]))", "1"),
    ("contains(array[1, null], 2)", None),
    ("contains(array[1], 2)", "false"),
    ("array_distinct(array[2, 1, 2, null, null])", "[2, 1, null]"),
    ("array_sort(array[2, null, 1])", "[1, 2, null]"),
    ("array_join(array['a', null, 'b'], '-')", "a-b"),
    ("array_join(array['a', null], '-', '?')", "a-?"),
    ("array_max(array[1, null])", None),
    ("array_max(array[1, 3])", "3"),
    ("filter(array[1, 2, 3], x -> x > 1)", "[2, 3]"),
    ("transform(array[1, 2], x -> x * 2)", "[2, 4]"),
    ("any_match(array[1, 2], x -> x > 1)", "true"),
    ("any_match(array[1, null], x -> x > 1)", None),
    ("all_match(array[1, 2], x -> x > 1)", "false"),
    ("none_match(array[1, 2], x -> x > 2)", "true"),
    ("slice(array[1, 2, 3], 2, 2)", "[2, 3]"),
    ("array[1] || array[2]", "[1, 2]"),
    ("sequence(1, 3)", "[1, 2, 3]"),
    ("sequence(date '2026-01-01', date '2026-01-02')", "[2026-01-01, 2026-01-02]"),
    ("cast(row(1, 'a') as row(x integer, y varchar))", "{x=1, y=a}"),
    ("cast(row(1, 'a') as row(x integer, y varchar)).y", "a"),
    ("array_position(array[1, 2], 3)", "0"),
    ("flatten(array[array[1], array[2]])", "[1, 2]"),
    ("map_keys(map(array['a'], array[1]))", "[a]"),
    ("arrays_overlap(array[1], array[1, 2])", "true"),
    ("cast(1 as varchar)", "1"),
    ("cast('abc' as varchar(2))", "ab"),
    ("cast(1.25 as decimal(10, 1))", "1.3"),
    ("true and null", None),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_an_expression_has_athenas_value(lake: Any, expression: str, expected: str | None) -> None:
    assert lake.value(expression) == expected


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
    ("select lower(1)", "TYPE_MISMATCH"),
    ("select 1 = 'a'", "TYPE_MISMATCH: line 1:1: Cannot apply operator: integer = varchar"),
    ("select 'a' || 1", "TYPE_MISMATCH"),
    ("select date '2026-01-01' > '2025-01-01'", "TYPE_MISMATCH"),
    ("select 1 in ('a')", "TYPE_MISMATCH"),
    ("select coalesce(1, 'a')", "TYPE_MISMATCH"),
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
    ("select parse_datetime('x', 'yyyy')", "INVALID_FUNCTION_ARGUMENT: Invalid format"),
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
    ("select 1.0 / 3", "NOT_SUPPORTED"),
    ("select regexp_like('a', '(?=a)')", "NOT_SUPPORTED"),
    ("select cast(1.5e0 as varchar)", "NOT_SUPPORTED"),
    ("select now() at time zone 'Europe/Berlin'", "NOT_SUPPORTED"),
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


QUERIES = [
    (
        "select a, count(*) n, sum(b) s from (values ('x', 1), ('x', 2), ('y', null)) v(a, b) "
        "group by a order by a",
        [["x", "2", "3"], ["y", "1", None]],
    ),
    (
        "select count(distinct a), count_if(a > 1), bool_or(a > 1), arbitrary(1), "
        "approx_distinct(a) from (values 1, 2, 2) v(a)",
        [["2", "2", "true", "1", "2"]],
    ),
    (
        "select max_by(a, b), min_by(a, b), array_agg(a order by b desc) from (values (1, 1), "
        "(null, 2)) v(a, b)",
        [[None, "1", "[null, 1]"]],
    ),
    (
        "select approx_percentile(a, 0.5), approx_percentile(a, array[0.5, 0.9]) from (values "
        "1, 2, 3) v(a)",
        [["2", "[2, 3]"]],
    ),
    ("select sum(a) filter (where a > 1), avg(a) from (values 1, 2, 3) v(a)", [["5", "2.0"]]),
    (
        "select a, row_number() over (partition by a > 1 order by a) n, lag(a) over (order by "
        "a) l from (values 1, 2, 3) v(a) order by a",
        [["1", "1", None], ["2", "1", "1"], ["3", "2", "2"]],
    ),
    (
        "select a, b, count(*), grouping(a, b) from (values (1, 2)) v(a, b) group by grouping "
        "sets ((a, b), (a), ()) order by 4",
        [["1", "2", "1", "0"], ["1", None, "1", "1"], [None, None, "1", "3"]],
    ),
    (
        "select x, n from (values (array['a', 'b'])) v(l) cross join unnest(l) with ordinality "
        "as u(x, n) order by n",
        [["a", "1"], ["b", "2"]],
    ),
    (
        "select k, w from (values (map(array['a'], array[1]))) v(m) cross join unnest(m) as "
        "u(k, w)",
        [["a", "1"]],
    ),
    (
        "select x, y from unnest(array[1, 2], array['a']) as u(x, y) order by x",
        [["1", "a"], ["2", None]],
    ),
    (
        "select u.p, u.q from (values (array[cast(row(1, 'a') as row(p integer, q varchar))])) "
        "v(l) cross join unnest(l) as u(p, q)",
        [["1", "a"]],
    ),
    (
        "select i, x from (values (1, array[1]), (2, cast(null as array(integer)))) v(i, l) "
        "left join unnest(l) as u(x) on true order by i",
        [["1", "1"], ["2", None]],
    ),
    (
        "with a as (select 1 as x), b as (select x + 1 as x from a) select a.x, b.x from a "
        "cross join b",
        [["1", "2"]],
    ),
    ("select 1 union all select 2 except select 1", [["2"]]),
    ("select a from (values 2, null, 1) v(a) order by a", [["1"], ["2"], [None]]),
    ("select a from (values 2, null, 1) v(a) order by a desc nulls first limit 2", [[None], ["2"]]),
    (
        "select a from (values 1, 2, 3) v(a) where a in (select b from (values 2) w(b)) and "
        "exists (select 1)",
        [["2"]],
    ),
    ("select a from (values 1, 2) v(a) offset 1 limit 5", [["2"]]),
    ("values (1, 'a')", [["1", "a"]]),
    (
        "select map_agg(k, v), listagg(k, ',') within group (order by k desc) from (values "
        "('a', 1), ('b', 2)) t(k, v)",
        [["{a=1, b=2}", "b,a"]],
    ),
]


@pytest.mark.parametrize(("sql", "rows"), QUERIES)
def test_a_query_has_athenas_rows(lake: Any, sql: str, rows: list[list[str | None]]) -> None:
    assert lake.rows(sql) == rows
