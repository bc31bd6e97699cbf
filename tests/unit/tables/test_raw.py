"""The plan of a day's raw partitions."""

from datetime import date

import pytest

from lacuna.tables import raw

DAY = date(2026, 11, 21)
MOST = raw.MANIFEST_LINES
HOSTILE = (" a b/", "it's/", 'say "x"/', "ä\U0001f600/", "a//b/", "..%2F%0A/", "")


def place(number: int, prefix: str = "web/", bucket: str = "logs") -> list[str]:
    return [f"s3://{bucket}/{prefix}2026-11-21-{one:06}" for one in range(number)]


def lines_of(*places: list[str]) -> list[list[str]]:
    """The lines of each manifest, whichever order the objects were listed in."""
    urls = [url for urls in places for url in urls]
    parts = list(raw.access_log_parts("lake", DAY, urls))
    assert parts == list(raw.access_log_parts("lake", DAY, urls[::-1]))
    folder = f"s3://lake/raw/s3_access_logs/delivered_on={DAY}/"
    for number, (partition, manifest) in enumerate(parts):
        assert partition == raw.RawPartition((str(DAY), f"{number}"), f"{folder}part={number}/")
        assert manifest.endswith(b"\n") or manifest == b""
    return [manifest.decode().split("\n")[:-1] for _, manifest in parts]


@pytest.mark.parametrize(
    ("number", "sizes"),
    [
        (0, [0]),
        (1, [1]),
        (MOST - 1, [MOST - 1]),
        (MOST, [MOST]),
        (MOST + 1, [MOST, 1]),
        (3 * MOST, [MOST, MOST, MOST]),
    ],
)
def test_a_manifest_has_no_more_lines_than_athena_opens_in_time(number, sizes):
    manifests = lines_of(place(number))
    assert [len(lines) for lines in manifests] == sizes
    assert [url for lines in manifests for url in lines] == place(number)


def test_a_day_without_objects_has_a_partition_that_says_so():
    ((partition, manifest),) = raw.access_log_parts("lake", DAY, [])
    assert (partition.values[1], manifest) == (raw.FIRST_PART, b"")


def test_small_places_share_a_part_and_a_place_stays_together():
    small = [place(40, f"{name}/") for name in range(70)]
    assert [len(lines) for lines in lines_of(*small)] == [2800]
    large, other = place(MOST - 1, "a/"), place(3, "b/")
    assert lines_of(other, large) == [[*large, other[0]], other[1:]]


@pytest.mark.parametrize("prefix", HOSTILE)
def test_a_prefix_of_any_characters_is_a_line_as_it_is(prefix):
    """A line break is the only thing that a manifest cannot name: such a place is not listed."""
    assert lines_of(place(3, prefix), place(2, "web/", "other")) == [
        sorted(place(3, prefix) + place(2, "web/", "other"))
    ]


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
