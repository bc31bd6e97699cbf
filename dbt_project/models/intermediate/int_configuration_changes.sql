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
    delivered_on = {{ delivery_day() }}
    and {{ readable('log_object') }}
    -- what appeared in the folder after it was catalogued waits for the next run: nobody has looked at it
    and log_object in (
        select log_objects.log_object
        from {{ source('evidence', 'log_objects') }} as log_objects
        where log_objects.delivered_on = {{ delivery_day() }} and log_objects.kind = 'cloudtrail'
    )
