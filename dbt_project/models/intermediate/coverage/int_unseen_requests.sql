{{ config(materialized='ephemeral', tags=['event_days']) }}

{%- set logs = ['access_log_lost', 'events_lost'] %}

with

-- Both logs were read and cover reads and writes: what they show of such an hour are two samples of its requests.
hours as (

    select
        bucket_name,
        hour

    from {{ ref('int_covered_hours') }}

    where access_log > 0 and data_events_read > 0 and data_events_write > 0

),

compared as (

    select
        hours.bucket_name,
        reconciled.event_date,
        count(*) as hours_compared,
        -- of the requests that both logs must show
        cast(
            sum(
                least(
                    reconciled.witnessed_and_logged_requests,
                    reconciled.logged_and_witnessed_reads + reconciled.logged_and_witnessed_writes
                )
            )
            as double
        ) as in_both,
        cast(sum(reconciled.witnessed_requests - reconciled.witnessed_and_logged_requests) as double) as access_log_lost,
        cast(
            sum(
                reconciled.logged_reads + reconciled.logged_writes
                - reconciled.logged_and_witnessed_reads - reconciled.logged_and_witnessed_writes
            )
            as double
        ) as events_lost

    from hours

    inner join {{ ref('int_reconciled_hours') }} as reconciled
        on
            hours.bucket_name = reconciled.bucket_name
            and hours.hour = reconciled.hour

    where reconciled.event_date in {{ event_days() }}

    group by hours.bucket_name, reconciled.event_date

),

-- Byar's bounds of a Poisson count c at 95 %: c (1 - 1/9c -+ 1.96/3 sqrt(c)) to the third, of c + 1 for the upper one
-- (Breslow and Day 1987, Statistical Methods in Cancer Research II).
roots as (

    select
        *,
        {% for lost in logs %}
        1 - 1 / (9 * greatest({{ lost }}, 1)) - 1.96e0 / (3 * sqrt(greatest({{ lost }}, 1))) as {{ lost }}_lower,
        1 - 1 / (9 * ({{ lost }} + 1)) + 1.96e0 / (3 * sqrt({{ lost }} + 1)) as {{ lost }}_upper
        {{- ',' if not loop.last }}
        {% endfor %}

    from compared

),

bounded as (

    select
        bucket_name,
        event_date,
        hours_compared,
        in_both,
        {% for lost in logs %}
        {{ lost }},
        {{ lost }} * {{ lost }}_lower * {{ lost }}_lower * {{ lost }}_lower as {{ lost }}_lower,
        ({{ lost }} + 1) * {{ lost }}_upper * {{ lost }}_upper * {{ lost }}_upper as {{ lost }}_upper
        {{- ',' if not loop.last }}
        {% endfor %}

    from roots

)

-- Chapman's estimator of all requests, (a + 1)(b + 1) / (m + 1) - 1, less those that were seen, a + b - m. With
-- a = m + events_lost and b = m + access_log_lost that is one product. Fewer than 7 matches are too few (Seber 1982).
select
    bucket_name,
    hours_compared,
    if(in_both >= 7, round(access_log_lost * events_lost / (in_both + 1), 3)) as unseen_estimate,
    if(in_both >= 7, round(access_log_lost_lower * events_lost_lower / (in_both + 1), 3)) as unseen_lower,
    if(in_both >= 7, round(access_log_lost_upper * events_lost_upper / (in_both + 1), 3)) as unseen_upper,
    event_date

from bounded
