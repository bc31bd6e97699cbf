{%- set entry = detection('restore_burst') -%}

with

restores as (

    select *

    from {{ ref('fct_principal_hours') }}

    where
        event_date in {{ event_days() }}
        and bucket_name is not null
        and {{ entry.evidence }}

),

{{ bursts('restores', 'principal', 'sum(requests)') }},

described as (

    select
        *,
        cardinality(bucket_names) as buckets

    from bursts

)

{{ detected(
    entry,
    'described',
    bucket_names='bucket_names',
    subject='caller',
    principal='caller',
    value='value',
) }}
