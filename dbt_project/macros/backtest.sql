{#-
    What a detection finds from one day to another as the run's variables set it, beside what fct_findings has of it. One row
    for each finding of either, and its change: new, gone or kept. The hits of the days before are made with the same
    settings, so `event_days` holds these days too.
-#}
{% macro backtest(name, since, until) -%}
with

tried as (

    select *

    from (
        {{ judged_hits('(' ~ hits_of([name]) ~ ')') | indent(8) }}
    ) as judged

    where
        is_finding
        and event_date between {{ day(since) }} and {{ day(until) }}

),

stored as (

    select *

    from {{ ref('fct_findings') }}

    where
        detection = '{{ name }}'
        and event_date between {{ day(since) }} and {{ day(until) }}

)

select
    coalesce(tried.event_date, stored.event_date) as event_date,
    coalesce(tried.finding_id, stored.finding_id) as finding_id,
    case
        when stored.finding_id is null then 'new'
        when tried.finding_id is null then 'gone'
        else 'kept'
    end as change,
    coalesce(tried.severity, stored.severity) as severity,
    coalesce(tried.bucket_name, stored.bucket_name) as bucket_name,
    coalesce(tried.subject, stored.subject) as subject,
    coalesce(tried.value, stored.value) as value,
    coalesce(tried.threshold, stored.threshold) as threshold

from tried

full outer join stored
    on tried.finding_id = stored.finding_id

order by 1, 2
{%- endmacro %}
