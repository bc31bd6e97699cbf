{{ config(materialized='ephemeral', tags=['event_days']) }}

with

config as (

    select *

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

snapshots as (

    select *

    from {{ ref('stg_evidence__logging_snapshots') }}

    where {{ is_snapshot_of_event_days() }}

),

held as (

    select
        snapshots.bucket_name,
        snapshots.observed_at,
        covers.mode,
        covers.trails,
        covers.since

    from snapshots

    cross join unnest(snapshots.witness_covers) as covers (mode, trails, since)

),

judging as (

    select
        config.bucket_name,
        config.event_date,
        config.config_observed_at,
        held.mode,
        held.trails,
        held.since

    from config

    inner join held
        on
            config.bucket_name = held.bucket_name
            and config.config_observed_at = held.observed_at

),

-- Every snapshot up to the one that judges the day: did it show the same?
history as (

    select
        judging.*,
        snapshots.observed_at,
        held.trails is not null as is_held,
        max(if(held.trails is null, snapshots.observed_at)) over (
            partition by judging.bucket_name, judging.event_date, judging.mode, judging.trails
        ) as last_without_at

    from judging

    inner join snapshots
        on
            judging.bucket_name = snapshots.bucket_name
            and judging.config_observed_at >= snapshots.observed_at
            and date_add('day', -{{ var('config_max_age_days') }}, judging.event_date) <= snapshots.observed_on

    left join held
        on
            snapshots.bucket_name = held.bucket_name
            and snapshots.observed_at = held.observed_at
            and judging.mode = held.mode
            and judging.trails = held.trails

),

dated as (

    select
        bucket_name,
        event_date,
        mode,
        trails,
        since,
        min(if(observed_at > last_without_at, observed_at)) as first_held_at

    from history

    group by bucket_name, event_date, mode, trails, since

)

select
    bucket_name,
    mode,
    trails,
    {{ later('since', 'first_held_at') }} as since,
    event_date

from dated
