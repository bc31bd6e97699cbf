{{ config(partitioned_by=['delivered_on'], tags=['delivery_day']) }}

select
    split_part(log_object, '/', 3) as log_bucket,
    {{ key_of_url('log_object') }} as object_key,
    line,
    quarantine_reason as reason,
    line_bytes,
    delivered_on

from {{ ref('int_access_log_records') }}

where
    delivered_on = {{ delivery_day() }}
    and quarantine_reason is not null
