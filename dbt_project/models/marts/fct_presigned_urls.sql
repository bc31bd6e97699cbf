{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

requests as (

    select
        *,
        date_add('second', expires_seconds, signed_at) as expires_at

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and is_presigned

),

grouped as (

    select
        presigned_key_id,
        signed_at,
        expires_seconds,
        bucket_name,
        object_key,
        action,
        min(expires_at) as expires_at,
        {{ some_of('principal') | indent(8) }} as holders,
        count(*) as uses,
        count_if({{ is_done() }}) as successes,
        count_if(requested_at > expires_at) as uses_after_expiry,
        min(requested_at) as first_use_at,
        max(requested_at) as last_use_at,
        {{ first_request() }} as first_request_id,
        {{ some_of('remote_ip') | indent(8) }} as addresses,
        count(distinct remote_ip) as distinct_addresses,
        {{ some_of('network_class') | indent(8) }} as network_classes,
        {{ some_of('client_class') | indent(8) }} as client_classes,
        coalesce(sum(bytes_sent), 0) as bytes_sent,
        bool_and(is_claimed_console_transfer) as is_claimed_console_transfer,
        bool_or(is_sensitive) as is_sensitive,
        event_date

    from requests

    group by presigned_key_id, signed_at, expires_seconds, bucket_name, object_key, action, event_date

),

covered as (

    {{ with_coverage('grouped') | indent(4) }}

)

select
    {{ contract_columns() }}

from covered
