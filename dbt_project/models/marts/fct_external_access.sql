{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

-- Of whom it is unknown whether he is outside is here too, and says so.
requests as (

    select
        *,
        case
            when actor_class = 'anonymous' then 'anonymous'
            when actor_class = 'auth_failed' then 'auth_failed'
            when principal_account_id is not null then 'account'
            else 'unresolved'
        end as party_kind

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and coalesce(is_external, true)
        and action <> 'preflight'

),

grouped as (

    select
        bucket_name,
        cast(party_kind as varchar) as party_kind,
        case
            when party_kind = 'account' then principal_account_id
            when party_kind = 'unresolved' then coalesce(principal, identity_type)
        end as party,
        action,
        outcome,
        min(bucket_account_id) as bucket_account_id,
        bool_and(is_external) as is_external,
        count(*) as requests,
        {{ different('object_key') }} as objects,
        coalesce(sum(bytes_sent), 0) as bytes_sent,
        count_if(acl_required = 'Yes') as acl_required_requests,
        count_if(is_presigned) as presigned_requests,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        {{ first_request() }} as first_request_id,
        {{ some_of('principal') | indent(8) }} as principals,
        {{ some_of('remote_ip') | indent(8) }} as addresses,
        count(distinct remote_ip) as distinct_addresses,
        {{ some_of('network_class') | indent(8) }} as network_classes,
        {{ some_of('access_point_arn') | indent(8) }} as access_point_arns,
        {{ some_of('vpc_endpoint_id') | indent(8) }} as vpc_endpoint_ids,
        {{ some_of('key_prefix') | indent(8) }} as key_prefixes,
        event_date

    from requests

    group by
        bucket_name,
        party_kind,
        case
            when party_kind = 'account' then principal_account_id
            when party_kind = 'unresolved' then coalesce(principal, identity_type)
        end,
        action,
        outcome,
        event_date

),

covered as (

    {{ with_coverage('grouped') | indent(4) }}

)

select
    {{ contract_columns() }}

from covered
