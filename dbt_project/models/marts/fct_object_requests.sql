{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{%- set from_record = [
    'requested_at', 'bucket_name', 'operation', 'object_key', 'object_key_raw', 'http_status', 'error_code',
    'bytes_sent', 'object_size', 'total_time_ms', 'turn_around_time_ms', 'remote_ip', 'requester', 'request_uri',
    'referrer', 'user_agent', 'client_class', 'version_id', 'host_id', 'signature_version', 'cipher_suite',
    'auth_type', 'host_header', 'tls_version', 'access_point_arn', 'acl_required', 'source_region',
    'bucket_owner', 'extra_fields', 'log_object', 'event_date',
] %}

with

-- Neighbouring days too: a request that crosses midnight has its record on one side and its event on the other.
records as (

    select
        request_id,
        {{ from_record | join(',\n        ') }},
        -- the keys of a batch delete share its request id, so each is matched by its key as well
        if(operation = 'BATCH.DELETE.OBJECT', object_key, '') as item,
        line_hash,
        delivered_on

    from {{ ref('int_access_log_records') }}

    where
        event_date in {{ event_days(before=1, after=1) }}
        and quarantine_reason is null

),

-- The same line twice is one request that S3 delivered twice. Few lines are: only those are put in order.
repeated_lines as (

    select line_hash

    from records

    where event_date in {{ event_days() }}

    group by line_hash

    having count(*) > 1

),

numbered_copies as (

    select
        records.*,
        row_number() over (
            partition by records.line_hash order by records.delivered_on, records.log_object
        ) as copy

    from records

    inner join repeated_lines
        on records.line_hash = repeated_lines.line_hash

),

distinct_records as (

    select
        request_id,
        {{ from_record | join(',\n        ') }},
        item

    from records

    where
        event_date in {{ event_days() }}
        and line_hash not in (select repeated_lines.line_hash from repeated_lines)

    union all

    select
        request_id,
        {{ from_record | join(',\n        ') }},
        item

    from numbered_copies

    where copy = 1

),

events as (

    select
        event_id,
        coalesce(shared_event_id, event_id || '/' || coalesce(recipient_account_id, '')) as event_identity,
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

    from {{ ref('int_data_events') }}

    where event_date in {{ event_days(before=1, after=1) }}

),

-- Copies of an event carry its id, copies for another account its shared id.
numbered_events as (

    select
        *,
        row_number() over (partition by event_identity order by event_id, log_object) as copy

    from events

),

-- One event for each request and item, so that the join below adds no rows.
events_by_item as (

    select
        bucket_name,
        request_id,
        item,
        min(event_id) as event_id

    from numbered_events

    where copy = 1 and request_id is not null

    group by bucket_name, request_id, item

),

record_items as (

    select distinct
        bucket_name,
        request_id,
        item

    from records

    where request_id is not null

),

from_records as (

    select
        cast(if(events_by_item.event_id is null, 'access_log', 'both') as varchar) as witness,
        distinct_records.request_id,
        {% for column in from_record -%}
        distinct_records.{{ column }},
        {% endfor -%}
        events_by_item.event_id as data_event_id

    from distinct_records

    left join events_by_item
        on
            distinct_records.bucket_name = events_by_item.bucket_name
            and distinct_records.request_id = events_by_item.request_id
            and distinct_records.item = events_by_item.item

),

from_events as (

    select
        events.request_id,
        events.occurred_at,
        events.bucket_name,
        events.event_name,
        events.object_key,
        events.error_code,
        events.bytes_sent,
        events.remote_ip,
        events.requester,
        events.user_agent,
        {{ client_class('events.requester', 'events.user_agent') | indent(8) }} as client_class,
        events.version_id,
        events.host_id,
        events.signature_version,
        events.cipher_suite,
        events.auth_type,
        events.host_header,
        events.tls_version,
        events.acl_required,
        events.log_object,
        events.event_id,
        events.event_date

    from numbered_events as events

    left join record_items
        on
            events.bucket_name = record_items.bucket_name
            and events.request_id = record_items.request_id
            and events.item = record_items.item

    where
        events.copy = 1
        and events.event_date in {{ event_days() }}
        and record_items.request_id is null

)

select
    witness,
    request_id,
    requested_at,
    bucket_name,
    operation,
    object_key,
    object_key_raw,
    http_status,
    error_code,
    bytes_sent,
    object_size,
    total_time_ms,
    turn_around_time_ms,
    remote_ip,
    requester,
    {{ is_anonymous('requester') }} as is_anonymous,
    request_uri,
    referrer,
    user_agent,
    client_class,
    version_id,
    host_id,
    signature_version,
    cipher_suite,
    auth_type,
    host_header,
    tls_version,
    access_point_arn,
    acl_required,
    source_region,
    bucket_owner,
    extra_fields,
    log_object,
    data_event_id,
    event_date

from from_records

union all

select
    'data_event' as witness,
    request_id,
    occurred_at as requested_at,
    bucket_name,
    event_name as operation,
    object_key,
    cast(null as varchar) as object_key_raw,
    cast(null as integer) as http_status,
    error_code,
    bytes_sent,
    cast(null as bigint) as object_size,
    cast(null as bigint) as total_time_ms,
    cast(null as bigint) as turn_around_time_ms,
    remote_ip,
    requester,
    {{ is_anonymous('requester') }} as is_anonymous,
    cast(null as varchar) as request_uri,
    cast(null as varchar) as referrer,
    user_agent,
    client_class,
    version_id,
    host_id,
    signature_version,
    cipher_suite,
    auth_type,
    host_header,
    tls_version,
    cast(null as varchar) as access_point_arn,
    acl_required,
    cast(null as varchar) as source_region,
    cast(null as varchar) as bucket_owner,
    cast(null as varchar) as extra_fields,
    log_object,
    event_id as data_event_id,
    event_date

from from_events
