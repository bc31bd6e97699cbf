{{ config(materialized='view', tags=['event_days'], meta={'is_checked': true}) }}

with

detections (detection, needs, history, applies_to, is_count) as (

    values
    {{ needs_rows() | indent(4) }}

),

coverage as (

    select *

    from {{ published('int_detection_coverage') }}

),

-- What was found, and of what stayed below its threshold what came nearest to it.
hits as (

    select
        hits.detection,
        buckets.bucket_name,
        count_if(hits.is_finding) as findings,
        max(hits.value / hits.threshold) as nearest,
        hits.event_date

    from {{ ref('int_judged_hits') }} as hits

    cross join unnest(hits.bucket_names) as buckets (bucket_name)

    group by hits.detection, buckets.bucket_name, hits.event_date

),

-- Days before on which the signals were seen whole: what is new can be said only after some of them.
covered as (

    select
        days.needs,
        days.bucket_name,
        days.event_date,
        count(before.event_date) as covered_days

    from coverage as days

    left join coverage as before
        on
            days.needs = before.needs
            and days.bucket_name = before.bucket_name
            and before.event_date between date_add('day', -{{ var('lookback_days') }}, days.event_date)
            and date_add('day', -1, days.event_date)
            and before.hours_unknown = 0
            and before.coverage >= {{ var('covered_day') }}

    group by days.needs, days.bucket_name, days.event_date

),

judged as (

    select
        detections.detection,
        coverage.bucket_name,
        coverage.account_id,
        coverage.region,
        coverage.coverage,
        coverage.coverage_basis,
        coverage.hours_unknown,
        coverage.unknown_hours,
        coverage.unknown_reasons || if(
            detections.history = 'new' and covered.covered_days < {{ var('short_history_days') }},
            array['history_short'],
            cast(array[] as array(varchar))
        ) as unknown_reasons,
        coverage.what_would_make_it_known,
        detections.applies_to = 'log_buckets' and not coverage.is_log_bucket as is_not_applicable,
        coalesce(hits.findings, 0) as findings,
        -- what was not seen may be as much as was: a count close to its threshold is not clear
        coverage.hours_unknown = 0
        and coverage.coverage >= if(detections.is_count, {{ var('covered_day') }}, 1)
        and coalesce(hits.nearest < coverage.coverage or detections.history in ('new', 'unusual', 'first_success'), true)
        and (detections.history <> 'new' or covered.covered_days >= {{ var('short_history_days') }}) as is_seen,
        coverage.event_date

    from detections

    inner join coverage
        on detections.needs = coverage.needs

    inner join covered
        on
            coverage.needs = covered.needs
            and coverage.bucket_name = covered.bucket_name
            and coverage.event_date = covered.event_date

    left join hits
        on
            detections.detection = hits.detection
            and coverage.bucket_name = hits.bucket_name
            and coverage.event_date = hits.event_date

)

select
    detection,
    bucket_name,
    account_id,
    region,
    cast(
        case
            when findings > 0 then 'found'
            when is_not_applicable then 'not_applicable'
            when is_seen then 'clear'
            else 'unknown'
        end
        as varchar
    ) as state,
    findings,
    coverage,
    coverage_basis,
    hours_unknown,
    unknown_hours,
    if(is_seen or is_not_applicable, cast(array[] as array(varchar)), unknown_reasons) as unknown_reasons,
    if(is_seen or is_not_applicable, cast(array[] as array(varchar)), what_would_make_it_known) as what_would_make_it_known,
    event_date

from judged
