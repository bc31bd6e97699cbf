{%- set entry = detection('encryption_with_outside_key') -%}

with

requests as (

    select
        bucket_name,
        object_key,
        principal,
        remote_ip,
        requested_at,
        sse_customer_algorithm,
        sse_applied,
        kms_key_arn,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

writes as (

    select
        requests.*,
        regexp_extract(requests.kms_key_arn, '^arn:[^:]*:kms:[^:]*:([0-9]{12}):', 1) as key_account_id,
        own_accounts.account_ids

    from requests

    left join {{ ref('int_own_accounts') }} as own_accounts
        on requests.event_date = own_accounts.event_date

),

outside as (

    select
        bucket_name,
        coalesce(principal, remote_ip, 'anonymous') as who,
        min(principal) as principal,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        count(*) as requests,
        {{ different('object_key') }} as objects,
        if(bool_or(key_account_id is null), 'a key that only the caller has', 'a key of account ' || min(key_account_id)) as whose_key,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        event_date

    from writes

    where
        coalesce(sse_customer_algorithm, '') <> ''
        or sse_applied = 'SSE_C'
        or (not contains(account_ids, key_account_id) and not {{ is_listed('partners', 'key_account_id') }})

    group by bucket_name, coalesce(principal, remote_ip, 'anonymous'), event_date

)

{{ detected(
    entry,
    'outside',
    bucket_name='bucket_name',
    subject='who',
    remote_ips='remote_ips',
    severity="if(objects >= " ~ entry.many_objects ~ ", 'critical')",
    value='objects',
    objects='objects',
) }}
