"""The one printer of tables: every line fits, and what is cut shows that it is."""

import pytest
from rich.cells import cell_len

from lacuna.cli.tables import CUT, MEASURED, table

ARN = "arn:aws:sts::123456789012:assumed-role/etl-spark/i-0f2c9a7be41d3856a"
ROWS = [["photos", ARN, "2026-11-20 10:00:00", "7"], ["日本語" * 20, "me", "", "1234567"]]
NAMES = ["bucket", "requester", "at", "requests"]


@pytest.mark.parametrize("width", [60, 80, 120, 240])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = list(table(NAMES, ROWS, numbers=[3], whole=[2], width=width))
    assert len(lines) == 3
    assert max(map(cell_len, lines)) <= width
    assert "2026-11-20 10:00:00" in lines[1]
    assert lines[2].endswith("1234567")
    assert (CUT in "".join(lines)) == (width < 240)
    assert lines[1].endswith("      7")


def test_of_a_value_that_is_cut_both_ends_are_there() -> None:
    (_, line) = table(["requester"], [[ARN]], width=21)
    assert line == "arn:aws:st…9a7be41d3856a"[:11] + ARN[-10:]


def test_a_file_gets_every_value_whole() -> None:
    lines = list(table(["a", "b"], [["x" * 500, "1"], ["y", "22"]], numbers=[1]))
    assert lines == ["a".ljust(500) + "   b", "x" * 500 + "   1", "y".ljust(500) + "  22"]


def test_a_row_that_cannot_fit_is_a_list_of_whole_values() -> None:
    names = [f"column_{n}" for n in range(9)]
    lines = list(table(names, [["v" * 45, *"12345678"]], width=40))
    assert lines[:3] == ["column_0  " + "v" * 30, " " * 10 + "v" * 15, "column_1  1"]
    assert lines[-1] == ""


def test_a_value_after_those_that_were_measured_is_cut_and_a_number_is_not() -> None:
    rows = [["a", "1"]] * MEASURED + [["a" * 50, "1" * 50]]
    *_, last = table(["name", "n"], rows, numbers=[1], width=80)
    assert last == "aa…a  " + "1" * 50
