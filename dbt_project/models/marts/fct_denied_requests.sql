{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{%- set refused = 'not ' ~ is_done() %}

with

requests as (

    select
        *,
        date_trunc('hour', requested_at) as hour,
        coalesce(principal, remote_ip, 'unknown') as caller

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and action <> 'preflight'

),

-- Successes too, so that one scan says what else the caller did in the hour; but of them only their number is kept.
grouped as (

    select
        hour,
        bucket_name,
        caller,
        action,
        outcome,
        error_code,
        principal,
        actor_class,
        event_date,
        count(*) as requests,
        count(distinct if({{ refused }}, object_key)) as keys,
        count(distinct if({{ refused }}, key_prefix)) as prefixes,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        {{ some_of('object_key', 5, refused) | indent(8) }} as sample_keys,
        {{ some_of('request_id', 5, refused) | indent(8) }} as sample_request_ids,
        {{ some_of('remote_ip', 20, refused) | indent(8) }} as addresses,
        {{ some_of('network_class', 20, refused) | indent(8) }} as network_classes,
        {{ some_of('client_class', 20, refused) | indent(8) }} as client_classes,
        {{ some_of('presigned_key_id', 5, refused) | indent(8) }} as presigned_key_ids,
        max(error_message) as error_message,
        -- S3 charges nothing for a refusal of somebody outside; of whom that is unknown, so is the charge
        if(count_if(is_external is null) = 0, count_if(not is_external)) as requests_from_inside

    from requests

    group by hour, bucket_name, caller, action, outcome, error_code, principal, actor_class, event_date

),

-- A bucket that no event names is one group too.
with_totals as (

    select
        *,
        sum(requests) over (partition by hour, bucket_name, caller, event_date) as requests_of_caller,
        sum(if({{ is_done() }}, requests, 0)) over (
            partition by hour, bucket_name, caller, event_date
        ) as successes_of_caller

    from grouped

),

refused as (

    select
        *,
        cast(requests as double) / requests_of_caller as share_of_caller,
        cast(
            case
                when requests = 1 then 'single'
                when keys >= {{ var('sweep_keys') }} and keys >= 0.8 * requests then 'sweep'
                when keys <= 0.2 * requests then 'repeated'
                else 'several'
            end
            as varchar
        ) as pattern,
        cast({{ refusing_policy('error_message') | indent(8) }} as varchar) as refused_by,
        if(outcome in ('denied', 'auth_failed'), requests_from_inside, requests) as billed_requests

    from with_totals

    where {{ refused }}

),

covered as (

    {{ with_coverage('refused') | indent(4) }}

)

select
    {{ contract_columns() }}

from covered
