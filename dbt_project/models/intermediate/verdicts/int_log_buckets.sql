{{ config(materialized='ephemeral', tags=['event_days']) }}

with

with_records as (

    select distinct
        bucket_name,
        event_date

    from {{ ref('int_delivery_hours') }}

    where
        event_date in {{ event_days() }}
        and access_log_requests > 0

),

-- Every log that goes into another bucket. Records that arrived prove that it is received, whatever could not be read.
logs as (

    select
        config.bucket_name,
        config.target_bucket,
        config.event_date,
        case
            when config.target_state = 'broken' then 'no'
            when
                config.logging_state = 'on'
                and (config.target_state = 'deliverable' or with_records.bucket_name is not null)
                then 'yes'
            else 'unknown'
        end as is_received

    from {{ ref('int_logging_config') }} as config

    left join with_records
        on
            config.bucket_name = with_records.bucket_name
            and config.event_date = with_records.event_date

    where
        config.event_date in {{ event_days() }}
        and config.target_bucket <> config.bucket_name

),

receivers as (

    select distinct
        target_bucket,
        event_date

    from logs

    where is_received <> 'no'

)

-- A bucket is a log bucket only if it can receive another bucket's log. Being named as a target is not enough, nor is
-- being part of a ring: a bucket that is logged itself must receive the log of a bucket that receives none.
select
    logs.target_bucket as bucket_name,
    count_if(logs.is_received = 'yes') > 0 as receives_logs,
    count_if(logs.is_received = 'yes' and receivers.target_bucket is null) > 0 as receives_first_logs,
    count_if(logs.is_received <> 'no') > 0 as may_receive_logs,
    logs.event_date

from logs

left join receivers
    on
        logs.bucket_name = receivers.target_bucket
        and logs.event_date = receivers.event_date

group by logs.target_bucket, logs.event_date
