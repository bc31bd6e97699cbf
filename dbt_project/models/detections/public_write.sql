{%- set entry = detection('public_write') -%}

with

writes as (

    select
        bucket_name,
        coalesce(party, 'anonymous') as party,
        coalesce('account ' || min(party), 'somebody who did not sign') as who,
        array_distinct(flatten(array_agg(addresses))) as remote_ips,
        sum(requests) as requests,
        sum(objects) as objects,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from {{ ref('fct_external_access') }}

    where
        event_date in {{ event_days() }}
        and outcome = 'success'
        and action in ('write_object', 'write_part', 'delete_object', 'batch_delete', 'write_acl')
        and (party_kind = 'anonymous' or (is_external and acl_required_requests > 0))
        and not {{ is_listed('partners', 'party') }}

    group by bucket_name, coalesce(party, 'anonymous'), event_date

)

{{ detected(
    entry,
    'writes',
    bucket_name='bucket_name',
    subject='party',
    principal='null',
    remote_ips='remote_ips',
    value='requests',
    objects='objects',
) }}
