{%- set entry = detection('insecure_transport') -%}

with

requests as (

    select
        bucket_name,
        principal,
        remote_ip,
        requested_at,
        filter(
            array[
                if(cipher_suite is null, 'plain HTTP'),
                if(regexp_like(lower(tls_version), '^(?:ssl.*|tlsv1(?:[.][01])?)$'), 'TLS below 1.2'),
                if(signature_version = 'SigV2', 'signature version 2')
            ],
            one -> one is not null
        ) as ways,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and bucket_name is not null
        and {{ entry.evidence }}

),

grouped as (

    select
        bucket_name,
        principal,
        array_join(array_sort(array_distinct(flatten(array_agg(ways)))), ', ') as ways,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        count(*) as requests,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        event_date

    from requests

    group by bucket_name, principal, event_date

)

{{ detected(
    entry,
    'grouped',
    bucket_name='bucket_name',
    subject='principal',
    remote_ips='remote_ips',
    value='requests',
) }}
