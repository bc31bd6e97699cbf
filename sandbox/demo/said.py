"""What the logs say, against what was planted: the numbers of the marts of requests. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

# What is counted, and the query that counts it by bucket and day
COUNTED = {
    "requests": "select bucket_name, event_date, sum(requests) as counted from lacuna.fct_traffic",
    "bytes_sent": "select bucket_name, event_date, sum(bytes_sent) as counted from lacuna.fct_traffic",
    "denied": (
        "select bucket_name, event_date, sum(if(outcome = 'denied', requests)) as counted "
        "from lacuna.fct_denied_requests"
    ),
    "deleted": (
        "select bucket_name, event_date, count_if(result = 'deleted') as counted "
        "from lacuna.fct_deletions"
    ),
    "anonymous": (
        "select bucket_name, event_date, sum(if(party_kind = 'anonymous', requests)) as counted "
        "from lacuna.fct_external_access"
    ),
}

WORDS = {
    "requests": "requests to {buckets} buckets",
    "bytes_sent": "bytes sent",
    "denied": "requests refused",
    "deleted": "objects deleted",
    "anonymous": "requests that nobody signed",
}

# Of these the logs say more or less than what is true or can be read: lines that cannot be trusted,
# events that nobody made, logs that cannot be found or listed. On the day of the fault, or always.
DOUBTFUL = frozenset(
    {"malformed_lines", "trail_file_invented", "target_other_account", "config_unreadable"}
)


def query(first: str, last: str) -> str:
    """Return the query of all numbers: a row for each bucket, day and thing that is counted."""
    return " union all ".join(
        f"select '{name}' as what, counted.* from ({select} where event_date between date '{first}' "
        f"and date '{last}' group by bucket_name, event_date) as counted"
        for name, select in COUNTED.items()
    )


def differences(truth: Row, found: Sequence[Row]) -> Iterator[str]:
    """Yield the numbers of a bucket's day that are not as planted."""
    counts = _counts(found)
    for planted in _told(truth):
        of_day = counts.get((planted["bucket_name"], planted["day"]), Counter())
        for name in COUNTED:
            if of_day[name] != planted[name]:
                yield (
                    f"{planted['bucket_name']} {planted['day']}: {of_day[name]:,} "
                    f"{name.replace('_', ' ')}, planted {planted[name]:,}"
                )


def in_words(truth: Row, found: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each thing that is counted."""
    totals = sum(_counts(found).values(), Counter[str]())
    buckets = len({row["bucket_name"] for row in found if row["counted"]})
    for name, words in WORDS.items():
        yield f"{totals[name]:>14,}  {words.format(buckets=buckets)}"


def _counts(found: Sequence[Row]) -> dict[tuple[str, str], Counter[str]]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in found:
        key = (row["bucket_name"], str(row["event_date"]))
        counts.setdefault(key, Counter())[row["what"]] = int(row["counted"] or 0)
    return counts


def _told(truth: Row) -> Iterator[Row]:
    """Yield what is planted of buckets and days of which the logs say the truth."""
    faults = [fault for fault in truth["faults"] if fault["kind"] in DOUBTFUL]
    days = {day for bucket in truth["buckets"] for day in bucket["expected"]}
    for planted in truth["said"]:
        region = next(
            bucket["region"]
            for bucket in truth["buckets"]
            if bucket["bucket_name"] == planted["bucket_name"]
        )
        doubted = any(
            fault["bucket_name"] in (None, planted["bucket_name"])
            and fault["region"] == region
            and planted["day"] in (fault["event_day"] or planted["day"], fault["delivery_day"])
            for fault in faults
        )
        if planted["day"] in days and not doubted:
            yield planted
