{{ config(materialized='ephemeral', tags=['event_days']) }}

{%- set only_of_records = {
    'object_key_raw': 'varchar', 'http_status': 'integer', 'object_size': 'bigint', 'total_time_ms': 'bigint',
    'turn_around_time_ms': 'bigint', 'request_uri': 'varchar', 'referrer': 'varchar', 'access_point_arn': 'varchar',
    'source_region': 'varchar', 'bucket_owner': 'varchar', 'extra_fields': 'varchar',
} %}

with

events as (

    select
        *,
        occurred_at as requested_at,
        event_name as operation,
        {{ client_class('requester', 'user_agent') | indent(8) }} as client_class,
        {% for column, data_type in only_of_records.items() %}
        cast(null as {{ data_type }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}

    from {{ ref('int_distinct_events') }}

),

-- One event for each request and item, so that the join below adds no rows: the first by its id, and of copies the first.
-- Neighbouring days too: a request that crosses midnight has its record on one side and its event on the other.
events_by_item as (

    select
        bucket_name,
        request_id,
        {{ item_of_event() }} as item,
        min_by(
            cast(
                row({{ event_columns() | join(', ') }}, event_id)
                as row(
                    {% for column, data_type in event_columns().items() %}
                    {{ column }} {{ data_type }},
                    {% endfor %}
                    event_id varchar
                )
            ),
            event_id || ' ' || log_object
        ) as event

    from {{ ref('int_data_events') }}

    where
        event_date in {{ event_days(before=1, after=1) }}
        and {{ is_data_event() }}
        and request_id is not null
        and {{ in_slice('request_id') }}

    group by bucket_name, request_id, {{ item_of_event() }}

),

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
        and {{ in_slice('request_id') }}

)

select
    cast(if(events_by_item.event is null, 'access_log', 'both') as varchar) as witness,
    {% for column in request_columns() %}
    records.{{ column }},
    {% endfor %}
    {% for column in event_columns() %}
    events_by_item.event.{{ column }},
    {% endfor %}
    records.log_object,
    events_by_item.event.event_id as data_event_id,
    records.event_date

from {{ ref('int_distinct_records') }} as records

left join events_by_item
    on
        records.bucket_name = events_by_item.bucket_name
        and records.request_id = events_by_item.request_id
        and records.item = events_by_item.item

where {{ is_written('records') }}

union all

select
    'data_event' as witness,
    {% for column in request_columns() %}
    events.{{ column }},
    {% endfor %}
    {% for column in event_columns() %}
    events.{{ column }},
    {% endfor %}
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
    record_items.request_id is null
    and {{ is_written('events') }}
