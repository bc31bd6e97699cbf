{{ config(materialized='ephemeral', tags=['event_days']) }}

with

log_objects as (

    select *

    from {{ ref('stg_evidence__log_objects') }}

    where delivered_on in {{ event_days(after=var('lateness_days')) }}

),

places as (

    select *

    from {{ ref('stg_evidence__listed_buckets') }}

    where delivered_on in {{ event_days(after=var('lateness_days')) }}

),

-- Lines whose head cannot be parsed: each of them may be the record that an hour is missing.
unreadable_lines as (

    select
        log_object,
        count(*) as line_count

    from {{ ref('int_access_log_records') }}

    where
        -- the event day of such a line is the day it was delivered
        event_date in {{ event_days(after=var('lateness_days')) }}
        and quarantine_reason is not null
        and head_request_id is null

    group by log_object

),

-- The place of delivery names the buckets that the lines can belong to: it may serve several.
unreadable_objects as (

    select distinct
        places.bucket_name,
        log_objects.log_object,
        log_objects.delivered_at,
        unreadable_lines.line_count

    from unreadable_lines

    inner join log_objects
        on unreadable_lines.log_object = log_objects.log_object

    inner join places
        on
            log_objects.kind = places.kind
            and log_objects.log_bucket = places.log_bucket
            and starts_with(log_objects.object_key, places.prefix)
            and log_objects.delivered_on = places.delivered_on

),

-- The hours whose records may still arrive at the time of delivery.
candidate_hours as (

    select
        unreadable_objects.*,
        date_add('hour', -hours.hours_before, date_trunc('hour', unreadable_objects.delivered_at)) as hour

    from unreadable_objects

    cross join unnest(sequence(0, {{ 1 + var('lateness_hours') }})) as hours (hours_before)

)

select
    bucket_name,
    hour,
    sum(line_count) as unreadable_lines

from candidate_hours

where date_add('hour', {{ 1 + var('lateness_hours') }}, hour) > delivered_at

group by bucket_name, hour
