with

source as (

    select
        events.*,
        logging_events.about,
        logging_events.effect

    from {{ ref('stg_cloudtrail__events') }} as events

    inner join {{ ref('logging_events') }} as logging_events
        on
            events.event_source = logging_events.event_source
            and events.eventname = logging_events.event_name

    where
        events.event_category = 'Management'
        and events.set_aside_reason is null

)

select

    ---------- ids
    eventid as event_id,
    coalesce(recipientaccountid, account_id) as account_id,
    json_extract_scalar(requestparameters, '$.bucketName') as bucket_name,
    json_extract_scalar(requestparameters, '$.BucketLoggingStatus.LoggingEnabled.TargetBucket') as target_bucket,
    json_extract_scalar(requestparameters, '$.BucketLoggingStatus.LoggingEnabled.TargetPrefix') as target_prefix,
    -- CloudTrail's calls take a name or an ARN, each under a key of its own
    coalesce(
        json_extract_scalar(requestparameters, '$.name'),
        json_extract_scalar(requestparameters, '$.trailName'),
        json_extract_scalar(requestparameters, '$.eventDataStore')
    ) as trail_name,

    ---------- what
    event_source,
    eventname as event_name,
    about,
    case
        when effect is not null then effect
        when json_extract_scalar(requestparameters, '$.BucketLoggingStatus.LoggingEnabled.TargetBucket') is not null then 'on'
        when strpos(requestparameters, '"BucketLoggingStatus"') > 0 then 'off'
        -- AWS leaves large parameters out, and a refused call may have none
        else 'changed'
    end as effect,
    errorcode as error_code,
    requestparameters as request_parameters,
    awsregion as event_region,

    ---------- who
    useridentity.type as identity_type,
    coalesce(useridentity.arn, useridentity.principalid, useridentity.invokedby) as identity_arn,
    sourceipaddress as remote_ip,
    nullif(regexp_replace(useragent, '^\[(.*)\]$', '$1'), '') as user_agent,

    ---------- timestamps
    occurred_at as changed_at,

    ---------- where it was written
    log_object,
    trail_arn,

    ---------- partition
    delivered_day,
    delivered_on

from source
