{%- set entry = detection('unauthorized_request_flood') -%}

with

refused as (

    select
        bucket_name,
        sum(requests) as requests,
        count(distinct caller) as callers,
        sum(if(outcome in ('denied', 'auth_failed'), requests, 0)) as not_allowed,
        coalesce(sum(billed_requests), 0) as billed,
        sum(if(billed_requests is null, requests, 0)) as perhaps_billed,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from {{ ref('fct_denied_requests') }}

    where
        event_date in {{ event_days() }}
        and bucket_name is not null
        and {{ entry.evidence }}

    group by bucket_name, event_date

)

{{ detected(
    entry,
    'refused',
    bucket_name='bucket_name',
    subject='bucket_name',
    principal='null',
    value='requests',
) }}
