{%- set entry = detection('high_egress') -%}

with

sent as (

    select *

    from {{ ref('fct_principal_hours') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

{{ bursts('sent', 'principal', 'sum(bytes_sent)') }}

{{ detected(
    entry,
    'bursts',
    bucket_names='bucket_names',
    subject='caller',
    principal='caller',
    value='value',
    bytes_sent='value',
) }}
