{%- set entry = detection('bulk_object_read') -%}

with

read_here as (

    select *

    from {{ ref('fct_principal_hours') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

hours as (

    select
        principal as caller,
        hour,
        cast(sum(objects) as double) as value,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from read_here

    group by principal, hour, event_date

),

{{ bursts('hours', 'read_here', 'principal', {
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
