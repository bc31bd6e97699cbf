{{ config(materialized='ephemeral', tags=['event_days']) }}

with

signals as (

    select
        bucket_name,
        event_date,
        hour,
        max(if(signal = 'access_log', value)) as access_log,
        -- every request is a read or a write: events show them all only as far as they show both
        min(if(signal in ('data_events_read', 'data_events_write'), value)) as data_events,
        max(if(signal = 'access_log', basis)) as access_log_basis,
        -- 'unwitnessed' is the lesser word
        min(if(signal in ('data_events_read', 'data_events_write'), basis)) as data_events_basis

    from {{ ref('int_hour_coverage') }}

    where event_date in {{ event_days() }}

    group by bucket_name, event_date, hour

),

hours as (

    select
        bucket_name,
        event_date,
        access_log,
        greatest(access_log, data_events) as coverage,
        if(access_log >= data_events, access_log_basis, data_events_basis) as basis

    from signals

)

select
    bucket_name,
    avg(coverage) as coverage,
    avg(access_log) as access_log_coverage,
    count_if(coverage = 0) as hours_unknown,
    -- the word of the hours that were seen
    cast(
        if(count_if(coverage > 0) > 0 and count_if(coverage > 0 and basis = 'unwitnessed') = 0, 'witnessed', 'unwitnessed')
        as varchar
    ) as coverage_basis,
    event_date

from hours

group by bucket_name, event_date
