{{ config(materialized='ephemeral', tags=['event_days']) }}

with

events as (

    select *

    from {{ ref('int_distinct_events') }}

),

-- One event for each request and item, so that the join below adds no rows.
events_by_item as (

    select
        bucket_name,
        request_id,
        item,
        min(event_id) as event_id

    from events

    where request_id is not null

    group by bucket_name, request_id, item

),

-- Neighbouring days too: the record of an event near midnight may belong to the day before or after.
record_items as (

    select distinct
        bucket_name,
        request_id,
        {{ item_of_record() }} as item

    from {{ ref('int_access_log_records') }}

    where
        event_date in {{ event_days(before=1, after=1) }}
        and quarantine_reason is null
        and request_id is not null

)

select
    cast(if(events_by_item.event_id is null, 'access_log', 'both') as varchar) as witness,
    records.request_id,
    records.requested_at,
    records.bucket_name,
    records.operation,
    records.object_key,
    records.object_key_raw,
    records.http_status,
    records.error_code,
    records.bytes_sent,
    records.object_size,
    records.total_time_ms,
    records.turn_around_time_ms,
    records.remote_ip,
    records.requester,
    {{ is_anonymous('records.requester') }} as is_anonymous,
    records.request_uri,
    records.referrer,
    records.user_agent,
    records.client_class,
    records.version_id,
    records.host_id,
    records.signature_version,
    records.cipher_suite,
    records.auth_type,
    records.host_header,
    records.tls_version,
    records.access_point_arn,
    records.acl_required,
    records.source_region,
    records.bucket_owner,
    records.extra_fields,
    records.log_object,
    events_by_item.event_id as data_event_id,
    records.event_date

from {{ ref('int_distinct_records') }} as records

left join events_by_item
    on
        records.bucket_name = events_by_item.bucket_name
        and records.request_id = events_by_item.request_id
        and records.item = events_by_item.item

union all

select
    'data_event' as witness,
    events.request_id,
    events.occurred_at as requested_at,
    events.bucket_name,
    events.event_name as operation,
    events.object_key,
    cast(null as varchar) as object_key_raw,
    cast(null as integer) as http_status,
    events.error_code,
    events.bytes_sent,
    cast(null as bigint) as object_size,
    cast(null as bigint) as total_time_ms,
    cast(null as bigint) as turn_around_time_ms,
    events.remote_ip,
    events.requester,
    {{ is_anonymous('events.requester') }} as is_anonymous,
    cast(null as varchar) as request_uri,
    cast(null as varchar) as referrer,
    events.user_agent,
    {{ client_class('events.requester', 'events.user_agent') }} as client_class,
    events.version_id,
    events.host_id,
    events.signature_version,
    events.cipher_suite,
    events.auth_type,
    events.host_header,
    events.tls_version,
    cast(null as varchar) as access_point_arn,
    events.acl_required,
    cast(null as varchar) as source_region,
    cast(null as varchar) as bucket_owner,
    cast(null as varchar) as extra_fields,
    events.log_object,
    events.event_id as data_event_id,
    events.event_date

from events

left join record_items
    on
        events.bucket_name = record_items.bucket_name
        and events.request_id = record_items.request_id
        and events.item = record_items.item

where
    events.event_date in {{ event_days() }}
    and record_items.request_id is null
