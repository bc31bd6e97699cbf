{{ config(materialized='ephemeral', tags=['event_days']) }}

{%- set margin = var('stamp_margin_minutes') %}

with

config as (

    select *

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

listings as (

    select *

    from {{ ref('stg_evidence__listings') }}

    where
        delivered_on in {{ event_days(after=1) }}
        and kind = 'cloudtrail'
        and error_code is not null

),

places as (

    select *

    from {{ ref('stg_evidence__trail_places') }}

    where delivered_on in {{ event_days(after=1) }}

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
-- unknown.
unseen_settings as (

    select
        about,
        account_id as owner_id,
        observed_at,
        if(count(only_account_id) = count(*), account_id) as account_id,
        if(count(only_region) = count(*) and min(only_region) = max(only_region), min(only_region)) as region,
        min(weakened_at) as weakened_at,
        max(set_at) as set_at

    from {{ ref('int_recorder_changes') }}

    group by about, account_id, observed_at

),

-- A folder that could not be listed hides the events of the trails that deliver there, in their accounts and Regions. If
-- the trails are unknown too, it hides the events of all.
unlisted_folders as (

    select distinct
        listings.log_bucket,
        listings.error_code,
        listings.delivered_on,
        if(not places.is_organization, places.account_id) as account_id,
        if(not places.is_multi_region, places.home_region) as region

    from listings

    left join places
        on
            listings.log_bucket = places.log_bucket
            and listings.delivered_on = places.delivered_on

),

gaps as (

    select
        account_id,
        region,
        'folder_unlisted' as reason,
        -- a file's events are at most an hour older than its delivery
        date_add('hour', -1, cast(delivered_on as timestamp)) as gap_begin,
        date_add('day', 1, cast(delivered_on as timestamp)) as gap_end

    from unlisted_folders

    where error_code <> 'NoSuchBucket'

    union all

    -- If the snapshot saw the bucket missing, the trail already counts for nothing. If the bucket was deleted after the
    -- snapshot, the events that the trail had recorded went with it.
    select
        config.account_id,
        folders.region,
        'folder_unlisted' as reason,
        date_add('hour', -1, cast(folders.delivered_on as timestamp)) as gap_begin,
        date_add('day', 1, cast(folders.delivered_on as timestamp)) as gap_end

    from unlisted_folders as folders

    inner join config
        on
            config.event_date between date_add('day', -1, folders.delivered_on) and folders.delivered_on
            and coalesce(folders.account_id = config.account_id, true)

    where
        folders.error_code = 'NoSuchBucket'
        and not contains(config.missing_trail_buckets, folders.log_bucket)

    union all

    select
        cast(null as varchar) as account_id,
        region,
        'file_untrusted' as reason,
        -- the object's own time may be that of the tampering; the time in its name is accurate to about a minute
        date_add('hour', -1, stamped_at) as gap_begin,
        date_add('minute', {{ margin }}, stamped_at) as gap_end

    from files

    where not readable or {{ is_untrusted_file() }}

    union all

    select
        cast(null as varchar) as account_id,
        region,
        'digest_untrusted' as reason,
        -- if the chain is broken, the digest before is not the one that CloudTrail wrote
        date_add('hour', if(state = 'broken_chain', -2, -1), digest_start_at) as gap_begin,
        digest_end_at as gap_end

    from digests

    where
        -- an unknown key proves nothing, as if the trail had no digests
        state not in ('valid', 'key_unknown')
        or cardinality(missing_files) > 0
        or cardinality(altered_files) > 0

    union all

    select
        account_id,
        region,
        if(about = 'trail', 'trail_changed_twice', 'store_changed_twice') as reason,
        weakened_at as gap_begin,
        -- a change takes effect after some minutes
        date_add('minute', {{ margin }}, set_at) as gap_end

    from unseen_settings

    where weakened_at < set_at

)

select distinct
    gaps.account_id,
    gaps.region,
    cast(gaps.reason as varchar) as reason,
    gaps.gap_begin,
    gaps.gap_end,
    event_days.event_date

from gaps

inner join (values {{ event_day_rows() }}) as event_days (event_date)
    on
        date_add('day', 1, cast(event_days.event_date as timestamp)) > gaps.gap_begin
        and cast(event_days.event_date as timestamp) < gaps.gap_end
