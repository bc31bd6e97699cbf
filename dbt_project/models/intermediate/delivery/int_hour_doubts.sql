{{ config(materialized='ephemeral', tags=['event_days']) }}

with

hours as (

    select *

    from {{ ref('int_bucket_hours') }}

),

config as (

    select *

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

-- a gap of one trail hides nothing that another one shows
hidden_hours as (

    select *

    from {{ ref('int_unwitnessed_hours') }}

    where event_date in {{ event_days() }}

)

select
    hours.bucket_name,
    hours.hour,
    cast(
        case
            when hours.logging_state = 'on' then cast(array[] as array(varchar))
            when hours.logging_state = 'off' then array['logging_off']
            when hours.logging_state = 'turning_on' then array['turning_on']
            when cardinality(config.reasons) > 0 then config.reasons
            else array['not_observed']
        end
        as array(varchar)
    ) as logging_doubts,
    cast(
        if(hours.is_read_covered and hours.is_write_covered, cast(array[] as array(varchar)), array['no_witness'])
        || coalesce(hidden_hours.gap_reasons, cast(array[] as array(varchar)))
        as array(varchar)
    ) as witness_doubts,
    hours.event_date

from hours

left join config
    on
        hours.bucket_name = config.bucket_name
        and hours.event_date = config.event_date

left join hidden_hours
    on
        hours.bucket_name = hidden_hours.bucket_name
        and hours.hour = hidden_hours.hour
