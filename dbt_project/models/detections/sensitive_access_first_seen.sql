{%- set entry = detection('sensitive_access_first_seen') -%}

with

read_here as (

    select
        bucket_name,
        principal,
        array_distinct(flatten(array_agg(addresses))) as remote_ips,
        bool_or(network_class = 'internet') as is_from_internet,
        sum(requests) as requests,
        sum(objects) as objects,
        sum(bytes_sent) as bytes_sent,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from {{ ref('fct_sensitive_access') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence | replace('is_sensitive and', '') }}
        and not {{ is_listed('break_glass_roles', 'principal') }}

    group by bucket_name, principal, event_date

)

{{ detected(
    entry,
    'read_here',
    bucket_name='bucket_name',
    subject='principal',
    remote_ips='remote_ips',
    severity="if(objects >= " ~ entry.many_objects ~ " or is_from_internet, 'high')",
    value='objects',
    objects='objects',
    bytes_sent='bytes_sent',
) }}
