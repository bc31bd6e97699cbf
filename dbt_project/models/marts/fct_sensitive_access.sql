{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

config as (

    select *

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

-- Keys say what is in them also where nobody marked the bucket.
requests as (

    select
        requests.*,
        config.is_sensitive as is_sensitive_bucket,
        config.sensitivity,
        config.sensitive_by

    from {{ ref('fct_object_requests') }} as requests

    left join config
        on
            requests.bucket_name = config.bucket_name
            and requests.event_date = config.event_date

    where
        requests.event_date in {{ event_days() }}
        and requests.action <> 'preflight'
        and requests.is_sensitive

),

seen as (

    select
        bucket_name,
        key_prefix,
        key_class,
        principal,
        actor_class,
        network_class,
        action,
        outcome,
        min(sensitivity) as sensitivity,
        cast(if(bool_or(coalesce(is_sensitive_bucket, false)), min(sensitive_by), 'key') as varchar) as sensitive_by,
        bool_or(is_external) as is_external,
        count(*) as requests,
        {{ different('object_key') }} as objects,
        count(distinct version_id) as versions,
        coalesce(sum(bytes_sent), 0) as bytes_sent,
        count_if(is_presigned) as presigned_requests,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        {{ first_request() }} as first_request_id,
        {{ some_of('via_service') | indent(8) }} as via_services,
        {{ some_of('session_name') | indent(8) }} as session_names,
        {{ some_of('remote_ip') | indent(8) }} as addresses,
        count(distinct remote_ip) as distinct_addresses,
        {{ some_of('client_class') | indent(8) }} as client_classes,
        {{ some_of('access_key_id') | indent(8) }} as access_key_ids,
        event_date

    from requests

    group by bucket_name, key_prefix, key_class, principal, actor_class, network_class, action, outcome, event_date

),

-- A sensitive bucket of which neither log has a request has one row, whose coverage says what that means.
unseen as (

    select
        config.bucket_name,
        config.sensitivity,
        config.sensitive_by,
        config.event_date

    from config

    where
        config.is_sensitive
        and not exists (
            select 1
            from seen
            where
                seen.bucket_name = config.bucket_name
                and seen.event_date = config.event_date
        )

),

rows_of_days as (

    select *

    from seen

    union all

    select
        bucket_name,
        cast(null as varchar) as key_prefix,
        cast(null as varchar) as key_class,
        cast(null as varchar) as principal,
        cast(null as varchar) as actor_class,
        cast(null as varchar) as network_class,
        cast(null as varchar) as action,
        cast(null as varchar) as outcome,
        sensitivity,
        sensitive_by,
        cast(null as boolean) as is_external,
        0 as requests,
        0 as objects,
        0 as versions,
        0 as bytes_sent,
        0 as presigned_requests,
        cast(null as timestamp(3)) as first_at,
        cast(null as timestamp(3)) as last_at,
        cast(null as varchar) as first_request_id,
        cast(null as array(varchar)) as via_services,
        cast(null as array(varchar)) as session_names,
        cast(null as array(varchar)) as addresses,
        0 as distinct_addresses,
        cast(null as array(varchar)) as client_classes,
        cast(null as array(varchar)) as access_key_ids,
        event_date

    from unseen

),

covered as (

    {{ with_coverage('rows_of_days') | indent(4) }}

)

select
    {{ contract_columns() }}

from covered
