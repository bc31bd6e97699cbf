{#-
    Which hits are findings, by the 28 days before. `rows` are hits of those days and of the days that are judged, as
    int_detection_hits has them.
-#}
{% macro judged_hits(rows) -%}
with

hits as (

    select *

    from {{ rows }}

),

seen as (

    select
        hits.finding_id,
        hits.event_date,
        coverage.event_date as of_day,
        min(coverage.coverage) as coverage,
        max(coverage.hours_unknown) as hours_unknown,
        min(coverage.coverage_basis) as coverage_basis,
        min(coverage.account_id) as account_id,
        min(coverage.region) as region

    from hits

    inner join {{ published('int_detection_coverage') }} as coverage
        on
            hits.needs = coverage.needs
            and contains(hits.bucket_names, coverage.bucket_name)
            and coverage.event_date between date_add('day', -{{ var('lookback_days') }}, hits.event_date) and hits.event_date

    group by hits.finding_id, hits.event_date, coverage.event_date

),

-- The days looked back at that were seen whole.
covered as (

    select
        finding_id,
        of_day

    from seen

    where
        of_day < event_date
        and hours_unknown = 0
        and coverage >= {{ var('covered_day') }}

),

numbers as (

    select
        finding_id,
        count(*) as covered_days

    from covered

    group by finding_id

),

earlier as (

    select
        hits.finding_id,
        count(*) as earlier_days,
        array_sort(coalesce(array_agg(before.value) filter (where covered.of_day is not null), array[])) as values_of_covered_days

    from hits

    inner join hits as before
        on
            hits.detection = before.detection
            and hits.subject = before.subject
            and coalesce(hits.bucket_name, '') = coalesce(before.bucket_name, '')
            and before.event_date between date_add('day', -{{ var('lookback_days') }}, hits.event_date)
            and date_add('day', -1, hits.event_date)

    left join covered
        on
            hits.finding_id = covered.finding_id
            and before.event_date = covered.of_day

    group by hits.finding_id

),

-- Days before on which the caller was let in.
let_in as (

    select
        hits.finding_id,
        count(distinct requests.event_date) as days

    from hits

    inner join {{ published('fct_principal_hours') }} as requests
        on
            hits.bucket_name = requests.bucket_name
            and hits.principal = requests.principal
            and requests.event_date between date_add('day', -{{ var('lookback_days') }}, hits.event_date)
            and date_add('day', -1, hits.event_date)

    where
        hits.history = 'first_success'
        and requests.outcome = 'success'

    group by hits.finding_id

),

-- The nearest rank: of 28 days the 27th. A covered day without a hit has less than any of them.
compared as (

    select
        hits.*,
        coalesce(numbers.covered_days, 0) as covered_days,
        coalesce(earlier.earlier_days, 0) + coalesce(let_in.days, 0) as earlier_days,
        coalesce(
            element_at(
                earlier.values_of_covered_days,
                nullif(
                    greatest(
                        (95 * numbers.covered_days + 99) / 100
                        - numbers.covered_days + cardinality(earlier.values_of_covered_days),
                        0
                    ),
                    0
                )
            ),
            0
        ) as usual

    from hits

    left join numbers
        on hits.finding_id = numbers.finding_id

    left join earlier
        on hits.finding_id = earlier.finding_id

    left join let_in
        on hits.finding_id = let_in.finding_id

),

judged as (

    select
        *,
        if(factor is not null, greatest(floor_value, factor * usual), floor_value) as threshold,
        covered_days < {{ var('short_history_days') }} as has_few_days

    from compared

)

select
    judged.finding_id,
    judged.detection,
    judged.bucket_name,
    judged.bucket_names,
    judged.subject,
    judged.principal,
    judged.remote_ips,
    judged.severity,
    judged.stage,
    judged.value,
    judged.summary,
    judged.object_key,
    judged.requests,
    judged.objects,
    judged.bytes_sent,
    judged.cause_event_ids,
    judged.needs,
    judged.history,
    judged.floor_value,
    judged.first_at,
    judged.last_at,
    judged.covered_days,
    judged.earlier_days,
    judged.usual,
    judged.threshold,
    judged.history <> 'none' and judged.has_few_days as is_history_short,
    judged.value >= judged.threshold
    and (judged.history not in ('new', 'unusual', 'first_success') or judged.earlier_days = 0)
    and (judged.history <> 'new' or not judged.has_few_days) as is_finding,
    coalesce(seen.coverage, 0) as coverage,
    coalesce(seen.coverage_basis, 'unwitnessed') as coverage_basis,
    seen.account_id,
    seen.region,
    judged.event_date

from judged

left join seen
    on
        judged.finding_id = seen.finding_id
        and judged.event_date = seen.of_day
{%- endmacro %}
