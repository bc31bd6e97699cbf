{{ config(partitioned_by=['delivered_on', 'event_date'], tags=['delivery_day']) }}

select
    event_id,
    shared_event_id,
    recipient_account_id,
    request_id,
    bucket_name,
    object_key,
    version_id,
    host_id,
    vpc_endpoint_id,
    identity_type,
    identity_arn,
    identity_account_id,
    access_key_id,
    invoked_by,
    is_anonymous,
    event_source,
    event_name,
    event_type,
    error_code,
    remote_ip,
    user_agent,
    signature_version,
    cipher_suite,
    auth_type,
    acl_required,
    host_header,
    tls_version,
    event_region,
    bytes_sent,
    is_read,
    occurred_at,
    log_object,
    trail_arn,
    account_id,
    region,
    delivered_on,
    cast(occurred_at as date) as event_date

from {{ ref('stg_cloudtrail__data_events') }}

where
    {{ is_cataloged_event() }}
