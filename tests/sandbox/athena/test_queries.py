"""Queries give Athena's rows."""

from __future__ import annotations

from typing import Any

import pytest

QUERIES = [
    ("with t as (select 1 as a) select distinct t.a from ((t)) order by a", [["1"]]),
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
    ("select approx_percentile(a, 0.5) from (values 1, 2, 3, 4) v(a)", [["3"]]),
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
    # a name means a column of FROM, in ORDER BY one of the result first
    ("select -a as a from (values 1, 2) v(a) where a > 1", [["-2"]]),
    ("select -a as a from (values 1, 2) v(a) group by a having a > 1", [["-2"]]),
    ("select -a as a from (values 1, 2) v(a) order by a", [["-2"], ["-1"]]),
    ("select -a as a from (values 1, 2) v(a) order by v.a", [["-1"], ["-2"]]),
    (
        "select a % 2 as b, sum(b) from (values (1, 5), (2, 6)) v(a, b) group by b, a order by 2",
        [["1", "5"], ["0", "6"]],
    ),
    ("select count(*) from (select 1 as a, 2 as a)", [["1"]]),
    ("select * from (select 1, 2, 3 as x) cross join (values 4)", [["1", "2", "3", "4"]]),
    (
        "select (select max(b.x) from (values 1, 2, 3) b(x) where b.x < a.x) from (values 2, 3) a(x)",
        [["1"], ["2"]],
    ),
    ("select x from (values 1) t(x), (select 2 as y from (values 3) t(z)) u", [["1"]]),
    ("(select 1 limit 1) union all (select 2 order by 1) order by 1 limit 5", [["1"], ["2"]]),
    (
        "select a as b, count(*) from (values 1, 2) v(a) group by a order by sum(a) desc",
        [["2", "1"], ["1", "1"]],
    ),
    (
        "select cast(row(1) as row(x integer)).x as y, date '2026-01-01' + interval '24' hour",
        [["1", "2026-01-02"]],
    ),
    (
        "select k, n from unnest(map(array['a'], array[1])) with ordinality as u(k, v, n)",
        [["a", "1"]],
    ),
    (
        "select substr('ab', 2, cast(null as bigint)), substr('ab', 9223372036854775807), round(-0e0)",
        [[None, "", "0.0"]],
    ),
    ("select case (select 2) when 1 then 'x' when 2 then 'y' end", [["y"]]),
    ("select 'a' is distinct from 'b'", [["true"]]),
    (
        "select case v.a when 1 then 'x' when 2 then 'y' else v.b end from (values (1, 'z'), (2, 'z'), "
        "(3, 'z')) v(a, b) order by a",
        [["x"], ["y"], ["z"]],
    ),
    (
        "select a, lead(a, a, 7) over (order by a), lag(a, 0) over (order by a) "
        "from (values 1, 2) v(a) order by a",
        [["1", "2", "1"], ["2", "7", "2"]],
    ),
    (
        "select listagg(k, ',') within group (order by k desc) from (values 'a', 'b') t(k)",
        [["b,a"]],
    ),
    # columns without a name, beside one that is called as the engine might call them
    ('select "?0" from (select 1, 2 as "?0")', [["2"]]),
    ('select q."?0" + 1 from (select 10, 20 as "?0") as q', [["21"]]),
    ('with c as (select 1, 2 as "?0") select "?0" from c', [["2"]]),
    ('select "a?1" from (select 5 as "a?1", 2 as a, 3 as a)', [["5"]]),
    # USING
    (
        "select w.a from (values 1) t(a) join (values 1) u(a) using (a) cross join (values 2) w(a)",
        [["2"]],
    ),
    (
        "select a from (values 1) t(a) join (values 1) u(a) using (a) join (values 1) w(a) "
        "using (a)",
        [["1"]],
    ),
]


@pytest.mark.parametrize(("sql", "rows"), QUERIES)
def test_a_query_has_athenas_rows(lake: Any, sql: str, rows: list[list[str | None]]) -> None:
    assert lake.rows(sql) == rows


def test_a_query_named_like_the_table_it_reads_reads_the_table(lake: Any) -> None:
    lake.rows("create table named as select 1 as x union all select 2")
    outer = "with named as (select x + 10 as x from named) select x from named order by x"
    assert lake.rows(outer) == [["11"], ["12"]]
    inner = (
        "with a as (select 5 as x), named as (select x from named, (select max(x) as m from a)) "
        "select count(*) from (with named as (select * from named) select x from named)"
    )
    assert lake.rows(inner) == [["2"]]
