"""Did somebody change what is logged on an event day, and would anybody have seen it?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

import great_expectations as gx

from expectations.partition import Partition, Row, Words, count, expect_no_rows

# One finding for all calls of one caller to one end: tools repeat themselves.
CHANGES = """
select
    coalesce(bucket_name, trail_name, if(about = 'account', 'account ' || account_id)) as bucket_name,
    event_name,
    identity_arn,
    error_code,
    account_id,
    event_region,
    count(*) as calls,
    date_format(min(changed_at), '%H:%i:%s') as first_at,
    date_format(max(changed_at), '%H:%i:%s') as last_at
from {{batch}}
where {condition}
group by 1, 2, 3, 4, 5, 6
"""

# The same, with the first call of the day after them that turned it on again.
WEAKENED = """
select
    weakened.bucket_name,
    weakened.event_name,
    weakened.identity_arn,
    weakened.error_code,
    weakened.calls,
    weakened.first_at,
    weakened.last_at,
    min(on_again.at) as on_again_at
from ({weakened}) as weakened
left join (
    select
        account_id,
        event_region,
        coalesce(bucket_name, trail_name) as name,
        date_format(changed_at, '%H:%i:%s') as at
    from {{batch}}
    where
        error_code is null
        and event_name in ('PutBucketLogging', 'StartLogging')
        and effect in ('on', 'redirected')
) as on_again
    on
        weakened.account_id = on_again.account_id
        and weakened.event_region = on_again.event_region
        -- a trail is called by its name or by its ARN
        and regexp_replace(weakened.bucket_name, '^arn:.*/', '')
        = regexp_replace(on_again.name, '^arn:.*/', '')
        and weakened.last_at < on_again.at
group by
    weakened.bucket_name,
    weakened.event_name,
    weakened.identity_arn,
    weakened.error_code,
    weakened.calls,
    weakened.first_at,
    weakened.last_at,
    weakened.account_id,
    weakened.event_region
"""
# What a later call of that day can turn on again.
SWITCHES = frozenset({"PutBucketLogging", "StopLogging"})

# What changes no log, and may change how much of a bucket has to be recorded.
TAGGING = "event_name in ('PutBucketTagging', 'DeleteBucketTagging')"


def suite(on: Partition) -> gx.ExpectationSuite:
    """What is expected of one event day of fct_logging_changes."""
    return gx.ExpectationSuite(
        name="fct_logging_changes",
        expectations=[
            expect_no_rows(
                "changes_not_witnessed",
                "warning",
                "A trail records the calls that change what is logged, in every Region that has "
                "buckets. Without this, a day on which nobody could have seen a change would look "
                "like a day without one.",
                _not_witnessed(on),
            ),
            expect_no_rows(
                "logging_weakened",
                "critical",
                "Nobody turned off a bucket's access log, stopped or deleted a trail, or took away "
                "what log buckets need to receive. Buckets that LACUNA_UNLOGGED_BUCKETS names may "
                "be turned off.",
                WEAKENED.format(
                    weakened=_changes(
                        f"effect = 'off' and error_code is null {_meant_to_be_logged(on)}"
                    )
                ),
            ),
            expect_no_rows(
                "logging_redirected",
                "critical",
                "Nobody sent a bucket's access log to another place than it went to before and "
                "after: what was delivered there is not where it is looked for.",
                _changes("effect = 'redirected' and error_code is null"),
            ),
            expect_no_rows(
                "weakening_refused",
                "warning",
                "Nobody tried to turn logging off or to change it and was refused: whoever did has "
                "the wrong tool or the wrong intent.",
                _changes(f"effect <> 'on' and error_code is not null and not {TAGGING}"),
            ),
            expect_no_rows(
                "logging_changed",
                "warning",
                "Nobody changed what a trail records, a log bucket's policy, encryption, lifecycle "
                "or the like, or the account's block of public access. What such a change broke "
                "shows in the verdicts.",
                _changes(f"effect = 'changed' and error_code is null and not {TAGGING}"),
            ),
            expect_no_rows(
                "tags_changed",
                "info",
                "Nobody changed a bucket's tags, one of which may have called it sensitive: without "
                "it, less of the bucket has to be recorded, and no verdict tells.",
                _changes(f"{TAGGING} and error_code is null"),
            ),
        ],
    )


def _not_witnessed(on: Partition) -> str:
    # what was written down before anybody looked at this is not known either
    return f"""
    select account_id, region, witness, witnessed_since, count(*) as buckets
    from (
        select
            account_id,
            region,
            coalesce(changes_witness, 'unknown') as witness,
            if(
                changes_witnessed_since > timestamp '{on.day} 00:00:00.000',
                date_format(changes_witnessed_since, '%Y-%m-%d %H:%i:%s')
            ) as witnessed_since
        from {on.configuration()} as observed
    ) as witnesses
    where witness <> 'covered' or witnessed_since is not null
    group by account_id, region, witness, witnessed_since
    """


def _changes(condition: str) -> str:
    return CHANGES.format(condition=condition)


def _meant_to_be_logged(on: Partition) -> str:
    """Trails and log buckets have no such exception."""
    allowed = on.meant_to_be_logged().removeprefix("and ")
    return f"and (about <> 'bucket' or {allowed})" if allowed else ""


_WITNESSES = {
    "covered": "was recorded by a trail since {since} UTC only: it was started then",
    "partly_covered": "is recorded by trails in part only",
    "not_covered": "is recorded by no trail",
    "unknown": "may be recorded by no trail: nobody could tell",
}


def _says_not_witnessed(row: Row) -> str:
    where = f"{row['region'] or 'a Region that is not known'} of account {row['account_id']}"
    witness = _WITNESSES[row["witness"]].format(since=row["witnessed_since"])
    return f"who changes what is logged in {where} ({count(row['buckets'], 'bucket')}) {witness}"


def _says(row: Row) -> str:
    name = row["bucket_name"] or "something without a name"
    when = row["first_at"] if row["calls"] == 1 else f"{row['first_at']} to {row['last_at']}"
    refused = f", refused ({row['error_code']})" if row["error_code"] else ""
    times = "" if row["calls"] == 1 else f" {row['calls']:,} times"
    who = row["identity_arn"] or "somebody"
    return f"{who} called {row['event_name']} on {name}{times} at {when} UTC{refused}"


def _says_weakened(row: Row) -> str:
    if row["event_name"] not in SWITCHES:
        return _says(row)
    off = f"off from {row['last_at']}"
    if row["on_again_at"] is None:
        return f"{_says(row)}: {off} to the end of the day, as far as a trail recorded"
    return f"{_says(row)}: {off} until {row['on_again_at']}"


WORDS: Words = {
    "changes_not_witnessed": _says_not_witnessed,
    "logging_weakened": _says_weakened,
    "logging_redirected": _says,
    "weakening_refused": _says,
    "logging_changed": _says,
    "tags_changed": _says,
}
