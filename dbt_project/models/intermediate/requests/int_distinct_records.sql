{{ config(materialized='ephemeral', tags=['event_days']) }}

{%- set columns = [
    'request_id', 'requested_at', 'bucket_name', 'operation', 'object_key', 'object_key_raw', 'http_status',
    'error_code', 'bytes_sent', 'object_size', 'total_time_ms', 'turn_around_time_ms', 'remote_ip', 'requester',
    'request_uri', 'referrer', 'user_agent', 'client_class', 'version_id', 'host_id', 'signature_version',
    'cipher_suite', 'auth_type', 'host_header', 'tls_version', 'access_point_arn', 'acl_required', 'source_region',
    'bucket_owner', 'extra_fields', 'log_object', 'event_date',
] %}

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
    {{ columns | join(',\n    ') }},
    {{ item_of_record() }} as item

from records

where line_hash not in (select repeated_lines.line_hash from repeated_lines)

union all

select
    {{ columns | join(',\n    ') }},
    {{ item_of_record() }} as item

from numbered_copies

where copy = 1
