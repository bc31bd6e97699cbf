"""Is every bucket's event day counted, and did both logs together see its requests?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from expectations.shared import Check, Partition, Row, count, percent

# What is at least 1 request of at least 1 % of those that were seen
HIDDEN_SHARE = 0.01

UNSEEN = f"""
select bucket_name, requests_seen, unseen_estimate, unseen_lower, unseen_upper
from {{batch}}
where unseen_estimate >= 1 and unseen_estimate >= {HIDDEN_SHARE} * requests_seen
"""


def checks(on: Partition) -> tuple[Check, ...]:
    """Return the checks of one event day of fct_bucket_days."""
    return (
        Check(
            "bucket_day_not_counted",
            "critical",
            "Is the day of every observed bucket counted, also if its logging is off?",
            "A bucket of the account has no row. Coverage of its day is then unknown, and a query "
            "that joins this mart leaves the bucket out.",
            _not_counted(on),
            _not_counted_sentence,
        ),
        Check(
            "requests_unseen",
            "warning",
            "Do the two logs together show nearly all requests of the day?",
            "Both logs lost requests of the same hours. By what each of them shows and the other does "
            f"not, at least {percent(HIDDEN_SHARE)} of the requests are in neither: no query can find "
            "these.",
            UNSEEN,
            _unseen_sentence,
        ),
    )


def _not_counted(on: Partition) -> str:
    return f"""
    select expected.bucket_name, expected.account_id
    from {on.configuration()} as expected
    left join {{batch}} as mart
        on expected.bucket_name = mart.bucket_name
    where mart.bucket_name is null
    """


def _not_counted_sentence(row: Row) -> str:
    return f"{row['bucket_name']} has no row: how much of its day was seen is unknown"


def _unseen_sentence(row: Row) -> str:
    return (
        f"of {row['bucket_name']} at least {count(row['requests_seen'], 'request')} were made, and "
        f"about {row['unseen_estimate']:,.0f} more that no log shows "
        f"({row['unseen_lower']:,.0f} to {row['unseen_upper']:,.0f})"
    )
