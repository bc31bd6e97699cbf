{%- set entry = detection('denied_burst') -%}

with

refused as (

    select *

    from {{ ref('fct_denied_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

{{ bursts('refused', 'caller', 'sum(requests)', {
    'principal': 'min(rows_of.principal)',
    'remote_ips': 'array_distinct(flatten(array_agg(rows_of.addresses)))',
    'breadth': 'sum(greatest(rows_of.prefixes, 1))',
}) }},

described as (

    select
        *,
        cardinality(bucket_names) as buckets

    from bursts

    where breadth >= {{ entry.breadth }}

)

{{ detected(
    entry,
    'described',
    bucket_names='bucket_names',
    subject='caller',
    remote_ips='remote_ips',
    value='value',
) }}
