"""Which objects a query reads: partitions, pruning, hidden columns, manifests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.athena.tables import SYMLINKS, add_partitions, line_table


@pytest.fixture(scope="module")
def days(lake: Any) -> str:
    """A table of three partitions, two objects of ten bytes in each."""
    name, prefix = line_table(lake, "day")
    dates = ("2026-01-01", "2026-01-02", "2026-01-03")
    for day in dates:
        for part in "ab":
            lake.put(f"{prefix}day={day}/{part}", "123456789\n")
    add_partitions(lake, name, "day", *dates)
    return name


@pytest.mark.parametrize(
    ("where", "objects"),
    [
        ("true", 6),
        ("day = '2026-01-02'", 2),
        ("day between '2026-01-02' and '2026-01-03'", 4),
        ("substr(day, 9) between '02' and '03' and line like '1%'", 4),
        ("substr(line, 1, 1) between '1' and '3'", 6),
        ("cast(day as date) >= date '2026-01-03'", 2),
        ("day in ('2026-01-01', '2026-01-03') and line like '1%'", 4),
        ("day = '2026-01-01' or \"$path\" like '%2026-01-02/a'", 3),
        ("substr(\"$path\", -1) = 'a'", 3),
        ("day = '1999-01-01'", 0),
        ("line = 'x'", 6),
        ('"$file_size" > 10', 0),
    ],
)
def test_only_objects_that_can_match_are_read(
    lake: Any, days: str, where: str, objects: int
) -> None:
    assert lake.scanned(f"select count(line) from {days} where {where}") == objects * 10


def test_pruning_reaches_through_views_ctes_and_joins(lake: Any, days: str) -> None:
    lake.rows(f"create or replace view pruned as select line, cast(day as date) as d from {days}")
    assert (
        lake.scanned(
            "with x as (select * from pruned) select count(line) from x where d = date '2026-01-01'"
        )
        == 20
    )
    joined = (
        f"select count(a.line) from {days} a join {days} b on a.day = b.day where a.day = "
        "'2026-01-01'"
    )
    assert lake.scanned(joined) <= 40
    windowed = (
        f"select * from (select line, row_number() over () as n, day from {days}) where day = "
        "'2026-01-01'"
    )
    assert lake.scanned(windowed) == 60
    outer = (
        f"select count(*) from {days} a left join {days} b on a.line = b.line and b.day = "
        "'2026-01-01' and a.day = '2026-01-01'"
    )
    assert lake.rows(outer) == [["8"]]


def test_an_alias_that_looks_like_a_partition_column_misleads_nobody(lake: Any, days: str) -> None:
    sql = (
        f"select count(*) from (select line as day, day as x from {days}) where day = "
        "'123456789' or x = 'none'"
    )
    assert lake.rows(sql) == [["6"]]
    assert lake.rows(
        f"select count(*) from (select line as day from {days}) where day = '2026-01-01'"
    ) == [["0"]]


def test_a_name_given_to_a_data_column_chooses_no_partitions(lake: Any) -> None:
    lake.rows(
        "create table renamed with (partitioned_by=array['k']) as select * from "
        "(values (3, 1), (1, 3), (5, 5)) as v(a, k)"
    )
    for source in (
        "(select a as k, k as z from renamed) as q",
        "renamed as q(k, z)",
        "(select a, k from renamed) as q(k, z)",
        "(select a as k from renamed union all select a from renamed where k = 3) as q",
    ):
        assert lake.rows(f"select q.k from {source} where q.k / (q.k - 2) = 3") == [["3"]]
    lake.rows("create or replace view renaming as select a as k, k as z from renamed")
    assert lake.rows("select z from renaming where k / (k - 2) = 3") == [["1"]]


def test_a_star_leaves_the_pseudo_columns_out(lake: Any, days: str) -> None:
    row = lake.rows(
        f'select *, "$path" as p, "$file_size" from {days} where "$path" like \'%01-01/a\''
    )[0]
    assert row == ["123456789", "2026-01-01", f"s3://{lake.bucket}/{days}/day=2026-01-01/a", "10"]


def test_names_for_the_columns_of_a_table_hide_its_path(lake: Any, days: str) -> None:
    assert lake.rows(f'select count("$path") from {days} as t') == [["6"]]
    sql = f'select "$path" from {days} as t(line, day)'
    assert lake.reason(sql).startswith("COLUMN_NOT_FOUND")


def test_partitions_are_a_table_of_their_own(lake: Any, days: str) -> None:
    listed = [[f"2026-01-0{n}"] for n in range(1, 4)]
    assert lake.rows(f'select * from "{days}$partitions" order by 1') == listed
    full = f'"{lake.database}"."{days}$partitions"'
    assert lake.rows(f"select max(p.day) from {full} p where day < '2026-01-03'") == [listed[1]]
    lake.rows(
        f"create table keyed with (external_location='s3://{lake.bucket}/keyed/', "
        "partitioned_by=array['n', 'd']) as select 1 as x, 7 as n, date '2026-01-02' as d "
        "union all select 2, cast(null as integer), date '2026-01-03'"
    )
    assert lake.rows("select n + 1, d + interval '1' day from \"keyed$partitions\" order by d") == [
        ["8", "2026-01-03"],
        [None, "2026-01-04"],
    ]
    lake.rows("create table plain as select 1 as x")
    for name in ("plain$partitions", "nothing$partitions", "keyed$other"):
        reason = f"Table 'awsdatacatalog.{lake.database}.{name}' does not exist"
        assert reason in lake.reason(f'select * from "{name}"')


def test_a_table_that_projects_its_partitions_is_refused(lake: Any) -> None:
    lake.rows(
        "create external table projected (line string) partitioned by (`day` string) "
        f"location 's3://{lake.bucket}/proj/' tblproperties ('projection.enabled'='true', "
        "'projection.day.type'='date', 'projection.day.format'='yyyy/MM/dd', "
        "'projection.day.range'='2026/01/01,NOW')"
    )
    for name in ("projected", '"projected$partitions"'):
        reason = lake.reason(f"select day from {name}")
        assert reason.startswith("NOT_SUPPORTED: ")
        assert "projects its partitions" in reason


def test_symlink_manifests_name_the_data(lake: Any) -> None:
    name, prefix = line_table(lake, "day", inputs=SYMLINKS)
    urls = [lake.put(f"elsewhere-{name}/{part}", f"{part}\n") for part in "abc"]
    lake.put(f"{prefix}day=1/manifest", "\n".join(urls[:2]) + "\n")
    lake.put(f"{prefix}day=2/manifest", urls[2])
    add_partitions(lake, name, "day", "1", "2")
    assert sorted(lake.rows(f'select line, "$path", day from {name}')) == [
        ["a", urls[0], "1"],
        ["b", urls[1], "1"],
        ["c", urls[2], "2"],
    ]
    assert lake.scanned(f"select count(line) from {name} where \"$path\" = '{urls[2]}'") == 2
    lake.put(f"{prefix}day=2/manifest", f"s3://{lake.bucket}/gone")
    assert lake.reason(f"select * from {name}").startswith("HIVE_CANNOT_OPEN_SPLIT")
