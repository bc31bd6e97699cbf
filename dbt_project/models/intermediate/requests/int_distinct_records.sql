{{ config(materialized='ephemeral', tags=['event_days']) }}

with

records as (

    select *

    from {{ ref('int_access_log_records') }}

    where
        event_date in {{ event_days() }}
        and quarantine_reason is null

),

-- The same line twice is one request that S3 delivered twice. Few lines are repeated: only those are sorted.
repeated_lines as (

    select line_hash

    from records

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
