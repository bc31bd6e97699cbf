{%- set entry = detection('export_configured_to_foreign_account') -%}

with

own_accounts as (

    select *

    from {{ ref('int_own_accounts') }}

),

changes as (

    select
        changes.*,
        {{ without_session('changes.identity_arn') }} as caller,
        filter(
            transform(
                split(changes.request_parameters, '"Account'), one -> regexp_extract(one, '^(?:Id)?":"?([0-9]{12})', 1)
            ),
            one -> not contains(own_accounts.account_ids, one) and not {{ is_listed('partners', 'one') }}
        ) as foreign_accounts

    from {{ ref('int_configuration_changes') }} as changes

    inner join own_accounts
        on changes.event_date = own_accounts.event_date

    where
        changes.event_date in {{ event_days() }}
        and changes.control in ('replication', 'inventory')
        and changes.error_code is null
        and changes.bucket_name is not null
        -- what is turned off sends nothing
        and regexp_like(changes.request_parameters, '"Status":"Enabled"|"IsEnabled":"?true')

),

grouped as (

    select
        bucket_name,
        min(caller) as principal,
        coalesce(min(identity_arn), 'somebody') as who,
        array_join(array_sort(array_agg(distinct control)), ', ') as controls,
        array_join(array_sort(array_distinct(flatten(array_agg(foreign_accounts)))), ', ') as accounts,
        array_agg(distinct event_id) as event_ids,
        count(distinct event_id) as changes,
        min(changed_at) as first_at,
        max(changed_at) as last_at,
        event_date

    from changes

    where cardinality(foreign_accounts) > 0

    group by bucket_name, event_date

)

{{ detected(
    entry,
    'grouped',
    bucket_name='bucket_name',
    subject='accounts',
    value='changes',
    requests='changes',
    cause_event_ids='event_ids',
) }}
