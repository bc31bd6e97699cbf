{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

select
    bucket_name,
    hour,
    status,
    access_log_requests,
    data_event_requests,
    matched_requests,
    access_log_completeness,
    data_event_completeness,
    latency_p50_seconds,
    latency_p95_seconds,
    latency_p99_seconds,
    witnessed_requests,
    witnessed_and_logged_requests,
    judged_as_of,
    event_date

from {{ ref('int_delivery_hours') }}

where event_date in {{ event_days() }}
