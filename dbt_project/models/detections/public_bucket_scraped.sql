{%- set entry = detection('public_bucket_scraped') -%}

with

hours as (

    select
        bucket_name || ' ' || remote_ip as caller,
        date_trunc('hour', requested_at) as hour,
        cast({{ different('object_key') }} as double) as value,
        count(*) as requests,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

    group by bucket_name, remote_ip, date_trunc('hour', requested_at), event_date

),

-- A browser asks for few objects again and again.
once as (

    select *

    from hours

    where value >= {{ entry.share_once }} * requests

),

busiest as (

    {{ busiest_hours('once') | indent(4) }}

),

named as (

    select
        *,
        split_part(caller, ' ', 1) as bucket_name,
        split_part(caller, ' ', 2) as remote_ip

    from busiest

)

{{ detected(
    entry,
    'named',
    bucket_name='bucket_name',
    subject='remote_ip',
    principal='null',
    remote_ips='array[remote_ip]',
    requests='null',
    value='value',
    objects='value',
) }}
