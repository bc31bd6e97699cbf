{{ config(materialized='view', tags=['event_days']) }}

{#- What is counted in an hour, by its name. -#}
{%- set is_read = "action in ('read_object', 'copy_read') and " ~ is_done() %}
{%- set measures = {
    'requests': 'sum(requests)',
    'objects_read': 'sum(if(' ~ is_read ~ ', objects, 0))',
    'objects_deleted': "sum(if(action = 'delete_object' and " ~ is_done() ~ ', objects, 0))',
    'bytes_sent': 'sum(bytes_sent)',
    'denied': "sum(if(outcome = 'denied', requests, 0))",
} %}

with

hours as (

    select
        bucket_name,
        principal,
        hour,
        {% for measure, total in measures.items() %}
        {{ total }} as {{ measure }},
        {% endfor %}
        event_date

    from {{ published('fct_principal_hours') }}

    where principal is not null

    group by bucket_name, principal, hour, event_date

),

days as (

    select
        bucket_name,
        principal,
        sum(requests) as requests,
        {% for measure in measures %}
        max({{ measure }}) as peak_{{ measure }},
        {% endfor %}
        event_date

    from hours

    group by bucket_name, principal, event_date

),

-- The hours of the day in which a caller did something, in whichever bucket.
active as (

    select distinct
        principal,
        hour(hour) as hour_of_day,
        event_date

    from hours

),

rhythms as (

    select
        active.principal,
        active.event_date,
        count(distinct before.event_date) as active_days,
        count(distinct before.hour_of_day) as active_hours

    from active

    inner join active as before
        on
            active.principal = before.principal
            and date_add('day', -{{ var('lookback_days') }}, active.event_date) <= before.event_date
            and active.event_date > before.event_date

    group by active.principal, active.event_date

),

bucket_days as (

    {{ days_with_callers() | indent(4) }}

),

covered_days as (

    select
        bucket_name,
        event_date

    from bucket_days

    where hours_unseen = 0 and coverage >= {{ var('covered_day') }}

),

-- A covered day on which the caller did nothing is a day of its history too.
history as (

    select
        days.bucket_name,
        days.principal,
        {% for measure in measures %}
        coalesce(before.peak_{{ measure }}, 0) as peak_{{ measure }},
        {% endfor %}
        days.event_date

    from days

    inner join covered_days
        on
            days.bucket_name = covered_days.bucket_name
            and date_add('day', -{{ var('lookback_days') }}, days.event_date) <= covered_days.event_date
            and days.event_date > covered_days.event_date

    left join days as before
        on
            covered_days.bucket_name = before.bucket_name
            and days.principal = before.principal
            and covered_days.event_date = before.event_date

),

-- The nearest rank is the same on every engine: of 28 days the 27th.
baselines as (

    select
        bucket_name,
        principal,
        count(*) as covered_days,
        {% for measure in measures %}
        element_at(array_sort(array_agg(peak_{{ measure }})), (95 * count(*) + 99) / 100) as usual_{{ measure }},
        {% endfor %}
        event_date

    from history

    group by bucket_name, principal, event_date

)

select
    days.bucket_name,
    days.principal,
    days.requests,
    {% for measure in measures %}
    days.peak_{{ measure }},
    {% endfor %}
    coalesce(baselines.covered_days, 0) as covered_days,
    coalesce(baselines.covered_days, 0) < {{ var('short_history_days') }} as is_history_short,
    {% for measure in measures %}
    baselines.usual_{{ measure }},
    {% endfor %}
    coalesce(rhythms.active_days, 0) as active_days,
    coalesce(rhythms.active_hours, 0) as active_hours,
    coalesce(
        rhythms.active_days >= {{ var('automation_days') }} and rhythms.active_hours >= {{ var('automation_hours') }}, false
    ) as is_learned_automation,
    days.event_date

from days

left join rhythms
    on
        days.principal = rhythms.principal
        and days.event_date = rhythms.event_date

left join baselines
    on
        days.bucket_name = baselines.bucket_name
        and days.principal = baselines.principal
        and days.event_date = baselines.event_date
