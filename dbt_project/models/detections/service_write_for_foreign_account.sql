{%- set entry = detection('service_write_for_foreign_account') -%}

with

requests as (

    select
        bucket_name,
        object_key,
        principal,
        via_service,
        requested_at,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

writes as (

    select
        requests.*,
        regexp_extract(requests.object_key, '{{ entry.account_in_key }}', 1) as key_account_id,
        own_accounts.account_ids

    from requests

    inner join {{ ref('int_own_accounts') }} as own_accounts
        on requests.event_date = own_accounts.event_date

),

foreign_writes as (

    select
        bucket_name,
        key_account_id,
        min(principal) as principal,
        array_join(array_sort(array_agg(distinct coalesce(via_service, 'unknown'))), ', ') as services,
        count(*) as requests,
        {{ different('object_key') }} as objects,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        event_date

    from writes

    where
        not contains(account_ids, key_account_id)
        and not {{ is_listed('partners', 'key_account_id') }}

    group by bucket_name, key_account_id, event_date

)

{{ detected(
    entry,
    'foreign_writes',
    bucket_name='bucket_name',
    subject='key_account_id',
    value='objects',
    objects='objects',
) }}
