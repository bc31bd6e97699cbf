with

-- What is of concern: data events of S3, and calls that change logging or what protects a bucket. A trail may record much
-- more.
events as (

    select
        events.*,
        case
            when not (
                events.is_data_event
                or events.event_category = 'Management'
                and (logging_events.about is not null or protection_events.control is not null)
            ) then 'unused'
            when events.set_aside_reason is not null then 'set_aside'
            when events.is_data_event then 'data_event'
            else 'configuration_change'
        end as record_kind

    from {{ ref('stg_cloudtrail__events') }} as events

    left join {{ ref('logging_events') }} as logging_events
        on
            events.event_source = logging_events.event_source
            and events.eventname = logging_events.event_name

    left join {{ ref('protection_events') }} as protection_events
        on
            events.event_source = protection_events.event_source
            and events.eventname = protection_events.event_name

),

with_resources as (

    select
        *,
        element_at(
            filter(resources, resource -> resource.type = 'AWS::S3::Bucket'), 1
        ) as bucket,
        element_at(
            filter(resources, resource -> resource.type = 'AWS::S3::Object'), 1
        ).arn as object_arn,
        json_extract_scalar(requestparameters, '$.bucketName') as named_bucket,
        {{ json_member('requestparameters', 'X-Amz-Date') }} as signed_on,
        nullif({{ json_member('requestparameters', 'prefix') }}, '') as listed_prefix,
        nullif({{ json_member('requestparameters', 'x-amz-copy-source') }}, '') as copied_from,
        -- S3 puts brackets around it; a dash is what a client without one leaves, as in the access log
        nullif(nullif(regexp_replace(useragent, '^\[(.*)\]$', '$1'), '-'), '') as agent

    from events

),

with_keys as (

    select
        *,
        coalesce(
            nullif(json_extract_scalar(requestparameters, '$.key'), ''),
            -- AWS leaves out large parameters, and the events of a batch delete's single keys name theirs as a resource only
            case
                when not regexp_like(eventname, '^(List|HeadBucket$|DeleteObjects$)')
                    then regexp_extract(object_arn, '(?s)^arn:[^:]*:s3:::[^/]+/(.+)$', 1)
            end
        ) as requested_key

    from with_resources

)

select

    ---------- what became of the record
    cast(record_kind as varchar) as record_kind,
    if(record_kind = 'set_aside', set_aside_reason) as set_aside_reason,

    ---------- ids
    eventid as event_id,
    sharedeventid as shared_event_id,
    recipientaccountid as recipient_account_id,
    requestid as request_id,
    coalesce(
        -- requests through an access point name its ARN or its alias
        if(not regexp_like(named_bucket, '^arn:|-s3alias$|--ol-s3$'), named_bucket),
        regexp_extract(bucket.arn, '^arn:[^:]*:s3:::([^/]+)', 1),
        regexp_extract(object_arn, '^arn:[^:]*:s3:::([^/]+)', 1),
        named_bucket
    ) as bucket_name,
    {{ key_without_secrets('requested_key') | indent(4) }} as object_key,
    nullif({{ json_member('requestparameters', 'versionId') }}, '') as version_id,
    json_extract_scalar(additionaleventdata, '$["x-amz-id-2"]') as host_id,
    vpcendpointid as vpc_endpoint_id,
    bucket.accountid as bucket_account_id,
    {{ key_without_secrets('copied_from') | indent(4) }} as copy_source,
    coalesce(
        {{ json_member('responseelements', 'x-amz-server-side-encryption-aws-kms-key-id') }},
        {{ json_member('requestparameters', 'x-amz-server-side-encryption-aws-kms-key-id') }}
    ) as kms_key_arn,

    ---------- who
    useridentity.type as identity_type,
    coalesce(useridentity.arn, useridentity.principalid) as identity_arn,
    useridentity.accountid as identity_account_id,
    useridentity.accesskeyid as access_key_id,
    useridentity.invokedby as invoked_by,
    useridentity.principalid as principal_id,
    useridentity.sessioncontext.sessionissuer.arn as session_issuer_arn,
    {{ event_time('useridentity.sessioncontext.attributes.creationdate') | indent(4) }} as session_created_at,
    useridentity.sessioncontext.attributes.mfaauthenticated = 'true' as is_mfa_authenticated,
    coalesce(sessioncredentialfromconsole = 'true', false) as is_console_credential,
    coalesce(
        useridentity.type = 'AWSAccount' and lower(useridentity.accountid) like 'anonymous%', false
    ) as is_anonymous,

    ---------- strings
    event_source,
    eventname as event_name,
    eventtype as event_type,
    errorcode as error_code,
    {{ without_secrets('errormessage') | indent(4) }} as error_message,
    sourceipaddress as remote_ip,
    {{ without_secrets('agent') | indent(4) }} as user_agent,
    json_extract_scalar(additionaleventdata, '$.SignatureVersion') as signature_version,
    json_extract_scalar(additionaleventdata, '$.CipherSuite') as cipher_suite,
    json_extract_scalar(additionaleventdata, '$.AuthenticationMethod') as auth_type,
    {{ json_member('additionaleventdata', 'aclRequired') }} as acl_required,
    {{ key_without_secrets('listed_prefix') | indent(4) }} as list_prefix,
    {{ json_member('requestparameters', 'x-amz-acl') }} as canned_acl,
    {{ json_member('additionaleventdata', 'SSEApplied') }} as sse_applied,
    coalesce(
        {{ json_member('requestparameters', 'x-amz-server-side-encryption-customer-algorithm') }},
        {{ json_member('responseelements', 'x-amz-server-side-encryption-customer-algorithm') }}
    ) as sse_customer_algorithm,
    addendum.reason as addendum_reason,
    tlsdetails.clientprovidedhostheader as host_header,
    tlsdetails.tlsversion as tls_version,
    awsregion as event_region,
    if(
        record_kind = 'configuration_change',
        {{ without_secrets('requestparameters') | indent(8) }}
    ) as request_parameters,

    ---------- numerics
    {{ whole_number("json_extract_scalar(additionaleventdata, '$.bytesTransferredOut')") | indent(4) }} as bytes_sent,
    {{ whole_number(json_member('additionaleventdata', 'bytesTransferredIn')) | indent(4) }} as bytes_received,
    try_cast(
        regexp_extract({{ json_member('requestparameters', 'X-Amz-Expires') }}, '^[0-9]{1,9}$') as bigint
    ) as expires_seconds,

    ---------- booleans
    readonly = 'true' as is_read,

    ---------- timestamps
    {{ signing_time('signed_on') | indent(4) }} as signed_at,
    occurred_at,

    ---------- where it was written
    log_object,
    trail_arn,
    account_id,
    region,

    ---------- partition
    delivered_day,
    delivered_on

from with_keys
