{{ config(materialized='ephemeral') }}

with

events as (

    select
        *,
        {{ event_category() | indent(8) }} as event_category,
        {{ event_source() }} as event_source,
        {{ trail_log_object() | indent(8) }} as log_object,
        cast(delivered_on as date) as delivery_date,
        {{ event_time() | indent(8) }} as named_at

    from {{ source('raw', 'cloudtrail_events') }}

),

dated as (

    select
        *,
        {{ possible_time('named_at', 'delivery_date') | indent(8) }} as occurred_at

    from events

)

select
    nullif(eventid, '') as eventid,
    event_category,
    event_source,
    -- lifecycle and failed authentications have event sources of their own, but S3 resources
    event_category = 'Data' and (
        coalesce(event_source = 's3.amazonaws.com', false)
        or coalesce(any_match(resources, resource -> resource.type like 'AWS::S3::%'), false)
    ) as is_data_event,
    eventname,
    eventtype,
    awsregion,
    sourceipaddress,
    useragent,
    errorcode,
    errormessage,
    requestparameters,
    responseelements,
    additionaleventdata,
    nullif(requestid, '') as requestid,
    readonly,
    resources,
    recipientaccountid,
    nullif(sharedeventid, '') as sharedeventid,
    vpcendpointid,
    useridentity,
    sessioncredentialfromconsole,
    addendum,
    tlsdetails,
    occurred_at,
    case
        when nullif(eventid, '') is null then 'no_event_id'
        when occurred_at is null then 'bad_time'
    end as set_aside_reason,
    log_object,
    trail_arn,
    account_id,
    region,
    delivered_on as delivered_day,
    delivery_date as delivered_on

from dated
