{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

requests as (

    select *

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and principal is not null
        and actor_class not in ('aws_service', 'lifecycle')

),

sessions as (

    select
        principal,
        session_name,
        min(principal_account_id) as principal_account_id,
        min(session_issuer_arn) as session_issuer_arn,
        min(session_created_at) as session_created_at,
        {{ some_of('actor_class') | indent(8) }} as actor_classes,
        -- of requests that only the access log has, nothing is known of MFA
        bool_and(is_mfa_authenticated) as is_mfa_authenticated,
        bool_or(is_console_credential) as is_console_credential,
        {{ some_of('access_key_id') | indent(8) }} as access_key_ids,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        {{ first_request() }} as first_request_id,
        {{ some_of('remote_ip') | indent(8) }} as addresses,
        count(distinct remote_ip) as distinct_addresses,
        {{ some_of('network_class') | indent(8) }} as network_classes,
        {{ some_of('client_class') | indent(8) }} as client_classes,
        {{ some_of('via_service') | indent(8) }} as via_services,
        {{ some_of('bucket_name', 100) | indent(8) }} as bucket_names,
        count(*) as requests,
        {{ different("if(action in ('read_object', 'copy_read') and " ~ is_done() ~ ", bucket_name || '/' || object_key)") }} as objects_read,
        {{ different("if(action = 'write_object' and " ~ is_done() ~ ", bucket_name || '/' || object_key)") }} as objects_written,
        {{ different("if(action = 'delete_object' and " ~ is_done() ~ ", bucket_name || '/' || object_key)") }} as objects_deleted,
        coalesce(sum(bytes_sent), 0) as bytes_sent,
        count_if(outcome in ('denied', 'auth_failed')) as denied,
        count_if(action in ('write_config', 'write_acl', 'write_object_config') and {{ is_done() }}) as settings_changed,
        event_date

    from requests

    group by principal, session_name, event_date

),

-- A session has no bucket of its own: its hours are those of all its buckets.
session_buckets as (

    select distinct
        principal,
        session_name,
        bucket_name,
        event_date

    from requests

),

covered as (

    {{ with_coverage('session_buckets') | indent(4) }}

),

session_coverage as (

    select
        principal,
        session_name,
        event_date,
        -- a sum of fractions depends on its order in the last digits
        round(avg(coverage), 6) as coverage,
        -- 'unwitnessed' is the lesser word
        min(coverage_basis) as coverage_basis

    from covered

    group by principal, session_name, event_date

),

joined as (

    select
        sessions.*,
        session_coverage.coverage,
        session_coverage.coverage_basis

    from sessions

    inner join session_coverage
        on
            sessions.principal = session_coverage.principal
            -- a name has at least one character
            and coalesce(sessions.session_name, '') = coalesce(session_coverage.session_name, '')
            and sessions.event_date = session_coverage.event_date

)

select
    {{ contract_columns() }}

from joined
