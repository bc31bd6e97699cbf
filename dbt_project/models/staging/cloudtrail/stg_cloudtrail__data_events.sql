with

source as (

    select
        eventtime,
        eventsource,
        eventname,
        eventtype,
        awsregion,
        sourceipaddress,
        useragent,
        errorcode,
        requestparameters,
        additionaleventdata,
        requestid,
        eventid,
        readonly,
        resources,
        recipientaccountid,
        sharedeventid,
        vpcendpointid,
        useridentity,
        tlsdetails,
        delivered_on,
        trail_arn,
        account_id,
        region,
        "$path" as log_object

    from {{ source('raw', 'cloudtrail_events') }}

    where
        eventcategory = 'Data'
        -- lifecycle and failed authentications have event sources of their own, but S3 resources
        and (
            eventsource = 's3.amazonaws.com'
            or coalesce(any_match(resources, resource -> resource.type like 'AWS::S3::%'), false)
        )

),

with_resources as (

    select
        *,
        element_at(
            filter(resources, resource -> resource.type = 'AWS::S3::Bucket'), 1
        ).arn as bucket_arn,
        element_at(
            filter(resources, resource -> resource.type = 'AWS::S3::Object'), 1
        ).arn as object_arn

    from source

)

select

    ---------- ids
    eventid as event_id,
    sharedeventid as shared_event_id,
    recipientaccountid as recipient_account_id,
    requestid as request_id,
    coalesce(
        json_extract_scalar(requestparameters, '$.bucketName'),
        split_part(bucket_arn, ':', 6),
        split_part(split_part(object_arn, ':', 6), '/', 1)
    ) as bucket_name,
    coalesce(
        nullif(json_extract_scalar(requestparameters, '$.key'), ''),
        -- the events of a batch delete's single keys name theirs as a resource
        case
            when eventtype = 'AwsServiceEvent' and strpos(object_arn, '/') > 0
                then nullif(substr(object_arn, strpos(object_arn, '/') + 1), '')
        end
    ) as object_key,
    nullif(json_extract_scalar(requestparameters, '$.versionId'), '') as version_id,
    json_extract_scalar(additionaleventdata, '$["x-amz-id-2"]') as host_id,
    vpcendpointid as vpc_endpoint_id,

    ---------- who
    useridentity.type as identity_type,
    coalesce(useridentity.arn, useridentity.principalid) as identity_arn,
    useridentity.accountid as identity_account_id,
    useridentity.accesskeyid as access_key_id,
    useridentity.invokedby as invoked_by,
    coalesce(
        useridentity.type = 'AWSAccount' and lower(useridentity.accountid) like 'anonymous%', false
    ) as is_anonymous,

    ---------- strings
    eventsource as event_source,
    eventname as event_name,
    eventtype as event_type,
    errorcode as error_code,
    sourceipaddress as remote_ip,
    -- S3 puts brackets around it; a dash is what a client without one leaves, as in the access log
    nullif(nullif(regexp_replace(useragent, '^\[(.*)\]$', '$1'), '-'), '') as user_agent,
    json_extract_scalar(additionaleventdata, '$.SignatureVersion') as signature_version,
    json_extract_scalar(additionaleventdata, '$.CipherSuite') as cipher_suite,
    json_extract_scalar(additionaleventdata, '$.AuthenticationMethod') as auth_type,
    json_extract_scalar(additionaleventdata, '$.aclRequired') as acl_required,
    tlsdetails.clientprovidedhostheader as host_header,
    tlsdetails.tlsversion as tls_version,
    awsregion as event_region,

    ---------- numerics
    cast(
        try_cast(json_extract_scalar(additionaleventdata, '$.bytesTransferredOut') as double) as bigint
    ) as bytes_sent,

    ---------- booleans
    readonly = 'true' as is_read,

    ---------- timestamps
    cast(from_iso8601_timestamp(eventtime) at time zone 'UTC' as timestamp) as occurred_at,

    ---------- where it was written
    log_object,
    trail_arn,
    account_id,
    region,

    ---------- partition
    delivered_on

from with_resources
