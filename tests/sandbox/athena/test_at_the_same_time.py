"""Statements that run at the same time do not change each other's answers."""

from concurrent.futures import ThreadPoolExecutor

from tests.sandbox.athena.tables import add_partitions


def test_many_statements_at_once_all_find_their_rows(lake):
    for part in range(4):
        lake.put(f"numbers/part={part}/rows.txt", "1\n2\n3\n")
    lake.rows(
        f"create external table numbers (n int) partitioned by (part int) "
        f"row format delimited fields terminated by ',' location 's3://{lake.bucket}/numbers/'"
    )
    add_partitions(lake, "numbers", "part", *"0123")
    sql = (
        "select count(*) from numbers a join numbers b on a.n = b.n and a.part = b.part "
        "where a.n between 1 and 3 and b.part in (0, 1, 2, 3)"
    )
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: lake.rows(sql), range(120)))
    assert answers == [[["12"]]] * 120


def test_a_table_that_several_make_at_once_is_made_by_one(lake):
    made = f"create external table if not exists made (n int) location 's3://{lake.bucket}/made/'"
    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda _: lake.rows(made), range(8))) == [[]] * 8
        lake.rows("drop table made")
