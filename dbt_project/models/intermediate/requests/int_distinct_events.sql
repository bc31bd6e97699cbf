{{ config(materialized='ephemeral', tags=['event_days']) }}

with

-- Neighbouring days too: a request that crosses midnight has its record on one side and its event on the other.
events as (

    select
        *,
        coalesce(shared_event_id, event_id || '/' || coalesce(recipient_account_id, '')) as event_identity

    from {{ ref('int_data_events') }}

    where
        event_date in {{ event_days(before=1, after=1) }}
        and {{ is_data_event() }}

),

-- A copy of an event has the same id; a copy for another account has the same shared id.
numbered_copies as (

    select
        *,
        row_number() over (partition by event_identity order by event_id, log_object) as copy

    from events

)

select
    event_id,
    request_id,
    if(event_type = 'AwsServiceEvent' and event_name = 'DeleteObject', object_key, '') as item,
    bucket_name,
    event_name,
    object_key,
    error_code,
    bytes_sent,
    remote_ip,
    case
        when identity_type = 'AWSService' then 'svc:' || coalesce(invoked_by, 'unknown')
        when not is_anonymous then coalesce(identity_arn, identity_account_id, identity_type, 'unknown')
    end as requester,
    user_agent,
    version_id,
    host_id,
    signature_version,
    cipher_suite,
    auth_type,
    host_header,
    tls_version,
    acl_required,
    occurred_at,
    log_object,
    event_date

from numbered_copies

where copy = 1
