{%- set entry = detection('log_object_tampering') -%}

with

log_buckets as (

    {{ log_buckets_of_days() | indent(4) }}

),

requests as (

    select
        bucket_name,
        object_key,
        principal,
        remote_ip,
        action,
        requested_at,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

touched as (

    select
        requests.bucket_name,
        coalesce(requests.principal, requests.remote_ip, 'anonymous') as who,
        min(requests.principal) as principal,
        {{ some_of('requests.remote_ip') | indent(8) }} as remote_ips,
        count_if(requests.action = 'delete_object') as deleted,
        count(*) as requests,
        {{ different('requests.object_key') }} as objects,
        min(requests.requested_at) as first_at,
        max(requests.requested_at) as last_at,
        requests.event_date

    from requests

    inner join log_buckets
        on
            requests.bucket_name = log_buckets.bucket_name
            and requests.event_date = log_buckets.event_date

    group by requests.bucket_name, coalesce(requests.principal, requests.remote_ip, 'anonymous'), requests.event_date

)

{{ detected(
    entry,
    'touched',
    bucket_name='bucket_name',
    subject='who',
    remote_ips='remote_ips',
    value='objects',
    objects='objects',
) }}
