"""Generated buckets answer as S3 does, and the report shows how work grows."""

from __future__ import annotations

from datetime import datetime

import pytest

from bench.generated import Contents, page
from bench.growth import Growth, Used

KEYS = sorted([*(f"a/{n:04}" for n in range(1500)), "a/x/1", "a/x/2", "a/y/1", "b/1"])


def test_a_page_holds_a_thousand_entries_and_says_after_what_the_next_one_begins() -> None:
    first, last = page(KEYS, "a/", "", "a/0009")
    assert (first[0], len(first), last) == ("a/0010", 1000, "a/1009")
    second, end = page(KEYS, "a/", "", last)
    assert (second[0], second[-1], end) == ("a/1010", "a/y/1", "")


def test_keys_of_a_folder_are_one_entry() -> None:
    assert page(KEYS, "", "/", "") == (["a/", "b/"], "")
    assert page(KEYS, "a/", "/", "a/1498") == (["a/1499", "a/x/", "a/y/"], "")
    full, last = page([f"{n:04}/1" for n in range(1001)], "", "/", "")
    assert len(full) == 1000
    assert page([f"{n:04}/1" for n in range(1001)], "", "/", last) == (["1000/"], "")


def test_an_object_without_bytes_of_its_own_has_those_of_the_others() -> None:
    contents = Contents(KEYS, lambda _: datetime.min, b"all", {"b/1": (b"own", {"a": "b"})})
    assert contents.body("b/1") == (b"own", {"a": "b"})
    assert contents.body("a/0001") == (b"all", {})
    assert [contents.holds(key) for key in ("a/0001", "a/", "c")] == [True, False, False]


def test_one_object_and_many_pages_end() -> None:
    assert page([], "", "", "") == ([], "")
    assert page(["a"], "a", "", "") == (["a"], "")
    assert page(["a"], "a", "", "a") == ([], "")


@pytest.mark.parametrize(("last", "exponent"), [(40.0, "1.00"), (400.0, "2.00")])
def test_a_quadratic_step_shows_as_two(last: float, exponent: str) -> None:
    used = {size: Used(cpu, 100 << 20, 7, 3) for size, cpu in ((1, 3.0), (10, 4.0), (100, last))}
    rows = list(Growth("listing", "places", used).rows())
    assert rows[0] == "| listing | 1 places | 3.0 s | 100 MiB | 7 |  |  |"
    assert rows[-1].endswith(f"| 7 | {exponent} | at most 1.2 |")
