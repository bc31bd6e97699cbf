{%- set entry = detection('automation_used_interactively') -%}

with

sessions as (

    select
        *,
        array_join(
            filter(client_classes, one -> one in ('cli', 'console', 'browser')), ', '
        ) as clients

    from {{ ref('fct_sessions') }}

    where
        event_date in {{ event_days() }}
        and contains(actor_classes, 'automation')
        -- of these instance_credentials_outside_aws tells
        and not regexp_like(session_name, '^i-[0-9a-f]{8,17}$')
        and not {{ is_listed('automation_roles', 'principal') }}

),

grouped as (

    select
        principal,
        array_distinct(flatten(array_agg(bucket_names))) as bucket_names,
        array_distinct(flatten(array_agg(addresses))) as remote_ips,
        min(clients) as clients,
        sum(requests) as requests,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from sessions

    where clients <> ''

    group by principal, event_date

)

{{ detected(
    entry,
    'grouped',
    bucket_names='bucket_names',
    subject='principal',
    remote_ips='remote_ips',
    value='requests',
) }}
