{{ config(partitioned_by=['delivered_on', 'event_date'], tags=['delivery_day']) }}

with

calls as (

    select
        events.*,
        logging_events.about,
        logging_events.effect,
        protection_events.control,
        if(
            any_match(
                split(protection_events.weaker_texts, ' '),
                part -> strpos(replace(events.request_parameters, ' ', ''), part) > 0
            ),
            'weaker',
            protection_events.asks_for
        ) as asks_for

    from {{ ref('int_data_events') }} as events

    left join {{ ref('logging_events') }} as logging_events
        on
            events.event_source = logging_events.event_source
            and events.event_name = logging_events.event_name

    left join {{ ref('protection_events') }} as protection_events
        on
            events.event_source = protection_events.event_source
            and events.event_name = protection_events.event_name

    where
        events.delivered_on = {{ delivery_day() }}
        and events.record_kind = 'configuration_change'
        and (logging_events.about is not null or protection_events.control is not null)

)

select
    event_id,
    coalesce(recipient_account_id, account_id) as account_id,
    coalesce(
        json_extract_scalar(request_parameters, '$.bucketName'),
        json_extract_scalar(request_parameters, '$.CreateAccessPointRequest.Bucket')
    ) as bucket_name,
    json_extract_scalar(request_parameters, '$.BucketLoggingStatus.LoggingEnabled.TargetBucket') as target_bucket,
    json_extract_scalar(request_parameters, '$.BucketLoggingStatus.LoggingEnabled.TargetPrefix') as target_prefix,
    -- CloudTrail's calls take a name or an ARN, each under a key of its own
    coalesce(
        json_extract_scalar(request_parameters, '$.name'),
        json_extract_scalar(request_parameters, '$.trailName'),
        json_extract_scalar(request_parameters, '$.eventDataStore')
    ) as trail_name,
    event_source,
    event_name,
    about,
    control,
    cast(asks_for as varchar) as asks_for,
    case
        when about is null then null
        when effect is not null then effect
        when json_extract_scalar(request_parameters, '$.BucketLoggingStatus.LoggingEnabled.TargetBucket') is not null then 'on'
        when strpos(request_parameters, '"BucketLoggingStatus"') > 0 then 'off'
        -- AWS leaves large parameters out, and a refused call may have none
        else 'changed'
    end as effect,
    error_code,
    request_parameters,
    event_region,
    identity_type,
    coalesce(identity_arn, invoked_by) as identity_arn,
    remote_ip,
    user_agent,
    occurred_at as changed_at,
    log_object,
    trail_arn,
    delivered_on,
    event_date

from calls
