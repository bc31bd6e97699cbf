{%- set entry = detection('invalid_credentials') -%}

with

failed as (

    select *

    from {{ ref('fct_denied_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

{{ bursts('failed', 'caller', 'sum(requests)', {
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
