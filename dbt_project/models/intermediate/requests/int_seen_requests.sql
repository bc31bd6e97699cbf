{{ config(materialized='ephemeral', tags=['event_days']) }}

with

-- A line and its copies have one hash.
records as (

    select distinct
        line_hash,
        bucket_name,
        request_id,
        {{ item_of_record() }} as item,
        operation,
        object_key is not null as is_of_object,
        event_date

    from {{ ref('int_access_log_records') }}

    where
        event_date in {{ event_days() }}
        and quarantine_reason is null
        and {{ in_slice() }}

),

-- An event and its copies have one identity.
events as (

    select distinct
        {{ event_identity() }} as event_identity,
        bucket_name,
        request_id,
        {{ item_of_event() }} as item,
        event_date

    from {{ ref('int_data_events') }}

    where
        event_date in {{ event_days() }}
        and {{ is_data_event() }}
        and {{ in_slice() }}

),

-- Neighbouring days too: a request that crosses midnight has its record on one side and its event on the other.
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
        and {{ in_slice() }}

),

event_items as (

    select distinct
        bucket_name,
        request_id,
        {{ item_of_event() }} as item

    from {{ ref('int_data_events') }}

    where
        event_date in {{ event_days(before=1, after=1) }}
        and {{ is_data_event() }}
        and request_id is not null
        and {{ in_slice() }}

)

select
    records.bucket_name,
    if(event_items.request_id is null, 'access_log', 'both') as witness,
    records.operation,
    records.is_of_object,
    records.event_date

from records

left join event_items
    on
        records.bucket_name = event_items.bucket_name
        and records.request_id = event_items.request_id
        and records.item = event_items.item

union all

select
    events.bucket_name,
    'data_event' as witness,
    cast(null as varchar) as operation,
    true as is_of_object,
    events.event_date

from events

left join record_items
    on
        events.bucket_name = record_items.bucket_name
        and events.request_id = record_items.request_id
        and events.item = record_items.item

where record_items.request_id is null
