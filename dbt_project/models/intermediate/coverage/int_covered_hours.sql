{{ config(materialized='ephemeral', tags=['event_days']) }}

{#- Configuration shows no requests, so it covers none. -#}
{%- set is_event = "signal in ('data_events_read', 'data_events_write')" %}

with

pivoted as (

    select
        bucket_name,
        hour,
        event_date,
        max(account_id) as account_id,
        max(region) as region,
        max(if(signal = 'access_log', value)) as access_log,
        max(if(signal = 'access_log', basis)) as access_log_basis,
        max(if(signal = 'data_events_read', value)) as data_events_read,
        max(if(signal = 'data_events_write', value)) as data_events_write,
        -- every request is a read or a write: events show them all only as far as they show both
        min(if({{ is_event }}, value)) as data_events,
        -- 'unwitnessed' is the lesser word
        min(if({{ is_event }}, basis)) as data_events_basis,
        array_sort(array_distinct(flatten(array_agg(reasons)))) as reasons

    from {{ ref('int_hour_coverage') }}

    where event_date in {{ event_days() }} and signal not in ('management_events', 'configuration')

    group by bucket_name, hour, event_date

)

select
    bucket_name,
    account_id,
    region,
    hour,
    greatest(access_log, data_events) as coverage,
    if(access_log >= data_events, access_log_basis, data_events_basis) as coverage_basis,
    if(greatest(access_log, data_events) < 1, reasons, cast(array[] as array(varchar))) as reasons,
    access_log,
    data_events_read,
    data_events_write,
    event_date

from pivoted
