{{ config(materialized='ephemeral', tags=['event_days']) }}

with

read_objects as (

    select
        log_object,
        delivered_on,
        min(bucket_name) as bucket_name,
        sum(line_bytes) as bytes,
        count(*) as lines

    from {{ ref('int_access_log_records') }}

    where delivered_on in {{ event_days() }}

    group by log_object, delivered_on

),

log_objects as (

    select *

    from {{ ref('stg_evidence__log_objects') }}

    where
        delivered_on in {{ event_days() }}
        and kind = 'access_log'

)

select
    -- of a place that serves several buckets the catalog does not know the source: its lines do
    coalesce(log_objects.source_bucket, read_objects.bucket_name) as bucket_name,
    sum(read_objects.bytes) as bytes,
    sum(read_objects.lines) as lines,
    log_objects.delivered_on

from log_objects

inner join read_objects
    on
        log_objects.log_object = read_objects.log_object
        and log_objects.delivered_on = read_objects.delivered_on

group by coalesce(log_objects.source_bucket, read_objects.bucket_name), log_objects.delivered_on
