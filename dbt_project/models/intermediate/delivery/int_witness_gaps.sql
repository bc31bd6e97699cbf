{{ config(materialized='ephemeral', tags=['event_days']) }}

{%- set margin = var('stamp_margin_minutes') %}

with

writers as (

    select *

    from {{ ref('int_trail_writers') }}

),

files as (

    select *

    from {{ ref('stg_evidence__log_objects') }}

    where
        delivered_on in {{ event_days(after=1) }}
        and kind = 'cloudtrail'

),

digests as (

    select *

    from {{ ref('stg_evidence__trail_digests') }}

    where delivered_on in {{ event_days(after=1) }}

),

-- Trails or event data stores that were changed more than once between two snapshots: what they recorded in between is
-- unknown. One may have been reduced before another took over, so those of an account are taken together.
unseen_settings as (

    select
        about,
        account_id as owner_id,
        observed_at,
        array_agg(distinct trail_arn) as trails,
        if(count(only_account_id) = count(*), account_id) as account_id,
        if(count(only_region) = count(*) and min(only_region) = max(only_region), min(only_region)) as region,
        min(weakened_at) as weakened_at,
        max(set_at) as set_at

    from {{ ref('int_recorder_changes') }}

    group by about, account_id, observed_at

),

-- However many files of an hour are bad, they are one gap: each hides more than an hour.
untrusted_files as (

    select
        account_id,
        region,
        trail_arn,
        delivered_on,
        min(stamped_at) as first_stamp,
        max(stamped_at) as last_stamp

    from files

    where not readable or {{ is_untrusted_file() }}

    group by account_id, region, trail_arn, delivered_on, date_trunc('hour', stamped_at)

),

gaps as (

    select
        account_id,
        region,
        trail_arn,
        reason,
        -- a file's events are at most an hour older than its delivery
        date_add('hour', -1, cast(delivered_on as timestamp)) as gap_begin,
        date_add('day', 1, cast(delivered_on as timestamp)) as gap_end

    from {{ ref('int_unlisted_folders') }}

    union all

    select
        files.account_id,
        files.region,
        coalesce(writers.trail_arn, files.trail_arn) as trail_arn,
        'file_untrusted' as reason,
        -- the object's own time may be that of the tampering; the time in its name is accurate to about a minute
        date_add('hour', -1, files.first_stamp) as gap_begin,
        date_add('minute', {{ margin }}, files.last_stamp) as gap_end

    from untrusted_files as files

    left join writers
        on
            files.trail_arn = writers.named_arn
            and files.delivered_on = writers.delivered_on

    union all

    select
        account_id,
        region,
        trail_arn,
        'digest_untrusted' as reason,
        -- if the chain is broken, the digest before is not the one that CloudTrail wrote
        date_add('hour', if(state = 'broken_chain', -2, -1), digest_start_at) as gap_begin,
        digest_end_at as gap_end

    from digests

    where
        -- An unknown key proves nothing, as if the trail had no digests. Nor does one that may still arrive: the next
        -- day's catalog judges it.
        state not in ('valid', 'key_unknown', 'pending')
        or cardinality(missing_files) > 0
        or cardinality(altered_files) > 0

    union all

    select
        unseen_settings.account_id,
        unseen_settings.region,
        changed.trail_arn,
        if(unseen_settings.about = 'trail', 'trail_changed_twice', 'store_changed_twice') as reason,
        unseen_settings.weakened_at as gap_begin,
        -- a change takes effect after some minutes
        date_add('minute', {{ margin }}, unseen_settings.set_at) as gap_end

    from unseen_settings

    cross join unnest(unseen_settings.trails) as changed (trail_arn)

    where unseen_settings.weakened_at < unseen_settings.set_at

)

select distinct
    gaps.account_id,
    gaps.region,
    gaps.trail_arn,
    cast(gaps.reason as varchar) as reason,
    gaps.gap_begin,
    gaps.gap_end,
    event_days.event_date

from gaps

inner join (values {{ event_day_rows() }}) as event_days (event_date)
    on
        date_add('day', 1, cast(event_days.event_date as timestamp)) > gaps.gap_begin
        and cast(event_days.event_date as timestamp) < gaps.gap_end
