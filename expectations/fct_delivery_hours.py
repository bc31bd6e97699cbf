"""Did the access log of every hour of an event day arrive, complete and in time?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from expectations.shared import Check, Partition, Row, count, hours, percent

# One row a bucket, so that the findings of a day lost by many buckets still fit into one result
HOURS = "array_join(array_agg(cast(hour(hour) as varchar) order by hour), ' ') as hours"

LOST = f"""
select bucket_name, sum(data_event_requests) as requests, {HOURS}
from {{batch}}
where status = 'missing'
group by bucket_name
"""

# An hour is reported by the share of its requests that have a record. One lost record among many is
# what S3's best effort means; an hour of which nearly all is lost is as good as lost.
MOSTLY_LOST, BARELY_LOST = 0.1, 0.99

PARTLY_LOST = f"""
select bucket_name, min(access_log_completeness) as completeness, {HOURS}
from {{batch}}
where status = 'partial' and {{share}}
group by bucket_name
"""

LATE = f"""
select bucket_name, max(latency_p99_seconds) as seconds, {HOURS}
from {{batch}}
where latency_p99_seconds > {{limit}}
group by bucket_name
"""


def checks(on: Partition) -> tuple[Check, ...]:
    """Return the checks of one event day of fct_delivery_hours."""
    return (
        Check(
            "hours_not_judged",
            "critical",
            "Does every bucket that logs, or whose configuration could not be read, have a status "
            "for all 24 hours?",
            "Hours of the day have no status. An empty partition would otherwise look like a day "
            "without losses.",
            _not_judged(on),
            _not_judged_sentence,
        ),
        Check(
            "hour_lost",
            "critical",
            "Does every hour in which CloudTrail saw requests have access-log records?",
            "CloudTrail saw requests in the hour and the lateness budget is spent, but no access-log "
            "record arrived.",
            LOST,
            _lost_sentence,
        ),
        Check(
            "hour_mostly_lost",
            "critical",
            f"Do at least {percent(MOSTLY_LOST)} of the requests that CloudTrail saw in an hour have "
            "an access-log record?",
            "The lateness budget is spent, and nearly all of the requests that CloudTrail saw in the "
            "hour have no access-log record.",
            _partly_lost(f"access_log_completeness < {MOSTLY_LOST}"),
            _partly_lost_sentence,
        ),
        Check(
            "hour_partly_lost",
            "warning",
            f"Do at least {percent(BARELY_LOST)} of the requests that CloudTrail saw in an hour have "
            "an access-log record?",
            "The lateness budget is spent, and some of the requests that CloudTrail saw in the hour "
            f"have no access-log record: more than {percent(1 - BARELY_LOST)} of them, and more than "
            "LACUNA_COMPLETENESS_TOLERANCE allows.",
            _partly_lost(
                f"access_log_completeness >= {MOSTLY_LOST} and access_log_completeness < {BARELY_LOST}"
            ),
            _partly_lost_sentence,
        ),
        Check(
            "hour_barely_lost",
            "info",
            "Does every request that CloudTrail saw have an access-log record, or is the loss "
            "tolerated?",
            "The lateness budget is spent, and a few of the requests that CloudTrail saw in the hour "
            "have no access-log record. S3 delivers on a best-effort basis: now and then a record is "
            "lost. LACUNA_COMPLETENESS_TOLERANCE says which share is no loss.",
            _partly_lost(f"access_log_completeness >= {BARELY_LOST}"),
            _partly_lost_sentence,
        ),
        Check(
            "data_events_lost",
            "warning",
            "Does every request in the access log that CloudTrail should record have a data event?",
            "CloudTrail should have recorded requests of the hour and did not deliver their events, of "
            "a greater share than LACUNA_COMPLETENESS_TOLERANCE allows. What the access log lost in "
            "this hour can be proved only in part.",
            _data_events_lost(on),
            _data_events_lost_sentence,
        ),
        Check(
            "records_late",
            "info",
            "Did 99 % of each hour's access-log records arrive within LACUNA_LATENESS_HOURS?",
            "Records arrived later than that after their requests. Until then the hour may have "
            "counted as lost. If this happens often, LACUNA_LATENESS_HOURS is too short for this account.",
            LATE.replace("{limit}", str(on.lateness_hours * 3600)),
            _late_sentence,
        ),
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
        expected.logging_state in ('on', 'unknown', 'elsewhere')
        and coalesce(judged.judged_hours, 0) < 24
    """


def _partly_lost(share: str) -> str:
    return PARTLY_LOST.replace("{share}", share)


def _data_events_lost(on: Partition) -> str:
    # before the budget is spent, events may still arrive, as records may
    return f"""
    select bucket_name, min(data_event_completeness) as completeness, {HOURS}
    from {{batch}}
    where
        data_event_completeness < 1 - {on.completeness_tolerance:.12f}
        and hour + interval '{on.lateness_hours + 1}' hour <= judged_as_of
    group by bucket_name
    """


def _not_judged_sentence(row: Row) -> str:
    number = 24 - row["judged_hours"]
    return (
        f"{count(number, 'hour')} of {row['bucket_name']} {'has' if number == 1 else 'have'} no "
        "status: whether an access log arrived is unknown"
    )


def _lost_sentence(row: Row) -> str:
    requests = count(row["requests"], "request")
    return (
        f"{row['bucket_name']} lost all access-log records of {hours(row)} "
        f"(CloudTrail saw {requests})"
    )


def _partly_lost_sentence(row: Row) -> str:
    return (
        f"{row['bucket_name']} lost part of its access-log records of {hours(row)} "
        f"({_at_worst(row)} of the requests that CloudTrail saw have a record)"
    )


def _data_events_lost_sentence(row: Row) -> str:
    return (
        f"CloudTrail did not deliver all data events of {row['bucket_name']} of {hours(row)} "
        f"({_at_worst(row)} of the requests in the access log have an event)"
    )


def _late_sentence(row: Row) -> str:
    return (
        f"access-log records of {row['bucket_name']} of {hours(row)} arrived up to "
        f"{row['seconds'] / 3600:.1f} hours after the request"
    )


def _at_worst(row: Row) -> str:
    share = percent(row["completeness"])
    return share if " " not in row["hours"] else f"in the worst hour {share}"
