{{ config(materialized='ephemeral', tags=['event_days']) }}

with

hours as (

    select *

    from {{ ref('int_delivery_hours') }}

    where event_date in {{ event_days() }}

),

doubts as (

    select *

    from {{ ref('int_hour_doubts') }}

)

select
    hours.bucket_name,
    hours.hour,
    hours.status,
    hours.access_log_requests,
    hours.data_event_requests,
    hours.matched_requests,
    hours.access_log_completeness,
    hours.data_event_completeness,
    hours.latency_p50_seconds,
    hours.latency_p95_seconds,
    hours.latency_p99_seconds,
    hours.witnessed_requests,
    hours.witnessed_and_logged_requests,
    hours.judged_as_of,
    hours.is_budget_spent,
    doubts.logging_doubts,
    cast(
        case
            when hours.status <> 'unknown' then cast(array[] as array(varchar))
            -- an event without a record: either there was no log, or the record may be a line that cannot be read
            when
                hours.witnessed_requests > hours.witnessed_and_logged_requests
                and (
                    cardinality(doubts.logging_doubts) = 0
                    or (hours.access_log_requests > 0 and not contains(doubts.logging_doubts, 'logging_off')
                        and not contains(doubts.logging_doubts, 'turning_on'))
                )
                then array['unreadable_lines']
            when cardinality(doubts.logging_doubts) > 0 then doubts.logging_doubts
            when cardinality(doubts.witness_doubts) > 0 then doubts.witness_doubts
            -- requests were seen, but none that this log must show
            else array['events_of_other_requests']
        end
        as array(varchar)
    ) as status_reasons,
    hours.event_date

from hours

left join doubts
    on
        hours.bucket_name = doubts.bucket_name
        and hours.hour = doubts.hour
