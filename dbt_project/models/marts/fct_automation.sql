{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

requests as (

    select *

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and principal is not null

),

grouped as (

    select
        bucket_name,
        principal,
        min(principal_account_id) as principal_account_id,
        {{ some_of('actor_class') | indent(8) }} as actor_classes,
        {{ some_of('actor_reason') | indent(8) }} as actor_reasons,
        {{ some_of('client_class') | indent(8) }} as client_classes,
        {{ some_of('via_service') | indent(8) }} as via_services,
        {{ some_of('claimed_job') | indent(8) }} as claimed_jobs,
        {{ some_of('action') | indent(8) }} as actions,
        {{ some_of('network_class') | indent(8) }} as network_classes,
        count(distinct session_name) as sessions,
        count(distinct remote_ip) as addresses,
        count(*) as requests,
        {{ different('object_key') }} as objects,
        coalesce(sum(bytes_sent), 0) as bytes_sent,
        count_if(not {{ is_done() }}) as failures,
        count(distinct date_trunc('hour', requested_at)) as active_hours,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        {{ first_request() }} as first_request_id,
        event_date

    from requests

    group by bucket_name, principal, event_date

),

covered as (

    {{ with_coverage('grouped') | indent(4) }}

)

select
    {{ contract_columns() }}

from covered
