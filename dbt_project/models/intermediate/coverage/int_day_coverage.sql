{{ config(materialized='ephemeral', tags=['event_days']) }}

select
    bucket_name,
    avg(coverage) as coverage,
    avg(access_log) as access_log_coverage,
    count_if(coverage = 0) as hours_unknown,
    cast(
        if(
            count_if(coverage > 0) > 0 and count_if(coverage > 0 and coverage_basis = 'unwitnessed') = 0,
            'witnessed',
            'unwitnessed'
        )
        as varchar
    ) as coverage_basis,
    event_date

from {{ ref('int_covered_hours') }}

group by bucket_name, event_date
