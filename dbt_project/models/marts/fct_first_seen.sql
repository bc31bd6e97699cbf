{{ config(materialized='view', tags=['event_days']) }}

{#- What is seen together: kind, who, and what. -#}
{%- set pairs = [
    ('principal_bucket', 'principal', 'bucket_name'),
    ('account_bucket', 'principal_account_id', 'bucket_name'),
    ('key_bucket', 'long_term_key_id', 'bucket_name'),
    ('principal_network', 'principal', 'network_class'),
    ('principal_client', 'principal', 'client_class'),
    ('principal_action', 'principal', 'action'),
] %}

with

sights as (

    select
        pairs.kind,
        pairs.subject,
        pairs.seen_with,
        min(requests.first_at) as first_seen_at,
        min_by(requests.first_request_id, cast(requests.first_at as varchar) || requests.first_request_id) as request_id,
        sum(requests.requests) as requests,
        sum(if({{ is_done('requests.outcome') }}, requests.requests, 0)) as done_requests,
        requests.event_date

    from {{ published('fct_principal_hours') }} as requests

    cross join unnest(
        array[{% for kind, _, _ in pairs %}'{{ kind }}'{{ ', ' if not loop.last }}{% endfor %}],
        array[{% for _, subject, _ in pairs %}requests.{{ subject }}{{ ', ' if not loop.last }}{% endfor %}],
        array[{% for _, _, seen_with in pairs %}requests.{{ seen_with }}{{ ', ' if not loop.last }}{% endfor %}]
    ) as pairs (kind, subject, seen_with)

    where pairs.subject is not null and pairs.seen_with is not null

    group by pairs.kind, pairs.subject, pairs.seen_with, requests.event_date

),

bucket_days as (

    {{ days_with_callers() | indent(4) }}

),

-- Whether somebody was in a bucket before is a question about this bucket, and everything else about all of them.
whole_days as (

    select
        bucket_name,
        event_date

    from bucket_days

    where coverage = 1

    union all

    select
        cast(null as varchar) as bucket_name,
        event_date

    from bucket_days

    group by event_date

    having bool_and(coalesce(coverage, 0) = 1)

),

new as (

    select
        sights.*,
        if(sights.kind like '%_bucket', sights.seen_with) as bucket_name

    from sights

    left join sights as before
        on
            sights.kind = before.kind
            and sights.subject = before.subject
            and sights.seen_with = before.seen_with
            and date_add('day', -{{ var('lookback_days') }}, sights.event_date) <= before.event_date
            and sights.event_date > before.event_date

    where before.kind is null

)

select
    cast(new.kind as varchar) as kind,
    new.subject,
    new.seen_with,
    new.first_seen_at,
    new.request_id,
    new.requests,
    new.done_requests,
    {{ var('lookback_days') }} as lookback_days,
    count(whole_days.event_date) as whole_days,
    -- some requests of a log name neither a key nor an account
    count(whole_days.event_date) = {{ var('lookback_days') }} and new.kind like 'principal_%' as is_certain,
    new.event_date

from new

left join whole_days
    on
        coalesce(new.bucket_name, '') = coalesce(whole_days.bucket_name, '')
        and date_add('day', -{{ var('lookback_days') }}, new.event_date) <= whole_days.event_date
        and new.event_date > whole_days.event_date

group by
    new.kind,
    new.subject,
    new.seen_with,
    new.first_seen_at,
    new.request_id,
    new.requests,
    new.done_requests,
    new.event_date
