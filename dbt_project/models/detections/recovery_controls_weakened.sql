{%- set entry = detection('recovery_controls_weakened') -%}

with

-- What was put back on the same day is not weak at its end.
changes as (

    select
        *,
        row_number() over (
            partition by event_date, account_id, bucket_name, control
            order by coalesce(changed_at, seen_after_at) desc, event_id desc
        ) as nth_last

    from {{ ref('fct_protection_changes') }}

    where
        event_date in {{ event_days() }}
        and error_code is null
        and control in ('versioning', 'object_lock', 'replication', 'encryption')

),

{{ changes_by_bucket(
    'changes',
    "changes.nth_last = 1 and (changes.direction = 'weakened' or (changes.direction = 'unknown' and changes.asks_for = 'weaker'))",
    "if(count(distinct changes.control) > 1 or bool_or(buckets.is_sensitive), 'high')",
) }}

{{ detected(
    entry,
    'described',
    bucket_name='bucket_name',
    bucket_names='bucket_names',
    subject='controls',
    severity='severity',
    value='changes',
    requests='changes',
    cause_event_ids='event_ids',
) }}
