{%- set entry = detection('high_egress') -%}

with

sent as (

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
        cast(sum(bytes_sent) as double) as value,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from sent

    group by principal, hour, event_date

),

{{ bursts('hours', 'sent', 'principal') }}

{{ detected(
    entry,
    'bursts',
    bucket_names='bucket_names',
    subject='caller',
    principal='caller',
    value='value',
    bytes_sent='value',
) }}
