"""Did somebody change on an event day what is logged, and would a trail have recorded it?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from expectations.shared import Check, Partition, Row, count

# One finding for all calls of one caller about one thing: tools repeat themselves
CHANGES = """
select
    coalesce(bucket_name, trail_name, if(about = 'account', 'account ' || account_id)) as about_name,
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

# The same, with the first later call of the day that turned it on again
WEAKENED = """
select
    weakened.about_name,
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
        -- a call names a trail by its name or by its ARN
        and regexp_replace(weakened.about_name, '^arn:.*/', '')
        = regexp_replace(on_again.name, '^arn:.*/', '')
        and weakened.last_at < on_again.at
group by
    weakened.about_name,
    weakened.event_name,
    weakened.identity_arn,
    weakened.error_code,
    weakened.calls,
    weakened.first_at,
    weakened.last_at,
    weakened.account_id,
    weakened.event_region
"""
# What a later call of that day can turn on again
SWITCHES = frozenset({"PutBucketLogging", "StopLogging"})

# Changes no log, and may change how much of a bucket has to be recorded
TAGGING = "event_name in ('PutBucketTagging', 'DeleteBucketTagging')"


def checks(on: Partition) -> tuple[Check, ...]:
    """Return the checks of one event day of fct_logging_changes."""
    return (
        Check(
            "changes_not_witnessed",
            "warning",
            "Does a trail record the calls that change what is logged, in every Region that has "
            "buckets?",
            "No trail would have recorded a change. A day on which nobody could see a change would "
            "otherwise look like a day without one.",
            _not_witnessed(on),
            _not_witnessed_sentence,
        ),
        Check(
            "logging_weakened",
            "critical",
            "Did logging stay on: every bucket's access log, every trail, and what log buckets need "
            "to receive?",
            "Somebody turned off a bucket's access log, stopped or deleted a trail, or took away "
            "what a log bucket needs to receive. Buckets that LACUNA_UNLOGGED_BUCKETS names may be "
            "turned off.",
            WEAKENED.format(
                weakened=_changes(f"effect = 'off' and error_code is null {_must_be_logged(on)}")
            ),
            _weakened_sentence,
        ),
        Check(
            "logging_redirected",
            "critical",
            "Did every bucket's access log go to the same place all day?",
            "Somebody sent a bucket's access log to another place than before and after. What was "
            "delivered there is not read.",
            _changes("effect = 'redirected' and error_code is null"),
            _call_sentence,
        ),
        Check(
            "weakening_refused",
            "warning",
            "Was the day free of refused calls that would have turned logging off or changed it?",
            "Somebody tried to turn logging off or to change it and was refused. The caller has the "
            "wrong tool or the wrong intent.",
            _changes(f"effect <> 'on' and error_code is not null and not {TAGGING}"),
            _call_sentence,
        ),
        Check(
            "logging_changed",
            "warning",
            "Did trails, log buckets and the account's block of public access stay as they were?",
            "Somebody changed what a trail records, a log bucket's policy, encryption, lifecycle or "
            "the like, or the account's block of public access. The verdicts show what it broke.",
            _changes(f"effect = 'changed' and error_code is null and not {TAGGING}"),
            _call_sentence,
        ),
        Check(
            "tags_changed",
            "info",
            "Did all bucket tags stay as they were?",
            "Somebody changed a bucket's tags. If the tag that called it sensitive is gone, less of "
            "the bucket has to be recorded, and no verdict shows that.",
            _changes(f"{TAGGING} and error_code is null"),
            _call_sentence,
        ),
    )


def _not_witnessed(on: Partition) -> str:
    # snapshots of an older version say nothing of this: unknown
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


def _must_be_logged(on: Partition) -> str:
    """Return a condition that exempts no trail and no log bucket."""
    allowed = on.must_be_logged().removeprefix("and ")
    return f"and (about <> 'bucket' or {allowed})" if allowed else ""


_WITNESSES = {
    "covered": "are recorded by a trail only since {since} UTC, when it was started",
    "partly_covered": "are recorded by trails only in part",
    "not_covered": "are recorded by no trail",
    "unknown": "are possibly recorded by no trail: the trails could not be read",
}


def _not_witnessed_sentence(row: Row) -> str:
    region = row["region"] or "an unknown Region"
    place = f"{region} of account {row['account_id']} ({count(row['buckets'], 'bucket')})"
    witness = _WITNESSES[row["witness"]].format(since=row["witnessed_since"])
    return f"calls that change what is logged in {place} {witness}"


def _call_sentence(row: Row) -> str:
    name = row["about_name"] or "something without a name"
    when = row["first_at"] if row["calls"] == 1 else f"{row['first_at']} to {row['last_at']}"
    refused = f" and was refused ({row['error_code']})" if row["error_code"] else ""
    times = "" if row["calls"] == 1 else f" {row['calls']:,} times"
    caller = row["identity_arn"] or "somebody"
    return f"{caller} called {row['event_name']} on {name}{times} at {when} UTC{refused}"


def _weakened_sentence(row: Row) -> str:
    call = _call_sentence(row)
    if row["event_name"] not in SWITCHES:
        return call
    until = row["on_again_at"] or "the end of the day, as far as a trail recorded"
    return f"{call}: off from {row['last_at']} until {until}"
