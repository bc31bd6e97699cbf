"""How far a query can be trusted: the example of the runbook, on a day that was built."""

import re
from datetime import date, timedelta

import pytest

from tests.sandbox.dbt_project.conftest import Lake, line
from tests.support import REPO

DAY = date(2026, 11, 5)
HOURS = (*(("photos", hour) for hour in range(24)), *(("private", hour) for hour in range(24)))


@pytest.fixture(scope="module")
def built(lake: Lake, small_builds: None) -> Lake:
    """A day with two reads, of which one bucket is logged and neither has a trail: ten seconds."""
    lines = line(DAY, 3, "T1") + line(DAY, 3, "T2")
    lake.deliver(DAY, {"trust/a": lines.encode()})
    lake.catalog(DAY)
    witness = dict.fromkeys(("read_witness", "write_witness"), "not_covered")
    off = {"bucket_name": "private", "logging_state": "off", "target_bucket": None}
    lake.observe(DAY + timedelta(days=1), [{"bucket_name": "photos"} | witness, off | witness])
    lake.build("delivery_day", DAY)
    lake.build("event_days", DAY, [DAY])
    return lake


def test_the_example_of_the_runbook_says_how_far_each_hour_is_known(built: Lake) -> None:
    page = (REPO / "docs" / "runbook.md").read_text()
    (query,) = re.findall(r"(?s)```sql\n(select\n +hours.*?)```", page)
    rows = built.rows(query.replace("$DAY", str(DAY)))
    seen = {(row["bucket_name"], int(str(row["hour"])[11:13])): row for row in rows}
    assert set(seen) == set(HOURS)
    known = seen.pop(("photos", 3))
    assert (known["reads"], float(str(known["coverage"]))) == ("2", 1.0)
    assert known["coverage_basis"] == "unwitnessed"
    # an hour without records and without a witness proves nothing
    assert {(row["reads"], float(str(row["coverage"]))) for row in seen.values()} == {("0", 0.0)}
    assert "no_witness" in str(seen["photos", 4]["reasons"])
    assert "logging_off" in str(seen["private", 4]["reasons"])
