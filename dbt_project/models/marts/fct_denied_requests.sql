{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{%- set refused = 'not ' ~ is_done() %}

with

requests as (

    select
        *,
        date_trunc('hour', requested_at) as hour,
        coalesce(principal, remote_ip, 'unknown') as caller,
        cast({{ refusing_policy('error_message') | indent(8) }} as varchar) as refused_by

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
        {{ different('if(' ~ refused ~ ', object_key)') }} as keys,
        count(distinct if({{ refused }}, key_prefix)) as prefixes,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        {{ first_and_last('object_key', refused) | indent(8) }} as sample_keys,
        {{ first_and_last('request_id', refused) | indent(8) }} as sample_request_ids,
        {{ some_of('remote_ip', 20, refused) | indent(8) }} as addresses,
        {{ some_of('network_class', 20, refused) | indent(8) }} as network_classes,
        {{ some_of('client_class', 20, refused) | indent(8) }} as client_classes,
        {{ some_of('presigned_key_id', 5, refused) | indent(8) }} as presigned_key_ids,
        if(count(distinct refused_by) = 1, min(refused_by)) as refused_by,
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
                when keys >= 1 and keys <= 0.2 * requests then 'repeated'
                else 'several'
            end
            as varchar
        ) as pattern,
        case
            when outcome in ('throttled', 'server_error', 'redirect') then 0
            when outcome = 'denied' then requests_from_inside
            -- of the errors of authentication AWS charges for some only
            when outcome <> 'auth_failed' then requests
        end as billed_requests

    from with_totals

    where {{ refused }}

),

covered as (

    {{ with_hourly_coverage('refused') | indent(4) }}

)

select
    {{ contract_columns() }}

from covered
