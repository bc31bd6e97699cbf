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

# What stands out beside each of the numbers: who, and how much
MOST = {
    "requests": (
        "select principal as who, sum(objects) as much from lacuna.fct_sensitive_access "
        "where action = 'read_object' and outcome = 'success' and {days} group by principal"
    ),
    "bytes_sent": (
        "select element_at(holders, 1) as who, distinct_addresses as much "
        "from lacuna.fct_presigned_urls where not is_claimed_console_transfer and {days}"
    ),
    "denied": (
        "select caller as who, max(keys) as much from lacuna.fct_denied_requests "
        "where pattern = 'sweep' and {days} group by caller"
    ),
    "deleted": (
        "select principal as who, count(*) as much from lacuna.fct_deletions where "
        "recovery = 'version_or_marker_named' and result = 'deleted' and actor_class <> 'lifecycle' "
        "and {days} group by principal"
    ),
    "anonymous": (
        "select party as who, sum(requests) as much from lacuna.fct_external_access "
        "where party_kind = 'account' and {days} group by party"
    ),
}

# A line for each: the number, and what stands out
LINES = {
    "requests": ("requests to {buckets} buckets", "{who} read {much:,} sensitive objects"),
    "bytes_sent": ("bytes sent", "a link of {who} was used from {much:,} addresses"),
    "denied": ("requests refused", "{who} asked for {much:,} keys in vain"),
    "deleted": ("objects deleted", "{who} deleted {much:,} versions or markers"),
    "anonymous": ("requests that nobody signed", "account {who} signed {much:,}"),
}

# Of these the logs say more or less than what is true or can be read: lines that cannot be trusted,
# events that nobody made, logs that cannot be found or listed. On the day of the fault, or always.
DOUBTFUL = frozenset(
    {"malformed_lines", "trail_file_invented", "target_other_account", "config_unreadable"}
)


def query(first: str, last: str) -> str:
    """Return the query of all numbers: a row for each bucket, day and thing that is counted."""
    return " union all ".join(
        f"select '{name}' as what, counted.* from ({select} where {_between(first, last)} "
        "group by bucket_name, event_date) as counted"
        for name, select in COUNTED.items()
    )


def query_of_most(first: str, last: str) -> str:
    """Return the query of what stands out: for each thing that is counted one row, or none."""
    return " union all ".join(
        f"select '{name}' as what, most.* from (select * from "
        f"({select.format(days=_between(first, last))}) as found "
        "order by much desc, who limit 1) as most"
        for name, select in MOST.items()
    )


def _between(first: str, last: str) -> str:
    return f"event_date between date '{first}' and date '{last}'"


def differences(truth: Row, found: Sequence[Row]) -> Iterator[str]:
    """Yield the numbers of a bucket's day that are not as planted, also where nothing was planted."""
    counts = _counts(found)
    planted = {(said["bucket_name"], said["day"]): said for said in truth["said"]}
    for name, day in sorted({*planted, *counts}):
        if not is_true(truth, name, day):
            continue
        for what in COUNTED:
            number = counts.get((name, day), Counter())[what]
            wanted = planted[name, day][what] if (name, day) in planted else 0
            if number != wanted:
                yield f"{name} {day}: {number:,} {what.replace('_', ' ')}, planted {wanted:,}"


def in_words(found: Sequence[Row], most: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each thing that is counted, with what stands out."""
    totals = sum(_counts(found).values(), Counter[str]())
    buckets = len({row["bucket_name"] for row in found if row["counted"]})
    greatest = {row["what"]: row for row in most}
    for name, (counted, stands_out) in LINES.items():
        line = f"{totals[name]:>14,}  {counted.format(buckets=buckets)}"
        row = greatest.get(name)
        if row and row["much"]:
            who = str(row["who"] or "nobody who signed").rpartition("/")[2]
            line += f"; {stands_out.format(who=who, much=int(row['much']))}"
        yield line


def _counts(found: Sequence[Row]) -> dict[tuple[str, str], Counter[str]]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in found:
        key = (row["bucket_name"], str(row["event_date"]))
        counts.setdefault(key, Counter())[row["what"]] = int(row["counted"] or 0)
    return counts


def is_true(truth: Row, name: str, day: str) -> bool:
    """Return whether the logs of a bucket's day say the truth, all of it, and can be read."""
    bucket = next((one for one in truth["buckets"] if one["bucket_name"] == name), None)
    if bucket is None or day not in bucket["expected"]:
        return False
    return not any(
        fault["kind"] in DOUBTFUL
        and fault["bucket_name"] in (None, name)
        and fault["region"] == bucket["region"]
        and day in (fault["event_day"] or day, fault["delivery_day"])
        for fault in truth["faults"]
    )
