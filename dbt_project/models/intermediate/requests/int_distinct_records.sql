{{ config(materialized='ephemeral', tags=['event_days']) }}

with

records as (

    select *

    from {{ ref('int_access_log_records') }}

    where
        event_date in {{ event_days() }}
        and quarantine_reason is null
        and {{ in_slice('coalesce(request_id, line_hash)') }}

),

-- The same line twice is one request that S3 delivered twice.
repeated_lines as (

    select
        line_hash,
        min(cast(delivered_on as varchar) || log_object) as first_place

    from records

    group by line_hash

    having count(*) > 1

),

-- One object may hold a line twice. Without an order this keeps no row in memory.
numbered_copies as (

    select
        records.*,
        row_number() over (partition by records.line_hash) as copy

    from records

    inner join repeated_lines
        on
            records.line_hash = repeated_lines.line_hash
            and cast(records.delivered_on as varchar) || records.log_object = repeated_lines.first_place

)

select
    {{ request_columns() | join(',\n    ') }},
    log_object,
    event_date,
    {{ item_of_record() }} as item

from records

where line_hash not in (select repeated_lines.line_hash from repeated_lines)

union all

select
    {{ request_columns() | join(',\n    ') }},
    log_object,
    event_date,
    {{ item_of_record() }} as item

from numbered_copies

where copy = 1
