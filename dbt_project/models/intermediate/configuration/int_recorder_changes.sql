{{ config(materialized='ephemeral', tags=['event_days']) }}

with

changes as (

    select
        *,
        regexp_replace(trail_name, '^.*/', '') as recorder_name

    from {{ ref('int_configuration_changes') }}

    where
        {{ is_snapshot_of_event_days('event_date') }}
        and about in ('trail', 'event_data_store')
        and error_code is null

),

-- The trails of these days: a change of one concerns the Region and the account that it records.
trails as (

    select
        account_id,
        home_region,
        trail_name,
        min(trail_arn) as trail_arn,
        bool_or(is_multi_region) as is_multi_region,
        bool_or(is_organization) as is_organization

    from {{ ref('stg_evidence__trail_places') }}

    where delivered_on in {{ event_days(before=1, after=1) }}

    group by account_id, home_region, trail_name

),

snapshots as (

    select distinct observed_at

    from {{ ref('stg_evidence__logging_snapshots') }}

    where {{ is_snapshot_of_event_days() }}

),

-- Each change with the first snapshot after it, which shows what the recorder records since its last change.
observed as (

    select
        changes.about,
        changes.account_id,
        changes.event_region,
        changes.recorder_name,
        changes.event_name,
        changes.effect,
        changes.changed_at,
        min(snapshots.observed_at) as observed_at

    from changes

    inner join snapshots
        on
            changes.changed_at <= snapshots.observed_at
            -- so that it does not matter which days are built together
            and date_add('day', {{ var('config_max_age_days') }}, changes.changed_at) >= snapshots.observed_at

    group by
        changes.about,
        changes.account_id,
        changes.event_region,
        changes.recorder_name,
        changes.event_name,
        changes.effect,
        changes.changed_at

),

dated as (

    select
        *,
        min(if(event_name = 'CreateTrail', changed_at)) over (
            partition by about, account_id, event_region, recorder_name, observed_at
        ) as created_at

    from observed

)

select
    dated.about,
    dated.account_id,
    dated.observed_at,
    -- a recorder that was created after the previous snapshot cannot have reduced what that snapshot saw
    if(dated.effect <> 'on' and coalesce(dated.changed_at < dated.created_at, true), dated.changed_at) as weakened_at,
    -- a trail says since when it records; an event data store says only when it was created
    if(
        dated.effect = 'changed'
        or dated.event_name in ('StartEventDataStoreIngestion', 'RestoreEventDataStore'),
        dated.changed_at
    ) as set_at,
    -- an event data store counts for its own account only
    if(dated.about = 'event_data_store' or not trails.is_organization, dated.account_id) as only_account_id,
    if(not trails.is_multi_region, trails.home_region) as only_region,
    trails.trail_arn

from dated

left join trails
    on
        dated.about = 'trail'
        and dated.account_id = trails.account_id
        and dated.event_region = trails.home_region
        and dated.recorder_name = trails.trail_name
