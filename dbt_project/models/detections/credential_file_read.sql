{%- set entry = detection('credential_file_read') -%}

with

read_here as (

    select
        bucket_name,
        coalesce(principal, 'anonymous') as caller,
        min(principal) as principal,
        array_distinct(flatten(array_agg(addresses))) as remote_ips,
        bool_or(actor_class = 'anonymous') as is_anonymous,
        sum(requests) as requests,
        sum(objects) as objects,
        sum(bytes_sent) as bytes_sent,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from {{ ref('fct_sensitive_access') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

    group by bucket_name, coalesce(principal, 'anonymous'), event_date

)

{{ detected(
    entry,
    'read_here',
    bucket_name='bucket_name',
    subject='caller',
    remote_ips='remote_ips',
    severity="if(is_anonymous, 'critical')",
    value='objects',
    objects='objects',
    bytes_sent='bytes_sent',
) }}
