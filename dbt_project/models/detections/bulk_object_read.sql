{%- set entry = detection('bulk_object_read') -%}

with

read_here as (

    select *

    from {{ ref('fct_principal_hours') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

{{ bursts('read_here', 'principal', 'sum(objects)', {
    'objects': 'sum(rows_of.objects)',
    'bytes_sent': 'sum(rows_of.bytes_sent)',
}) }}

{{ detected(
    entry,
    'bursts',
    bucket_names='bucket_names',
    subject='caller',
    principal='caller',
    value='value',
    objects='objects',
    bytes_sent='bytes_sent',
) }}
