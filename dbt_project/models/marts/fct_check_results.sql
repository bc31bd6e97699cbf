{{ config(materialized='view', tags=['delivery_day']) }}

with

-- The marts of one event day are checked by runs of several delivery days. What counts is what was found last. A check
-- that could not be carried out contradicts nothing.
checked as (

    select
        *,
        min(if(not errored, checked_at)) over (
            partition by suite, expectation, partition_day
            order by checked_at, delivery_day
            rows between 1 following and unbounded following
        ) as superseded_at

    from {{ ref('stg_evidence__check_results') }}

)

select
    expectation,
    severity,
    success,
    errored,
    findings,
    message,
    offending,
    sentences,
    to_do,
    bucket_names,
    query_of_all,
    cause,
    suite,
    partition_day,
    checked_at,
    superseded_at,
    superseded_at is null as is_current,
    delivery_day,
    checked_on

from checked
