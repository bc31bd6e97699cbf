{{ config(materialized='ephemeral', tags=['delivery_day']) }}

{%- set day = modules.datetime.date.fromisoformat(var('delivery_day') or var('first_day_of_s3')) %}

with

lines as (

    select distinct event_date

    from {{ ref('int_access_log_records') }}

    where delivered_on = {{ delivery_day() }}

),

-- A line is a copy if an earlier delivery holds the same line, or an object of the same day that sorts before its own.
-- A rerun of an old day therefore counts the same copies. S3 repeats itself within days, not months.
line_counts as (

    select
        line_hash,
        delivered_on,
        log_object,
        count(*) as copies

    from {{ ref('int_access_log_records') }}

    where
        delivered_on >= date '{{ day - modules.datetime.timedelta(days=14) }}'
        and delivered_on <= {{ delivery_day() }}
        and event_date in (select lines.event_date from lines)

    group by line_hash, delivered_on, log_object

),

repeated_lines as (

    select
        line_hash,
        min(cast(delivered_on as varchar) || log_object) as first_place

    from line_counts

    group by line_hash

    having sum(copies) > 1 and max(delivered_on) = {{ delivery_day() }}

)

select
    line_counts.log_object,
    sum(
        line_counts.copies
        - if(repeated_lines.first_place = cast(line_counts.delivered_on as varchar) || line_counts.log_object, 1, 0)
    ) as lines_duplicate

from line_counts

inner join repeated_lines
    on line_counts.line_hash = repeated_lines.line_hash

where line_counts.delivered_on = {{ delivery_day() }}

group by line_counts.log_object
