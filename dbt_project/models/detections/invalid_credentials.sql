{%- set entry = detection('invalid_credentials') -%}

with

failed as (

    select *

    from {{ ref('fct_denied_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

hours as (

    select
        caller,
        hour,
        cast(sum(requests) as double) as value,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from failed

    group by caller, hour, event_date

),

{{ bursts('hours', 'failed', 'caller', {
    'principal': 'min(rows_of.principal)',
    'remote_ips': 'array_distinct(flatten(array_agg(rows_of.addresses)))',
    'error_codes': "array_join(array_sort(array_agg(distinct rows_of.error_code)), ', ')",
}) }}

{{ detected(
    entry,
    'bursts',
    bucket_names='bucket_names',
    subject='caller',
    remote_ips='remote_ips',
    value='value',
) }}
