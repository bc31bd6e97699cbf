{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{%- set margin = var('stamp_margin_minutes') %}

with

event_days as (

    select event_date

    from (values {{ event_day_rows() }}) as days (event_date)

    where event_date is not null

),

-- The trails of these days: a change of one concerns the Region and the account that it records.
trails as (

    select
        split_part(trail_arn, ':', 5) as account_id,
        home_region,
        regexp_replace(trail_arn, '^.*/', '') as trail_name,
        bool_or(is_multi_region) as is_multi_region,
        bool_or(is_organization) as is_organization

    from {{ source('evidence', 'trail_places') }}

    where delivered_on in {{ event_days(before=1, after=1) }}

    group by 1, 2, 3

),

looks as (

    select distinct observed_at

    from {{ source('evidence', 'logging_snapshots') }}

    where {{ is_look_at_event_days() }}

),

-- Each change with the first look after it, which tells what the trail or store records since its last change.
recorder_changes as (

    select
        changes.about,
        changes.account_id,
        changes.event_region,
        regexp_replace(changes.trail_name, '^.*/', '') as trail_name,
        changes.event_name,
        changes.effect,
        changes.changed_at,
        min(looks.observed_at) as looked_at

    from {{ ref('int_configuration_changes') }} as changes

    inner join looks
        on changes.changed_at <= looks.observed_at

    where
        {{ is_look_at_event_days('changes.event_date') }}
        and changes.about in ('trail', 'event_data_store')
        and changes.error_code is null

    group by 1, 2, 3, 4, 5, 6, 7

),

dated as (

    select
        *,
        min(if(event_name = 'CreateTrail', changed_at)) over (
            partition by about, account_id, event_region, trail_name, looked_at
        ) as made_at

    from recorder_changes

),

concerning as (

    select
        dated.about,
        dated.account_id as owner_id,
        dated.looked_at,
        -- what was made since the look before took nothing away that was seen there
        if(dated.effect <> 'on' and coalesce(dated.changed_at < dated.made_at, true), dated.changed_at) as weakened_at,
        -- what a trail's start brings back is known since that start; a store tells only when it was made
        if(
            dated.effect = 'changed'
            or dated.event_name in ('StartEventDataStoreIngestion', 'RestoreEventDataStore'),
            dated.changed_at
        ) as set_at,
        -- a store counts for its own account only
        if(dated.about = 'event_data_store' or not trails.is_organization, dated.account_id) as only_account_id,
        if(not trails.is_multi_region, trails.home_region) as only_region

    from dated

    left join trails
        on
            dated.about = 'trail'
            and dated.account_id = trails.account_id
            and dated.event_region = trails.home_region
            and dated.trail_name = trails.trail_name

),

-- Trails or stores that were changed more than once between two looks: what they recorded meanwhile nobody saw.
unseen_settings as (

    select
        about,
        owner_id,
        looked_at,
        if(count(only_account_id) = count(*), owner_id) as account_id,
        if(count(only_region) = count(*) and min(only_region) = max(only_region), min(only_region)) as region,
        min(weakened_at) as weakened_at,
        max(set_at) as set_at

    from concerning

    group by 1, 2, 3

),

-- What could not be listed hides the events of the trails that deliver there: of their accounts and Regions. Where not
-- even the trails are known, of all.
unlisted_folders as (

    select distinct
        listings.log_bucket,
        listings.error_code,
        listings.delivered_on,
        if(not places.is_organization, split_part(places.trail_arn, ':', 5)) as account_id,
        if(not places.is_multi_region, places.home_region) as region

    from {{ source('evidence', 'listings') }} as listings

    left join {{ source('evidence', 'trail_places') }} as places
        on
            listings.log_bucket = places.log_bucket
            and listings.delivered_on = places.delivered_on

    where
        listings.delivered_on in {{ event_days(after=1) }}
        and listings.kind = 'cloudtrail'
        and listings.error_code is not null

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

    -- Was the bucket gone when somebody looked, then its trail counts for nothing, and what it would have held is missed
    -- by nobody. Gone since, it took with it what the trail had recorded.
    select
        config.account_id,
        folders.region,
        'folder_unlisted' as reason,
        date_add('hour', -1, cast(folders.delivered_on as timestamp)) as gap_begin,
        date_add('day', 1, cast(folders.delivered_on as timestamp)) as gap_end

    from unlisted_folders as folders

    inner join {{ ref('int_logging_config') }} as config
        on
            config.event_date between date_add('day', -1, folders.delivered_on) and folders.delivered_on
            and coalesce(folders.account_id = config.account_id, true)

    where
        config.event_date in {{ event_days() }}
        and folders.error_code = 'NoSuchBucket'
        and not contains(config.missing_trail_buckets, folders.log_bucket)

    union all

    select
        cast(null as varchar) as account_id,
        region,
        'file_untrusted' as reason,
        -- the object's own time may be that of the tampering; the stamp in its name is by the minute, about
        date_add('hour', -1, stamped_at) as gap_begin,
        date_add('minute', {{ margin }}, stamped_at) as gap_end

    from {{ source('evidence', 'log_objects') }}

    where
        delivered_on in {{ event_days(after=1) }}
        and kind = 'cloudtrail'
        and (not readable or digest_state in ('altered', 'disowned'))

    union all

    select
        cast(null as varchar) as account_id,
        region,
        'digest_untrusted' as reason,
        -- where the chain is broken the digest before is not the one that CloudTrail wrote
        date_add('hour', if(state = 'broken_chain', -2, -1), digest_start_at) as gap_begin,
        digest_end_at as gap_end

    from {{ source('evidence', 'trail_digests') }}

    where
        delivered_on in {{ event_days(after=1) }}
        -- an unknown key proves nothing, like a trail without digests
        and (
            state not in ('valid', 'key_unknown')
            or cardinality(missing_files) > 0
            or cardinality(altered_files) > 0
        )

    union all

    select
        account_id,
        region,
        if(about = 'trail', 'trail_changed_twice', 'store_changed_twice') as reason,
        weakened_at as gap_begin,
        -- a change takes minutes to be in force
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

inner join event_days
    on
        date_add('day', 1, cast(event_days.event_date as timestamp)) > gaps.gap_begin
        and cast(event_days.event_date as timestamp) < gaps.gap_end
