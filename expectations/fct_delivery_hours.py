"""Did the access log of every hour of an event day arrive, whole and in time?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

import great_expectations as gx

from expectations.partition import Partition, Row, Words, count, expect_no_rows, hours, percent

# one row a bucket, so that a day lost by many buckets still fits into one result
HOURS = "array_join(array_agg(cast(hour(hour) as varchar) order by hour), ' ') as hours"

LOST = f"""
select bucket_name, sum(data_event_requests) as requests, {HOURS}
from {{batch}}
where status = 'missing'
group by bucket_name
"""

PARTLY_LOST = f"""
select bucket_name, min(access_log_completeness) as completeness, {HOURS}
from {{batch}}
where status = 'partial'
group by bucket_name
"""

LATE = f"""
select bucket_name, max(latency_p99_seconds) as seconds, {HOURS}
from {{batch}}
where latency_p99_seconds > {{limit}}
group by bucket_name
"""


def suite(on: Partition) -> gx.ExpectationSuite:
    """What is expected of one event day of fct_delivery_hours."""
    return gx.ExpectationSuite(
        name="fct_delivery_hours",
        expectations=[
            expect_no_rows(
                "hours_not_judged",
                "critical",
                "Every bucket that logs, or whose configuration could not be read, has 24 hours a "
                "day. Without this, an empty partition would look like a day without losses.",
                _not_judged(on),
            ),
            expect_no_rows(
                "hour_lost",
                "critical",
                "CloudTrail saw requests in the hour, the lateness budget is spent, and not one "
                "access-log record came.",
                LOST,
            ),
            expect_no_rows(
                "hour_partly_lost",
                "warning",
                "Some of the requests that CloudTrail saw in the hour have no access-log record, "
                "and the lateness budget is spent.",
                PARTLY_LOST,
            ),
            expect_no_rows(
                "data_events_lost",
                "warning",
                "The access log holds requests that CloudTrail should have recorded and did not "
                "deliver: what this hour lost in the access log can be proven only in part.",
                _data_events_lost(on),
            ),
            expect_no_rows(
                "records_late",
                "info",
                "Records came after the lateness budget: until then the hour looked lost. If it "
                "happens often, LACUNA_LATENESS_HOURS is too short for this account.",
                LATE.replace("{limit}", str(on.lateness_hours * 3600)),
            ),
        ],
    )


def _not_judged(on: Partition) -> str:
    return f"""
    select expected.bucket_name, coalesce(judged.judged_hours, 0) as judged_hours
    from {on.configuration()} as expected
    left join (
        select mart.bucket_name, count(distinct mart.hour) as judged_hours
        from {{batch}} as mart
        group by mart.bucket_name
    ) as judged
        on expected.bucket_name = judged.bucket_name
    where
        expected.logging_state in ('on', 'unknown')
        and coalesce(judged.judged_hours, 0) < 24
    """


def _data_events_lost(on: Partition) -> str:
    # before the budget is spent, events may be on their way, as records may
    return f"""
    select bucket_name, min(data_event_completeness) as completeness, {HOURS}
    from {{batch}}
    where
        data_event_completeness < 1
        and hour + interval '{on.lateness_hours + 1}' hour <= (
            select cast(date_add('day', 1, max(delivered_on)) as timestamp)
            from {on.evidence}.catalogued_days
            where delivered_on >= date '{on.day}'
        )
    group by bucket_name
    """


def _says_not_judged(row: Row) -> str:
    missing = count(24 - row["judged_hours"], "hour")
    return f"nobody judged {missing} of {row['bucket_name']}: whether an access log came is unknown"


def _says_lost(row: Row) -> str:
    seen = count(row["requests"], "request")
    return (
        f"{row['bucket_name']} lost all access-log records of {hours(row)} "
        f"({seen} seen by CloudTrail)"
    )


def _says_partly_lost(row: Row) -> str:
    return (
        f"{row['bucket_name']} lost part of its access-log records of {hours(row)} "
        f"({_at_worst(row)} of the requests seen by CloudTrail have their record)"
    )


def _says_data_events_lost(row: Row) -> str:
    return (
        f"CloudTrail lacks data events of {row['bucket_name']} of {hours(row)} "
        f"({_at_worst(row)} of the requests in the access log have their event)"
    )


def _says_late(row: Row) -> str:
    return (
        f"access-log records of {row['bucket_name']} of {hours(row)} came up to "
        f"{row['seconds'] / 3600:.1f} hours after the request"
    )


def _at_worst(row: Row) -> str:
    share = percent(row["completeness"])
    return share if " " not in row["hours"] else f"at worst {share}"


WORDS: Words = {
    "hours_not_judged": _says_not_judged,
    "hour_lost": _says_lost,
    "hour_partly_lost": _says_partly_lost,
    "data_events_lost": _says_data_events_lost,
    "records_late": _says_late,
}
