{%- set entry = detection('cross_account_access_first_seen') -%}

with

accesses as (

    select
        bucket_name,
        party,
        array_distinct(flatten(array_agg(addresses))) as remote_ips,
        sum(requests) as requests,
        sum(objects) as objects,
        sum(bytes_sent) as bytes_sent,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from {{ ref('fct_external_access') }}

    where
        event_date in {{ event_days() }}
        and (party_kind = 'unresolved' or (party_kind = 'account' and is_external))
        and outcome = 'success'
        and party is not null
        and not {{ is_listed('partners', 'party') }}

    group by bucket_name, party, event_date

)

{{ detected(
    entry,
    'accesses',
    bucket_name='bucket_name',
    subject='party',
    principal='null',
    remote_ips='remote_ips',
    value='requests',
    objects='objects',
    bytes_sent='bytes_sent',
) }}
