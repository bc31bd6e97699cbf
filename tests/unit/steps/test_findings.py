"""How findings become lines of text."""

from __future__ import annotations

import pytest

from lacuna.steps import findings
from lacuna.steps.findings import Finding


@pytest.mark.parametrize(
    ("found", "remainders", "lines"),
    [
        ([Finding("a is off")], [], ["  a is off"]),
        (
            [Finding("a is off", "turn it on"), Finding("b is off", "turn it on")],
            [],
            ["  a is off", "  b is off", "    to do: turn it on"],
        ),
        ([Finding("a"), Finding("b")], ["and 7 more"], ["  a", "  b", "  and 7 more"]),
        # above what to do for others it would seem to be repaired by that too
        (
            [Finding("a is lost"), Finding("b is off", "turn it on")],
            [],
            ["  b is off", "    to do: turn it on", "  a is lost"],
        ),
    ],
)
def test_each_finding_is_a_line_and_what_to_do_is_written_once(found, remainders, lines):
    assert findings.lines(found, remainders) == lines
