{%- set entry = detection('ransom_note') -%}

with

notes as (

    select
        bucket_name,
        object_key,
        coalesce(min(principal), min(remote_ip), 'anonymous') as who,
        min(principal) as principal,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        count(*) as requests,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

    group by bucket_name, object_key, event_date

)

{{ detected(
    entry,
    'notes',
    bucket_name='bucket_name',
    subject='object_key',
    remote_ips='remote_ips',
    value='requests',
    object_key='object_key',
    objects='1',
) }}
