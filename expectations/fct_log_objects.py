"""Was everything delivered on a day found, readable, unaltered and read to the last byte?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from expectations import places
from expectations.shared import Check, Partition, Row, count, log_object, percent

# With fewer lines a single odd line would exceed any sensible share
FEWEST_LINES = 100

# Files of a place that is refused as a whole are not named one by one.
CORRUPT = """
select log_bucket, object_key, problem, digest_state
from {batch}
where status = 'corrupt' and coalesce(problem, '') not like 'GetObject: %'
"""

WITH_STATUS = """
select log_bucket, object_key, problem, digest_state
from {{batch}}
where status = '{status}'
"""

# The mart's verdict, and beside it a bound from sizes alone: the bytes read of a line include its
# newline, but not a carriage return before it.
UNACCOUNTED = """
select log_bucket, object_key, size_bytes, bytes_read
from {batch}
where
    kind = 'access_log'
    and (
        status = 'unaccounted'
        or coalesce(bytes_read + lines_parsed + lines_quarantined, 0) < size_bytes
    )
"""

RECORDS_UNACCOUNTED = """
select log_bucket, object_key, record_count, coalesce(records_read, 0) as records_read
from {batch}
where kind = 'cloudtrail' and status = 'unaccounted'
"""

SET_ASIDE = """
select log_bucket, object_key, records_set_aside, array_join(set_aside_reasons, ', ') as reasons
from {batch}
where records_set_aside > 0
"""

DISOWNED = """
select log_bucket, object_key
from {batch}
where digest_state = 'disowned'
"""

DUPLICATE = """
select
    coalesce(source_bucket, log_bucket) as bucket_name,
    sum(lines_duplicate) as lines,
    count_if(status = 'duplicate') as objects
from {batch}
where lines_duplicate > 0
group by coalesce(source_bucket, log_bucket)
"""


def checks(on: Partition) -> tuple[Check, ...]:
    """Return the checks of one delivery day of fct_log_objects."""
    return (
        Check(
            "day_not_catalogued",
            "critical",
            "Were the log buckets of the day listed completely?",
            "The listing did not finish, so an absent log object proves nothing.",
            _not_cataloged(on),
            _not_cataloged_sentence,
        ),
        Check(
            "place_unreadable",
            "critical",
            "Could every place that logs are delivered to be listed and read?",
            "A log place could not be listed, or could not be read: most of its files are refused, or "
            "a log is archived or was not read. What was delivered there is unknown, not absent.",
            places.unreadable_places(on),
            places.unreadable_place_sentence,
        ),
        Check(
            "foreign_place_unreadable",
            "info",
            "Could Lacuna list every place to which trails of accounts that it does not observe deliver?",
            "A trail of an account that Lacuna does not observe, mostly an organization's, delivers to "
            "a place that could not be listed. What only this trail records is unknown; hours that "
            "other trails show in full are judged by those.",
            places.foreign_places(on),
            places.foreign_place_sentence,
        ),
        Check(
            "object_out_of_time",
            "warning",
            "Was every log object written in time to be in a catalog?",
            "Access logs were written more than LACUNA_EVENT_DAY_FOLDERS days after the time in "
            "their keys, or CloudTrail files and digests after the catalog of their folder's day was "
            "made. No catalog has them, so they were not read.",
            places.out_of_time(on),
            places.out_of_time_sentence,
            places.out_of_time_to_do,
        ),
        Check(
            "logs_gone",
            "warning",
            "Are the logs of the day still there that were read?",
            "The day was run again after some of its logs were gone: expired, moved or not listed any "
            "more. What was read of them is kept, and nothing newer was read.",
            _logs_gone(on),
            _logs_gone_sentence,
        ),
        Check(
            "nothing_delivered",
            "warning",
            "Was at least one log object delivered on the day?",
            "Log places were listed and not one log object was in them. An account without any "
            "request is possible; a delivery that stopped everywhere is more likely.",
            _nothing_delivered(on),
            _nothing_delivered_sentence,
        ),
        Check(
            "object_not_built",
            "critical",
            "Is every log object of the evidence in the mart?",
            "A cataloged log object is not in the mart. An empty partition would otherwise look "
            "like a day in good order.",
            _not_built(on),
            _not_built_sentence,
        ),
        Check(
            "bytes_unaccounted",
            "critical",
            "Was every byte of every access-log object read as part of a line?",
            "Some bytes of an access-log object were not read as part of a line, or more were read "
            "than it has.",
            UNACCOUNTED,
            _unaccounted_sentence,
        ),
        Check(
            "records_unaccounted",
            "critical",
            "Was every record of every CloudTrail file read, and counted once?",
            "A CloudTrail file has more records than were read, or fewer.",
            RECORDS_UNACCOUNTED,
            _records_sentence,
        ),
        Check(
            "object_corrupt",
            "critical",
            "Can every log object be read?",
            "A log object cannot be read. It is left out so that the rest of the day is built, and "
            "the requests that it records are lost.",
            CORRUPT,
            _corrupt_sentence,
        ),
        Check(
            "object_altered",
            "critical",
            "Is the content of every CloudTrail file what CloudTrail signed?",
            "The content of a file is not what CloudTrail signed for in its digest.",
            WITH_STATUS.format(status="altered"),
            lambda row: f"{log_object(row)} was altered after CloudTrail delivered it",
        ),
        Check(
            "object_disowned",
            "critical",
            "Is every CloudTrail file that valid digests cover named by one of them?",
            "Valid digests cover the delivery of a file and none names it. CloudTrail did not write "
            "it, or a trail that writes no digests did.",
            DISOWNED,
            _disowned_sentence,
        ),
        Check(
            "object_missing",
            "critical",
            "Is every file that CloudTrail signed for still there?",
            "CloudTrail signed for a file in a digest, and the file is gone.",
            WITH_STATUS.format(status="missing"),
            lambda row: f"{log_object(row)} was deleted after CloudTrail delivered it",
        ),
        Check(
            "trail_gone",
            "critical",
            "Does every trail that delivered on the day before still deliver to the same place?",
            "A trail that delivered on the day before was deleted, or was moved to another place.",
            _gone_trails(on),
            _gone_sentence,
        ),
        Check(
            "digest_not_valid",
            "critical",
            "Do CloudTrail's digests of the day form one signed chain?",
            "The chain of digests is broken. Files may have been removed together with the proof "
            "that they existed.",
            _digests(on, "not in ('valid', 'key_unknown', 'pending')"),
            _digest_sentence,
        ),
        Check(
            "digest_unverified",
            "warning",
            "Could the signature of every digest be checked?",
            "CloudTrail's public keys for these digests could not be read. Their signature proves "
            "nothing either way.",
            _digests(on, "= 'key_unknown'"),
            _digest_sentence,
        ),
        Check(
            "object_not_a_log",
            "warning",
            "Do only the log services write to the log places?",
            "An object that is no log was written to a place where only the log services should "
            "write.",
            WITH_STATUS.format(status="not_a_log"),
            lambda row: f"{log_object(row)} is among the logs and is not a log",
        ),
        Check(
            "quarantine_share",
            "warning",
            "Is the share of quarantined lines at most LACUNA_QUARANTINE_SHARE, for the day and for "
            f"each bucket with at least {FEWEST_LINES} lines?",
            "More lines than the setting allows could not be read with certainty. A new log format or "
            "an attack is likely.",
            _quarantine_share(on),
            _quarantine_share_sentence,
        ),
        Check(
            "records_set_aside",
            "warning",
            "Could every CloudTrail record of concern be used?",
            "A record in a CloudTrail file has no time or no id that CloudTrail could have written. "
            "It is set aside, and everything else is built.",
            SET_ASIDE,
            _set_aside_sentence,
        ),
        Check(
            "lines_duplicate",
            "info",
            "Was every line delivered once only?",
            "Lines were delivered more than once, as S3 does now and then. They count once.",
            DUPLICATE,
            _duplicate_sentence,
        ),
    )


def _not_cataloged(on: Partition) -> str:
    return f"""
    select days
    from (
        select count(*) as days
        from {on.evidence}.catalogued_days
        where delivered_on = date '{on.day}'
    ) as cataloged
    where days = 0
    """


def _logs_gone(on: Partition) -> str:
    return f"""
    select objects_gone, objects_catalogued
    from {on.evidence}.catalogued_days
    where delivered_on = date '{on.day}' and objects_gone > 0
    """


def _logs_gone_sentence(row: Row) -> str:
    return (
        f"{count(row['objects_gone'], 'file')} behind the catalog of "
        f"{count(int(row['objects_catalogued']), 'log object')} could not be read again: what was "
        "read before is kept"
    )


def _nothing_delivered(on: Partition) -> str:
    return f"""
    select places
    from {on.evidence}.catalogued_days
    where
        delivered_on = date '{on.day}'
        and places > 0
        and objects_catalogued = 0
    """


def _not_built(on: Partition) -> str:
    return f"""
    select delivered.log_bucket, delivered.object_key
    from {on.evidence}.log_objects as delivered
    left join {{batch}} as mart
        on
            delivered.log_bucket = mart.log_bucket
            and delivered.object_key = mart.object_key
    where delivered.delivered_on = date '{on.day}' and mart.object_key is null
    """


def _gone_trails(on: Partition) -> str:
    return f"""
    select trail_arn, log_bucket, key_prefix, count_if(is_present) as stayed
    from {on.evidence}.trail_places
    where delivered_on = date '{on.day}'
    group by trail_arn, log_bucket, key_prefix
    having count_if(not is_present) > 0
    """


def _digests(on: Partition, states: str) -> str:
    return f"""
    select
        log_bucket,
        object_key,
        state,
        trail_arn,
        region,
        min(digest_end_at) as first_end_at,
        max(digest_end_at) as last_end_at,
        count(*) as digests
    from {on.evidence}.trail_digests
    where
        delivered_on = date '{on.day}'
        and state {states}
    -- a missing digest has no key: one finding for all the hours of a chain
    group by log_bucket, object_key, state, trail_arn, region
    """


def _quarantine_share(on: Partition) -> str:
    return f"""
    select bucket_name, quarantined, lines
    from (
        select
            bucket_name,
            grouping(bucket_name) as whole_day,
            sum(lines_quarantined) as quarantined,
            sum(lines_parsed + lines_quarantined) as lines
        from (
            -- Athena's grouping() takes column names only
            select coalesce(source_bucket, log_bucket) as bucket_name, lines_quarantined, lines_parsed
            from {{batch}}
            where kind = 'access_log'
        ) as access_logs
        group by grouping sets ((bucket_name), ())
    ) as shares
    where
        quarantined > {on.quarantine_share:.12f} * lines
        and (whole_day = 1 or lines >= {FEWEST_LINES})
    """


def _not_cataloged_sentence(row: Row) -> str:
    return (
        f"the listing of the logs delivered on {row['day']} did not finish: what arrived is unknown"
    )


def _nothing_delivered_sentence(row: Row) -> str:
    places = count(row["places"], "log place")
    return f"no log object was delivered on {row['day']} to any of {places}"


def _not_built_sentence(row: Row) -> str:
    return f"{log_object(row)} was delivered on {row['day']} and is in no mart"


def _unaccounted_sentence(row: Row) -> str:
    size, read = row["size_bytes"], row["bytes_read"] or 0
    only = "only " if read < size else ""
    return f"{only}{read:,} of the {count(size, 'byte')} of {log_object(row)} were read"


def _records_sentence(row: Row) -> str:
    read, of = row["records_read"], count(row["record_count"], "record")
    return f"{read:,} of the {of} of {log_object(row)} were read: each must be read once"


def _set_aside_sentence(row: Row) -> str:
    records = count(row["records_set_aside"], "record")
    return f"{records} of {log_object(row)} could not be used ({row['reasons']})"


def _corrupt_sentence(row: Row) -> str:
    problem = f" ({row['problem']})" if row["problem"] else ""
    signed = ""
    if row["digest_state"] == "altered":
        signed = "; it is not what CloudTrail signed in its digest, treat this as tampering"
    return (
        f"{log_object(row)} cannot be read{problem}: the requests it records are in no mart{signed}"
    )


def _disowned_sentence(row: Row) -> str:
    return (
        f"{log_object(row)} is named by none of the CloudTrail digests that cover its delivery: "
        "its content is no evidence"
    )


def _gone_sentence(row: Row) -> str:
    place = f"s3://{row['log_bucket']}/{row['key_prefix']}"
    if row["stayed"]:
        return (
            f"{row['trail_arn']} delivers to other folders of {place}: it became an organization's "
            "trail, or stopped being one"
        )
    return f"{row['trail_arn']} no longer delivers to {place}: it was deleted or moved"


def _digest_sentence(row: Row) -> str:
    if row["state"] != "missing":
        state = row["state"].replace("_", " ")
        return f"the digest {log_object(row)} does not pass validation: {state}"
    trail = f"of {row['trail_arn']} in {row['region']}"
    first, last = (f"{row[end]:%Y-%m-%d %H:%M}" for end in ("first_end_at", "last_end_at"))
    if row["digests"] == 1:
        return f"the digest {trail} for the hour that ends at {first} UTC is missing"
    return (
        f"{row['digests']} digests {trail} are missing, for hours that end between {first} and "
        f"{last} UTC"
    )


def _quarantine_share_sentence(row: Row) -> str:
    buckets = f"of {row['bucket_name']}" if row["bucket_name"] else "of all buckets"
    share = percent(row["quarantined"] / row["lines"])
    return (
        f"{count(row['quarantined'], 'access-log line')} {buckets} delivered on {row['day']} "
        f"could not be read ({share} of {row['lines']:,}), see quarantined_lines"
    )


def _duplicate_sentence(row: Row) -> str:
    whole = f", including {count(row['objects'], 'whole object')}" if row["objects"] else ""
    return (
        f"{count(row['lines'], 'access-log line')} of {row['bucket_name']} delivered on "
        f"{row['day']} had been delivered before{whole}; they count once"
    )
