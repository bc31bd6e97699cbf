{{ config(materialized='ephemeral', tags=['event_days']) }}

with

config as (

    select *

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

with_records as (

    select distinct
        bucket_name,
        event_date

    from {{ ref('int_reconciled_hours') }}

    where
        event_date in {{ event_days() }}
        and access_log_requests > 0

),

-- Of a day after all that were seen nothing is known yet.
newest as (

    select max(delivered_on) as delivered_on

    from {{ ref('int_seen_days') }}

),

-- An event data store records events too, but only trails leave the files that are reconciled here.
buckets as (

    select
        coalesce(config.bucket_name, with_records.bucket_name) as bucket_name,
        coalesce(config.event_date, with_records.event_date) as event_date,
        config.account_id,
        config.region,
        coalesce(config.logging_state, 'unknown') as logging_state,
        config.logged_since,
        coalesce(config.read_witness, 'unknown') = 'covered' as is_read_covered,
        coalesce(config.write_witness, 'unknown') = 'covered' as is_write_covered,
        config.read_witnessed_since,
        config.write_witnessed_since,
        config.logging_state in ('on', 'unknown', 'elsewhere') or with_records.bucket_name is not null as has_access_log

    from config

    full outer join with_records
        on
            config.bucket_name = with_records.bucket_name
            and config.event_date = with_records.event_date

),

hours as (

    select
        buckets.*,
        date_add('hour', hours.hour_of_day, cast(buckets.event_date as timestamp)) as hour

    from buckets

    cross join unnest(sequence(0, 23)) as hours (hour_of_day)

)

select
    hours.bucket_name,
    hours.account_id,
    hours.region,
    hours.hour,
    -- S3 takes up to an hour to begin: a request of that hour may or may not have its record
    if(
        hours.logging_state = 'on' and date_add('hour', -1, hours.hour) < hours.logged_since,
        'turning_on',
        hours.logging_state
    ) as logging_state,
    -- a trail proves nothing about the time before it was started
    hours.is_read_covered and coalesce(hours.read_witnessed_since <= hours.hour, true) as is_read_covered,
    hours.is_write_covered and coalesce(hours.write_witnessed_since <= hours.hour, true) as is_write_covered,
    hours.has_access_log,
    hours.event_date

from hours

inner join newest
    on hours.event_date <= newest.delivered_on
