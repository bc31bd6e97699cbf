{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{#- A temporary key is another one every few hours. -#}
{%- set is_kept = "regexp_like(coalesce(access_key_id, presigned_key_id), '^AKIA')" %}

with

requests as (

    select
        *,
        date_trunc('hour', requested_at) as hour,
        if({{ is_kept }}, coalesce(access_key_id, presigned_key_id)) as long_term_key_id

    from {{ ref('fct_object_requests') }}

    where event_date in {{ event_days() }}

),

grouped as (

    select
        hour,
        bucket_name,
        principal,
        principal_account_id,
        actor_class,
        client_class,
        long_term_key_id,
        action,
        outcome,
        network_class,
        count(*) as requests,
        count_if(witness in ('both', 'access_log')) as records,
        count_if(witness in ('both', 'data_event')) as data_events,
        {{ different('object_key') }} as objects,
        coalesce(sum(bytes_sent), 0) as bytes_sent,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        {{ first_request() }} as first_request_id,
        event_date

    from requests

    group by
        hour,
        bucket_name,
        principal,
        principal_account_id,
        actor_class,
        client_class,
        long_term_key_id,
        action,
        outcome,
        network_class,
        event_date

),

covered as (

    {{ with_hourly_coverage('grouped') | indent(4) }}

)

select
    {{ contract_columns() }}

from covered
