"""How `make costs` prints what is known, and what is not."""

from __future__ import annotations

import csv
import io
import json

import pytest

from lacuna.cli.answers import Format
from lacuna.cli.costs import show, table, unknown
from lacuna.settings import Settings

NONE = dict.fromkeys(
    ("model", "kind", "rows", "error_operation", "error_code", "missing_permission")
)
PARSE = NONE | {
    "day": "2026-11-20",
    "step": "parse_delivery_day",
    "model": "int_access_log_records",
    "kind": "model",
    "workgroup": "lacuna",
    "statements": "2",
    "bytes_scanned": "1234567",
    "usd": "9.5367E-5",
    "seconds": "1.5",
    "rows": "70000",
}
ASK = PARSE | {"step": "ask", "model": None, "kind": "query", "usd": None, "rows": None}
REFUSED = NONE | {
    "day": "2026-11-20",
    "step": "unknown",
    "workgroup": "reports",
    "statements": None,
    "bytes_scanned": None,
    "usd": None,
    "seconds": None,
    "error_operation": "ListQueryExecutions",
    "error_code": "AccessDeniedException",
    "missing_permission": "athena:ListQueryExecutions",
}


def test_the_table_is_aligned_and_its_total_is_last():
    header, refused, parse, ask, total = table([REFUSED, PARSE, ASK])
    assert len({line.rindex("usd") + 3 for line in [header]} | {parse.index("0.00010") + 7}) == 1
    assert refused.count("unknown") == 5  # the step, and not one number of it is 0
    assert parse.endswith("70,000")
    assert ask.split()[-2:] == ["unknown", "1.5"]
    assert total.split() == ["total", "4", "2,469,134", "0.00010", "3.0", "70,000"]


def test_a_column_that_says_nothing_is_left_out():
    header, *_ = table([PARSE | {"model": None, "kind": None}])
    assert header.split()[:4] == ["day", "step", "workgroup", "statements"]


@pytest.mark.parametrize(
    ("rows", "named", "lines"),
    [
        ([PARSE], ("reports",), []),
        ([PARSE], (), ["analysts' queries"]),
        ([PARSE, ASK], ("reports",), ["without a price"]),
        ([PARSE, REFUSED], ("reports",), ["allow athena:ListQueryExecutions"]),
    ],
)
def test_what_is_unknown_is_said(rows, named, lines):
    said = list(unknown(rows, Settings(analyst_workgroups=named)))
    assert len(said) == len(lines)
    assert all(part in line for part, line in zip(lines, said, strict=True))


def test_programs_get_the_rows_as_they_are(capsys):
    show([PARSE, REFUSED], Settings(), Format.CSV)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["usd"] for row in rows] == ["9.5367E-5", ""]
    show([PARSE, REFUSED], Settings(), Format.JSON)
    assert json.loads(capsys.readouterr().out)[1]["statements"] is None
