{{ config(partitioned_by=['delivered_on'], tags=['delivery_day']) }}

with

-- What is of concern: S3's data events, and calls that change logging. A trail may record much more.
records as (

    select
        events.log_object,
        events.is_data_event or events.event_category = 'Management' and logging_events.about is not null as is_of_concern,
        events.set_aside_reason

    from {{ ref('stg_cloudtrail__events') }} as events

    left join {{ ref('logging_events') }} as logging_events
        on
            events.event_source = logging_events.event_source
            and events.eventname = logging_events.event_name

    where events.delivered_day = {{ delivery_day_text() }}

),

read_records as (

    select
        log_object,
        count(*) as records_read,
        count_if(is_of_concern and set_aside_reason is not null) as records_set_aside,
        count_if(not is_of_concern) as records_unused,
        array_sort(
            array_agg(distinct set_aside_reason) filter (where is_of_concern and set_aside_reason is not null)
        ) as set_aside_reasons

    from records

    group by log_object

),

data_events as (

    select
        log_object,
        count(*) as events

    from {{ ref('int_data_events') }}

    where delivered_on = {{ delivery_day() }}

    group by log_object

),

changes as (

    select
        log_object,
        count(*) as events

    from {{ ref('int_configuration_changes') }}

    where delivered_on = {{ delivery_day() }}

    group by log_object

)

select
    read_records.log_object,
    read_records.records_read,
    coalesce(data_events.events, 0) as data_events,
    coalesce(changes.events, 0) as configuration_changes,
    read_records.records_set_aside,
    read_records.records_unused,
    read_records.set_aside_reasons,
    {{ delivery_day() }} as delivered_on

from read_records

left join data_events
    on read_records.log_object = data_events.log_object

left join changes
    on read_records.log_object = changes.log_object
