{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

select
    changed_at,
    about,
    bucket_name,
    trail_name,
    effect,
    event_name,
    error_code,
    identity_type,
    identity_arn,
    remote_ip,
    user_agent,
    request_parameters,
    event_source,
    event_region,
    account_id,
    event_id,
    log_object,
    trail_arn,
    target_bucket,
    target_prefix,
    event_date

from {{ ref('int_logging_changes') }}

where event_date in {{ event_days() }}
