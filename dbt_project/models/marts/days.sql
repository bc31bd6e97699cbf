{{ config(materialized='view', tags=['delivery_day']) }}

with

-- The newest day that a run has begun to read, or has said why it could not: a view that asked the clock would answer
-- otherwise tomorrow.
newest as (

    select max(days.day) as day

    from (
        select delivered_on as day
        from {{ ref('stg_evidence__catalogued_days') }}
        union all
        select delivery_day as day
        from {{ ref('stg_evidence__check_results') }}
    ) as days

),

calendar as (

    select days.day

    from newest

    cross join unnest(sequence(date_add('day', -89, newest.day), newest.day)) as days (day)

),

-- parsed from its last catalog, and nothing is left to do
finished as (

    select parsed_days.delivered_on as day

    from {{ ref('stg_evidence__parsed_days') }} as parsed_days

    inner join {{ ref('stg_evidence__catalogued_days') }} as cataloged_days
        on
            parsed_days.delivered_on = cataloged_days.delivered_on
            and parsed_days.catalogued_at = cataloged_days.catalogued_at

    left join {{ ref('stg_evidence__unfinished_days') }} as unfinished_days
        on parsed_days.delivered_on = unfinished_days.delivered_on

    where unfinished_days.delivered_on is null

),

-- A day that is run again, or whose run has other days left to do, shows what was published of it before.
published as (

    select
        element_at(partition_values, 1) as day,
        table_name,
        max_by(location, published_at) as location

    from {{ ref('stg_evidence__publications') }}

    -- the log objects that were delivered on the day, and its hours
    where database_name = 'lacuna' and table_name in ('fct_log_objects', 'fct_delivery_hours')

    group by element_at(partition_values, 1), table_name

),

shown as (

    select cast(day as date) as day

    from published

    where location is not null

    group by day

    having count(*) = 2

),

checked as (

    select
        partition_day as day,
        bool_and(success) as is_passed,
        max(checked_at) as checked_at,
        max_by(message, checked_at) as message

    from {{ ref('fct_check_results') }}

    where expectation = 'day_withheld' and is_current

    group by partition_day

)

select
    calendar.day,
    cast(
        case
            when not checked.is_passed then 'failed_audit'
            when finished.day is not null or shown.day is not null then 'built'
            else 'not_run'
        end
        as varchar
    ) as state,
    checked.checked_at,
    if(not checked.is_passed, checked.message) as message

from calendar

left join finished
    on calendar.day = finished.day

left join shown
    on calendar.day = shown.day

left join checked
    on calendar.day = checked.day
