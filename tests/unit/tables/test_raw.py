"""The plan of a day's raw partitions."""

from datetime import date

import pytest

from lacuna.tables import raw

DAY = date(2026, 11, 21)


def test_a_day_has_a_partition_for_each_manifest_and_without_one_the_first():
    folder = f"s3://lake/raw/s3_access_logs/delivered_on={DAY}/"
    for manifests, parts in ((0, ["0"]), (1, ["0"]), (3, ["0", "1", "2"])):
        assert raw.access_log_partitions("lake", DAY, manifests) == [
            raw.RawPartition((str(DAY), part), f"{folder}part={part}/") for part in parts
        ]
    assert raw.access_log_partitions("lake", DAY, 0)[0].values[1] == raw.FIRST_PART


@pytest.mark.parametrize(
    ("table", "values", "expected"),
    [
        (raw.ACCESS_LOGS, ("2026-11-21",), ("2026-11-21", "0")),
        (raw.ACCESS_LOGS, ("2026-11-21", "3"), ("2026-11-21", "3")),
        (
            raw.CLOUDTRAIL_EVENTS,
            ("2026-11-21", "t", "1", "r"),
            ("2026-11-21", "t", "1", "r", "s3://b/p/"),
        ),
    ],
)
def test_a_partition_of_an_older_version_gets_the_keys_that_the_table_has_now(
    table, values, expected
):
    (wanted,) = (one for one in raw.TABLES if one.name == table)
    older = raw.RawPartition(values, "s3://b/p/2026/11/21/")
    assert raw.with_present_keys(wanted, older) == raw.RawPartition(expected, older.location)
