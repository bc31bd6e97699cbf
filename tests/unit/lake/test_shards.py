"""What a shard writes: files of bounded size, of which the receipt names all."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from lacuna.lake import shards
from lacuna.tables import raw
from lacuna.tables.evidence import LogObject

DAY = date(2026, 11, 21)
MOST = raw.MANIFEST_LINES
HOSTILE = (" a b/", "it's/", 'say "x"/', "ä\U0001f600/", "a//b/", "..%2F%0A/", "")


class Lake:
    """A lake in memory."""

    bucket = "lake"

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = body

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def write_file(self, _: object, rows: list[LogObject], key: str) -> None:
        self.objects[key] = rows


def row(number: int, *, readable: bool = True, prefix: str = "web/") -> LogObject:
    key = f"{prefix}2026-11-21-{number:06}"
    return LogObject(
        "access_log", "logs", key, f"s3://logs/{key}", None, None, None, None, None, 1, "0",
        datetime(2026, 11, 21, 9, tzinfo=UTC), None, None, readable, None, None, None, None,
    )  # fmt: skip


def files_of(lake: Lake, rows: list[LogObject]) -> shards.Files:
    files = shards.Files(lake, "s/")
    for one in rows:
        files.add(one, is_in_manifest=True)
    return files


def lines_of(lake: Lake, files: shards.Files) -> list[list[str]]:
    bodies = [lake.objects[key] for key in files.manifests]
    assert all(body.endswith(b"\n") for body in bodies)
    return [body.decode().split("\n")[:-1] for body in bodies]


@pytest.mark.parametrize(
    ("number", "sizes"),
    [
        (0, []),
        (1, [1]),
        (MOST - 1, [MOST - 1]),
        (MOST, [MOST]),
        (MOST + 1, [MOST, 1]),
        (3 * MOST, [MOST, MOST, MOST]),
    ],
)
def test_a_manifest_has_no_more_lines_than_athena_opens_in_time(number, sizes):
    lake, rows = Lake(), [row(one) for one in range(number)]
    files = files_of(lake, rows)
    files.close()
    manifests = lines_of(lake, files)
    assert [len(lines) for lines in manifests] == sizes
    assert [url for lines in manifests for url in lines] == [one.log_object for one in rows]


def test_no_more_rows_are_in_memory_than_fill_a_file_and_each_is_written_once(monkeypatch):
    monkeypatch.setattr(shards, "ROWS", 10)
    lake, rows = Lake(), [row(one, readable=one != 7) for one in range(38)]
    files = shards.Files(lake, "s/")
    for one in rows:
        files.add(one)
        assert len(files.rows) < 10
    files.close()
    assert [len(lake.objects[key]) for key in files.row_files] == [10, 10, 10, 8]
    assert [one for key in files.row_files for one in lake.objects[key]] == rows
    assert (files.objects, files.unreadable) == (38, ["s3://logs/web/2026-11-21-000007"])
    assert files.manifests == []


def test_small_places_share_files_and_one_that_is_not_taken_is_named_nowhere(monkeypatch):
    monkeypatch.setattr(shards, "ROWS", 10)
    lake = Lake()
    of_all = shards.Files(lake, "s/")
    small, refused, large = (
        files_of(lake, [row(one, prefix=f"{name}/") for one in range(number)])
        for name, number in (("a", 4), ("b", 25), ("c", 12))
    )
    of_all.take(small)
    of_all.take(large)
    of_all.close()
    assert [len(lake.objects[key]) for key in of_all.row_files] == [10, 6]
    assert (of_all.objects, len(refused.row_files)) == (16, 2)
    assert not set(refused.row_files) & set(of_all.row_files)
    assert [len(lines) for lines in lines_of(lake, of_all)] == [16]


@pytest.mark.parametrize("prefix", HOSTILE)
def test_a_prefix_of_any_characters_is_a_line_as_it_is(prefix):
    """A line break is the only thing that a manifest cannot name: such a place is not listed."""
    lake = Lake()
    files = files_of(lake, [row(2, prefix=prefix), row(1, prefix=prefix), row(1, prefix="z")])
    files.close()
    urls = [
        f"s3://logs/{one}2026-11-21-00000{n}" for one, n in ((prefix, 1), (prefix, 2), ("z", 1))
    ]
    assert lines_of(lake, files) == [sorted(urls)]


def test_a_document_is_read_as_it_was_written_and_one_that_is_gone_says_what_to_do():
    lake = Lake()
    wanted = row(1, prefix='"\x7f\U0001f600\r/')
    shards.write(lake, "s/receipt.json", [wanted])
    assert shards.read(lake, "s/receipt.json", list[LogObject]) == [wanted]
    with pytest.raises(shards.ShardGone, match="plan_shards"):
        shards.read(lake, "s/other.json", list[LogObject])


def test_no_two_attempts_share_a_folder():
    assert len({shards.new_attempt(DAY) for _ in range(3)}) == 3
