{{ config(materialized='ephemeral', tags=['event_days']) }}

{%- set columns %}
    event_id,
    request_id,
    {{ item_of_event() }} as item,
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
    {{ event_columns() | join(',\n    ') }},
    occurred_at,
    log_object,
    event_date
{%- endset %}

with

events as (

    select
        *,
        -- each day by itself, so that it does not matter which days a run builds
        {{ event_identity() }} || '/' || cast(event_date as varchar) as event_identity

    from {{ ref('int_data_events') }}

    where
        event_date in {{ event_days() }}
        and {{ is_data_event() }}
        and {{ in_slice('coalesce(request_id, shared_event_id, event_id)') }}

),

repeated_events as (

    select
        event_identity,
        min(event_id || ' ' || log_object) as first_copy

    from events

    group by event_identity

    having count(*) > 1

),

-- One file may hold an event twice. Without an order this keeps no row in memory.
numbered_copies as (

    select
        events.*,
        row_number() over (partition by events.event_identity) as copy

    from events

    inner join repeated_events
        on
            events.event_identity = repeated_events.event_identity
            and events.event_id || ' ' || events.log_object = repeated_events.first_copy

)

select
    {{- columns }}

from events

where event_identity not in (select repeated_events.event_identity from repeated_events)

union all

select
    {{- columns }}

from numbered_copies

where copy = 1
