"""No line costs more than a line of its length may, whatever a client writes into it.

Python's `re` backtracks like the engines of Athena's kind do, and stands for them here. The embedded
engine does not.
"""

import random
import re
import time

import pytest

from tests.sandbox.dbt_project.conftest import Lake
from tests.sandbox.dbt_project.cutting import by_number, literal, rendered, staging_sql

START = "owner photos [06/Feb/2026:00:00:38 +0000] 192.0.2.3 me"
HEAD = f"{START} 3E57427F3EXAMPLE REST.GET.OBJECT"
REQUEST = f'{HEAD} k "GET /k HTTP/1.1" 200 - 1 1 1 1'
TAIL = "- s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6Uk= SigV4 C AuthHeader h TLSv1.3 - - us-east-1"
PIECES = (
    *('"', " ", '" "', '" 200 - 1 1 1 1 "', " - 200 - 1 1 1 1 ", "R A.B ", "- ", "v ", "x" * 50),
    *('" - HOST SigV4 ', ";", '";', "' \"", '"- ', "a b c d ", "  ", '"   200 x 1 1 1 1 ', ' "" '),
)
# Each took seconds with an engine that backtracks
KNOWN = {
    "quotes": f'{REQUEST} "{chr(34)} {chr(34)}' + '" "' * 1200 + '" - HOST "x',
    "status blocks": f'{HEAD} k "' + '" 200 - 1 1 1 1 ' * 300 + '" " x "y z',
    "operations": f"{HEAD} " + "R A.B " * 600 + '- 200 - 1 1 1 1 "' + '" "' * 300 + ' "y z',
    "spaces": f'{HEAD} k{" " * 4000}x "y',
    "spaces of a requester": f"{START}{' ' * 4000}x",
    "dashes": f"{HEAD} k " + "- " * 2000 + '"y',
    "words": f"{HEAD} " + "A.B " * 2000,
}


def hostile(dice: random.Random) -> str:
    text = dice.choice([f"{HEAD} k ", f"{HEAD} ", f"{START} "])
    for _ in range(dice.randint(1, 6)):
        text += dice.choice(PIECES) * dice.choice([1, 1, 1, 2, 3, 5, 10, 20, 40, 80, 160])
        text += "x" * dice.choice([0, 0, 1, 10, 100, 1000])
    return (text + dice.choice(["", '"', '"z', 'x "y', ' "x" - - -']))[:8000]


def read_by_pattern(lake: Lake, lines: list[str]) -> list[str]:
    """The lines that the view gives to the pattern."""
    read: list[str] = []
    for start in range(0, len(lines), 25):  # a statement has 262,144 bytes
        some = lines[start : start + 25]
        values = ", ".join(f"({number}, {literal(line)})" for number, line in enumerate(some))
        rows = lake.rows(
            "select number from (select number, split(line, '\"') as parts "
            f"from (values {values}) as lines (number, line)) "
            f"where {rendered('readings_of_line')} <= {rendered('most_readings')}"
        )
        read += [some[int(row["number"])] for row in rows]
    return read


def microseconds_a_character(line: str) -> float:
    pattern = re.compile(f"(?s){rendered('line_pattern')}")
    begun = time.thread_time()
    pattern.match(line)
    return (time.thread_time() - begun) * 1e6 / len(line)


def test_lines_that_took_seconds_are_set_aside_without_the_pattern(lake: Lake) -> None:
    rows = by_number(lake.rows(staging_sql(KNOWN.values())))
    assert {row["quarantine_reason"] for row in rows.values()} == {"no_match"}
    for line in read_by_pattern(lake, list(KNOWN.values())):
        assert microseconds_a_character(line) < 100


def test_what_the_pattern_reads_costs_the_same_for_each_character(lake: Lake) -> None:
    dice = random.Random(20261121)
    read = read_by_pattern(lake, [hostile(dice) for _ in range(300)])
    assert len(read) > 100
    slow = sorted((microseconds_a_character(line), line) for line in read if len(line) > 500)
    # a line of twice the length has twice the cost: the bound does not depend on it
    assert slow[-1][0] < 100, slow[-1][1][:200]


@pytest.mark.parametrize(
    ("referrer", "user_agent"),
    [
        ("https://example.com/?q=" + "x" * 7000, "a"),
        ("-", "Mozilla/5.0 " + "(X11; Linux) " * 500),
        ('https://example.com/?q="' + "x" * 3000, "b"),
        ("-", '{"sdk":"a","os":"b","arch":"c","lang":"d","build":"e","more":["f","g","h","i"]}'),
        ("-", '"' * 90),
    ],
)
def test_a_long_referrer_or_user_agent_is_read(lake: Lake, referrer: str, user_agent: str) -> None:
    (row,) = lake.rows(staging_sql([f'{REQUEST} "{referrer}" "{user_agent}" {TAIL}']))
    assert row["quarantine_reason"] is None
    assert (row["referrer"] or "-", row["user_agent"]) == (referrer, user_agent)
