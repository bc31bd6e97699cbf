"""The numbers of the marts of requests are compared with those of the simulated account."""

from __future__ import annotations

from datetime import date

import pytest

from sandbox.demo import said
from sandbox.demo.comparison import compare

DAY = date(2026, 11, 20)


def told_of(truth):
    return [one for one in truth["said"] if said.is_true(truth, one["bucket_name"], one["day"])]


@pytest.mark.parametrize("name", said.COUNTED)
def test_a_number_that_is_not_as_planted_is_seen(truth, faultless, spoiled, name):
    told = next(one for one in told_of(truth) if one[name])
    place = (name, told["bucket_name"], date.fromisoformat(told["day"]))
    wrong = [
        row | {"counted": row["counted"] + 1}
        if (row["what"], row["bucket_name"], row["event_date"]) == place
        else row
        for row in faultless.said
    ]
    assert compare(truth, spoiled(said=wrong)).unplanted == (
        f"{told['bucket_name']} {told['day']}: {told[name] + 1:,} {name.replace('_', ' ')}, planted "
        f"{told[name]:,}",
    )


def test_a_bucket_that_no_mart_counts_is_seen(truth, faultless, spoiled):
    told = max(told_of(truth), key=lambda one: one["requests"])
    rest = [row for row in faultless.said if row["bucket_name"] != told["bucket_name"]]
    found = compare(truth, spoiled(said=rest)).unplanted
    assert f"{told['bucket_name']} {told['day']}: 0 requests, planted {told['requests']:,}" in found


def test_what_nobody_planted_is_seen(truth, faultless, spoiled):
    quiet = next(
        bucket["bucket_name"]
        for bucket in truth["buckets"]
        if said.is_true(truth, bucket["bucket_name"], str(DAY))
        and (bucket["bucket_name"], str(DAY))
        not in {(s["bucket_name"], s["day"]) for s in truth["said"]}
    )
    row = {"what": "denied", "bucket_name": quiet, "event_date": DAY, "counted": 1}
    assert compare(truth, spoiled(said=[*faultless.said, row])).unplanted == (
        f"{quiet} {DAY}: 1 denied, planted 0",
    )


def test_most_of_what_was_planted_is_compared(truth):
    """Only where logs are forged or cannot be listed, they may say something else."""
    told = list(told_of(truth))
    assert len(told) > 0.7 * len(truth["said"])
    for name in said.COUNTED:
        assert sum(one[name] for one in told) > 0


def test_each_number_has_a_line(truth, faultless):
    lines = list(said.in_words(faultless.said, []))
    assert len(lines) == len(said.COUNTED) == 5
    assert all(line.split()[0] != "0" for line in lines)
    assert said.COUNTED.keys() == said.MOST.keys() == said.LINES.keys()


def test_a_line_says_who_stands_out(faultless):
    role = "arn:aws:sts::123456789012:assumed-role/support"
    most = [
        {"what": "requests", "who": role, "much": 4000},
        {"what": "denied", "who": None, "much": "40"},
    ]
    lines = dict(zip(said.LINES, said.in_words(faultless.said, most), strict=True))
    assert lines["requests"].endswith("; support read 4,000 sensitive objects")
    assert lines["denied"].endswith("; nobody who signed asked for 40 keys in vain")
    assert lines["deleted"].endswith("  objects deleted")
