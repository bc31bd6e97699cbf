{%- set entry = detection('attack_tool') -%}

with

requests as (

    select
        *,
        -- a word of the list, and never more of the client's own text
        regexp_extract(lower(user_agent), '{{ entry.tools }}') as tool

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and bucket_name is not null
        and {{ entry.evidence }}

),

grouped as (

    select
        principal,
        tool,
        array_agg(distinct bucket_name) as bucket_names,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        count(*) as requests,
        count_if(outcome = 'success') as succeeded,
        sum(bytes_sent) as bytes_sent,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        event_date

    from requests

    where tool is not null

    group by principal, tool, event_date

)

{{ detected(
    entry,
    'grouped',
    bucket_names='bucket_names',
    subject="principal || ' with ' || tool",
    remote_ips='remote_ips',
    value='requests',
    bytes_sent='bytes_sent',
) }}
