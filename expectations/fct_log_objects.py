"""Was everything delivered on a day found, readable, untouched and read to the last byte?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

import great_expectations as gx

from expectations.partition import Partition, Row, Words, count, expect_no_rows, log_object, percent

# Below this many lines one odd line would exceed any sensible share.
FEWEST_LINES = 100

WITH_STATUS = """
select log_bucket, object_key, problem, digest_state
from {{batch}}
where status = '{status}'
"""

# The mart's verdict, and beside it a bound from nothing but sizes: what was read of a line counts
# its newline, but not a carriage return before it.
UNACCOUNTED = """
select log_bucket, object_key, size_bytes, bytes_read
from {batch}
where
    status = 'unaccounted'
    or (
        kind = 'access_log'
        and coalesce(bytes_read + lines_parsed + lines_quarantined, 0) < size_bytes
    )
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


def suite(on: Partition) -> gx.ExpectationSuite:
    """What is expected of one delivery day of fct_log_objects."""
    return gx.ExpectationSuite(
        name="fct_log_objects",
        expectations=[
            expect_no_rows(
                "day_not_catalogued",
                "critical",
                "The log buckets of the day were listed to the end. If not, an absent log object "
                "proves nothing.",
                _not_catalogued(on),
            ),
            expect_no_rows(
                "place_unreadable",
                "critical",
                "A place that logs are delivered to could not be listed: what came there is "
                "unknown, not absent.",
                _unreadable_places(on),
            ),
            expect_no_rows(
                "nothing_delivered",
                "warning",
                "Places were listed and not one log object was in them. An account without any "
                "request is possible; a delivery that stopped everywhere is more likely.",
                _nothing_delivered(on),
            ),
            expect_no_rows(
                "object_not_built",
                "critical",
                "Every log object in the evidence is in the mart. Without this, an empty "
                "partition would look like a day in good order.",
                _not_built(on),
            ),
            expect_no_rows(
                "bytes_unaccounted",
                "critical",
                "Every byte of an access-log object was read as part of a line.",
                UNACCOUNTED,
            ),
            expect_no_rows(
                "object_corrupt",
                "critical",
                "A log object that cannot be read is left out, so the rest of the day is built; "
                "what it held is lost.",
                WITH_STATUS.format(status="corrupt"),
            ),
            expect_no_rows(
                "object_altered",
                "critical",
                "The object's content is not what CloudTrail signed for in its digest.",
                WITH_STATUS.format(status="altered"),
            ),
            expect_no_rows(
                "object_disowned",
                "critical",
                "Valid digests cover the delivery of the object and none names it: CloudTrail did "
                "not write it, or a trail that writes no digests did.",
                DISOWNED,
            ),
            expect_no_rows(
                "object_missing",
                "critical",
                "CloudTrail signed for this object in a digest, and it is gone.",
                WITH_STATUS.format(status="missing"),
            ),
            expect_no_rows(
                "trail_gone",
                "critical",
                "Every trail that delivered the day before still delivers to the same place.",
                _gone_trails(on),
            ),
            expect_no_rows(
                "digest_not_valid",
                "critical",
                "CloudTrail's digests of the day form one signed chain. Where it breaks, files "
                "may have been removed together with the proof that they existed.",
                _digests(on, "not in ('valid', 'key_unknown')"),
            ),
            expect_no_rows(
                "digest_unverified",
                "warning",
                "CloudTrail's public keys could not be had for these digests: their signature proves "
                "nothing either way.",
                _digests(on, "= 'key_unknown'"),
            ),
            expect_no_rows(
                "object_not_a_log",
                "warning",
                "Only the log services should write under a log prefix. Somebody else does.",
                WITH_STATUS.format(status="not_a_log"),
            ),
            expect_no_rows(
                "quarantine_share",
                "warning",
                "The share of lines that could not be read beyond doubt stays under "
                "LACUNA_QUARANTINE_SHARE, for the day and for each bucket of "
                f"{FEWEST_LINES} lines or more. Above it, a new log format or an attack is likely.",
                _quarantine_share(on),
            ),
            expect_no_rows(
                "lines_duplicate",
                "info",
                "Lines delivered more than once count once. S3 does this now and then.",
                DUPLICATE,
            ),
        ],
    )


def _not_catalogued(on: Partition) -> str:
    return f"""
    select days
    from (
        select count(*) as days
        from {on.evidence}.catalogued_days
        where delivered_on = date '{on.day}'
    ) as catalogued
    where days = 0
    """


def _unreadable_places(on: Partition) -> str:
    return f"""
    select distinct
        listings.log_bucket,
        -- of a bucket that is gone every folder is: one finding
        if(listings.error_code <> 'NoSuchBucket', listings.prefix) as prefix,
        listings.error_code,
        array_join(listings.source_buckets, ', ') as source_buckets,
        trails.trails
    from {on.evidence}.listings as listings
    left join (
        select log_bucket, array_join(array_agg(distinct trail_arn), ', ') as trails
        from {on.evidence}.trail_places
        where delivered_on = date '{on.day}'
        group by log_bucket
    ) as trails
        on listings.log_bucket = trails.log_bucket and listings.kind <> 'access_log'
    where
        listings.delivered_on = date '{on.day}'
        and listings.error_code is not null
    """


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
    select trail_arn, log_bucket, key_prefix
    from {on.evidence}.trail_places
    where
        delivered_on = date '{on.day}'
        and not is_present
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
    -- a missing one has no key: one finding for all the hours of a chain
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
            -- Athena's grouping() takes the names of columns only
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


def _says_not_catalogued(row: Row) -> str:
    return f"the logs delivered on {row['day']} were not listed to the end: what came is unknown"


def _says_unreadable_place(row: Row) -> str:
    if row["error_code"] == "NoSuchBucket":
        recorder = row["trails"] or "a trail that delivers there"
        return f"s3://{row['log_bucket']} does not exist: what {recorder} records is lost"
    place = f"s3://{row['log_bucket']}/{row['prefix'] or ''}"
    affected = f" (access logs of {row['source_buckets']})" if row["source_buckets"] else ""
    return (
        f"{place} could not be listed ({row['error_code']}): "
        f"what was delivered there on {row['day']} is unknown{affected}"
    )


def _says_nothing_delivered(row: Row) -> str:
    places = count(row["places"], "place")
    return f"no log object was delivered on {row['day']} to any of {places}"


def _says_not_built(row: Row) -> str:
    return f"{log_object(row)} was delivered on {row['day']} and is in no mart"


def _says_unaccounted(row: Row) -> str:
    size, read = row["size_bytes"], row["bytes_read"] or 0
    only = "only " if read < size else ""
    return f"of the {count(size, 'byte')} of {log_object(row)} {only}{read:,} were read"


def _says_corrupt(row: Row) -> str:
    problem = f" ({row['problem']})" if row["problem"] else ""
    signed = ""
    if row["digest_state"] == "altered":
        signed = "; it is not what CloudTrail signed for in its digest, treat as tampering"
    return (
        f"{log_object(row)} cannot be read{problem}: the requests it records are in no mart{signed}"
    )


def _says_altered(row: Row) -> str:
    return f"{log_object(row)} was altered after CloudTrail delivered it"


def _says_disowned(row: Row) -> str:
    return (
        f"{log_object(row)} is in no digest of CloudTrail, though they cover its delivery; what "
        "it says is no evidence"
    )


def _says_missing(row: Row) -> str:
    return f"{log_object(row)} was deleted after CloudTrail delivered it"


def _says_digest(row: Row) -> str:
    if row["state"] == "missing":
        whose = f"of {row['trail_arn']} in {row['region']}"
        first, last = (f"{row[end]:%Y-%m-%d %H:%M}" for end in ("first_end_at", "last_end_at"))
        if row["digests"] == 1:
            return f"the digest of the hour up to {first} UTC {whose} is missing"
        return (
            f"{row['digests']} digests {whose} are missing, the first of the hour up to {first} UTC, "
            f"the last of the hour up to {last} UTC"
        )
    return f"the digest {log_object(row)} does not hold: {row['state'].replace('_', ' ')}"


def _says_gone(row: Row) -> str:
    return (
        f"{row['trail_arn']} delivers to s3://{row['log_bucket']}/{row['key_prefix']} no more: it "
        "was deleted or moved"
    )


def _says_not_a_log(row: Row) -> str:
    return f"{log_object(row)} lies among the logs and is not one"


def _says_quarantine_share(row: Row) -> str:
    of_what = f"of {row['bucket_name']}" if row["bucket_name"] else "of all buckets"
    share = percent(row["quarantined"] / row["lines"])
    return (
        f"{count(row['quarantined'], 'access-log line')} {of_what} delivered on {row['day']} "
        f"could not be read ({share} of {row['lines']:,}), see quarantined_lines"
    )


def _says_duplicate(row: Row) -> str:
    whole = f", {count(row['objects'], 'whole object')} among them" if row["objects"] else ""
    return (
        f"{count(row['lines'], 'access-log line')} of {row['bucket_name']} delivered on "
        f"{row['day']} had come before{whole}; they count once"
    )


WORDS: Words = {
    "day_not_catalogued": _says_not_catalogued,
    "place_unreadable": _says_unreadable_place,
    "nothing_delivered": _says_nothing_delivered,
    "object_not_built": _says_not_built,
    "bytes_unaccounted": _says_unaccounted,
    "object_corrupt": _says_corrupt,
    "object_altered": _says_altered,
    "object_disowned": _says_disowned,
    "object_missing": _says_missing,
    "trail_gone": _says_gone,
    "digest_not_valid": _says_digest,
    "digest_unverified": _says_digest,
    "object_not_a_log": _says_not_a_log,
    "quarantine_share": _says_quarantine_share,
    "lines_duplicate": _says_duplicate,
}
