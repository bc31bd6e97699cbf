"""Places of logs that could not be listed or read, and objects that no day's catalog has."""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from expectations.shared import Partition, Row, count, log_place

# What the objects of a kind are, and why no catalog has them
_OUT_OF_TIME = {
    "access_log": ("access-log object", "long after the time in the key"),
    "cloudtrail": ("CloudTrail file", "after the catalog of the day of its folder"),
    "digest": ("digest", "after the catalog of the day of its folder"),
}


def unreadable_places(on: Partition) -> str:
    return f"""
    select
        listings.log_bucket,
        -- what is true of a whole bucket is one finding
        if(
            listings.error_code <> 'NoSuchBucket' and listings.error_code not like 'GetObject: %',
            listings.prefix
        ) as prefix,
        listings.error_code,
        array_join(listings.source_buckets, ', ') as source_buckets,
        if(listings.log_bucket = '', listings.account_id) as account_id,
        if(listings.log_bucket = '', listings.region) as region,
        trails.trails,
        min(listings.prefix) as example,
        count(*) as folders
    from {_refused_listings(on)} as listings
    left join (
        select log_bucket, array_join(array_agg(distinct trail_arn), ', ') as trails
        from {on.evidence}.trail_places
        where delivered_on = date '{on.day}'
        group by log_bucket
    ) as trails
        on listings.log_bucket = trails.log_bucket and listings.kind <> 'access_log'
    where not listings.is_foreign
    group by 1, 2, 3, 4, 5, 6, 7
    """


def foreign_places(on: Partition) -> str:
    # one finding for all the folders of a trail
    return f"""
    select trail_arn, owner_id, log_bucket, min(prefix) as prefix, min(error_code) as error_code
    from {_refused_listings(on)} as listings
    where is_foreign
    group by trail_arn, owner_id, log_bucket
    """


def _refused_listings(on: Partition) -> str:
    """Return a subquery: the refused places; foreign ones are of accounts that are not observed."""
    return f"""(
        select
            listings.*,
            split_part(listings.trail_arn, ':', 5) as owner_id,
            listings.trail_arn is not null
            and observed.account_id is null
            and (select count(*) from {on.accounts()} as every) > 0 as is_foreign
        from {on.evidence}.listings as listings
        left join {on.accounts()} as observed
            on split_part(listings.trail_arn, ':', 5) = observed.account_id
        where
            listings.delivered_on = date '{on.day}'
            and listings.error_code is not null
    )"""


def out_of_time(on: Partition) -> str:
    return f"""
    select
        log_bucket,
        prefix,
        kind,
        sum(objects_out_of_time) as objects,
        array_join(
            array_sort(
                array_distinct(
                    flatten(
                        array_agg(coalesce(days_out_of_time, cast(array[] as array(varchar))))
                    )
                )
            ),
            ', '
        ) as days
    from {on.evidence}.listings
    where
        delivered_on = date '{on.day}'
        and objects_out_of_time > 0
    group by log_bucket, prefix, kind
    """


def unreadable_place_sentence(row: Row) -> str:
    if not row["log_bucket"]:
        where = f" of account {row['account_id']} in {row['region']}" if row["account_id"] else ""
        return f"the trails{where} could not be listed ({row['error_code']}): they are unknown"
    if row["error_code"] == "NoSuchBucket":
        recorders = row["trails"] or "a trail that delivers there"
        return f"s3://{row['log_bucket']} does not exist: what {recorders} records is lost"
    affected = f" (access logs of {row['source_buckets']})" if row["source_buckets"] else ""
    unknown = f"what was delivered there on {row['day']} is unknown{affected}"
    code = row["error_code"]
    if code == "LogsUnread":
        return (
            f"{log_place(row)} holds logs of {row['day']} that were not read{affected}: others of "
            "the day are gone, so what was read before is kept"
        )
    if code == "LogsGone":
        return (
            f"{log_place(row)} lost logs of {row['day']} that were read before, and the loss was "
            f"accepted: {unknown}"
        )
    if code.startswith("GetObject: "):
        more = f" and {count(row['folders'] - 1, 'other folder')}" if row["folders"] > 1 else ""
        return (
            f"{log_place(dict(row) | {'prefix': row['example']})}{more} could not be read ({code}): "
            f"{unknown}; the run needs s3:GetObject there and, if a KMS key encrypts the logs, "
            "kms:Decrypt on that key"
        )
    return f"{log_place(row)} could not be listed ({code}): {unknown}"


def foreign_place_sentence(row: Row) -> str:
    return (
        f"{log_place(row)} could not be listed ({row['error_code']}): there {row['trail_arn']} "
        f"delivers, a trail of account {row['owner_id']}, which is not observed"
    )


def out_of_time_sentence(row: Row) -> str:
    thing, when = _OUT_OF_TIME[row["kind"]]
    verb = "is" if row["objects"] == 1 else "are"
    return (
        f"{count(row['objects'], thing)} under {log_place(row)}, seen by the run of {row['day']}, "
        f"{verb} in the catalog of no day: written {when}"
    )


def out_of_time_to_do(row: Row) -> str:
    if not row["days"]:
        return ""
    if row["kind"] == "access_log":
        return (
            f"They were written on {row['days']}: run that day again with a larger "
            "LACUNA_EVENT_DAY_FOLDERS."
        )
    return f"Run again: {row['days']}."
