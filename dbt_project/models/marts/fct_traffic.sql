{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

requests as (

    select
        *,
        date_trunc('hour', requested_at) as hour

    from {{ ref('fct_object_requests') }}

    where event_date in {{ event_days() }}

),

regions as (

    select
        bucket_name,
        event_date,
        min(region) as region

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

    group by bucket_name, event_date

),

grouped as (

    select
        requests.hour,
        requests.bucket_name,
        requests.key_prefix,
        requests.principal,
        requests.network_class,
        requests.source_region,
        requests.event_date,
        count(*) as requests,
        {{ different('requests.object_key') }} as objects,
        count_if(requests.action in ('read_object', 'copy_read')) as read_requests,
        count_if(requests.action in ('write_object', 'write_part')) as write_requests,
        count_if(requests.action in ('delete_object', 'batch_delete', 'expire_object', 'expire_marker')) as delete_requests,
        count_if(requests.action like 'list_%') as list_requests,
        count_if(not {{ is_done('requests.outcome') }}) as failures,
        count_if(requests.http_status = 206) as range_requests,
        coalesce(sum(requests.bytes_sent), 0) as bytes_sent,
        sum(requests.bytes_received) as bytes_received,
        max(requests.bytes_sent) as largest_answer,
        min(requests.requested_at) as first_at,
        max(requests.requested_at) as last_at

    from requests

    group by
        requests.hour,
        requests.bucket_name,
        requests.key_prefix,
        requests.principal,
        requests.network_class,
        requests.source_region,
        requests.event_date

),

routed as (

    select
        grouped.*,
        cast(
            case
                when grouped.source_region = regions.region then 'same_region'
                when grouped.source_region <> regions.region then 'other_region'
                when grouped.network_class = 'internet' then 'public_address'
                else 'unknown'
            end
            as varchar
        ) as transfer_class

    from grouped

    left join regions
        on
            grouped.bucket_name = regions.bucket_name
            and grouped.event_date = regions.event_date

),

covered as (

    {{ with_hourly_coverage('routed') | indent(4) }}

)

select
    {{ contract_columns() }}

from covered
