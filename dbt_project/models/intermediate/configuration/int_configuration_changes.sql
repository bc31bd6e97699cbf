{{ config(partitioned_by=['delivered_on', 'event_date'], tags=['delivery_day']) }}

select
    event_id,
    account_id,
    bucket_name,
    target_bucket,
    target_prefix,
    trail_name,
    event_source,
    event_name,
    about,
    effect,
    error_code,
    request_parameters,
    event_region,
    identity_type,
    identity_arn,
    remote_ip,
    user_agent,
    changed_at,
    log_object,
    trail_arn,
    delivered_on,
    cast(changed_at as date) as event_date

from {{ ref('stg_cloudtrail__configuration_changes') }}

where
    {{ is_cataloged_event() }}
