{#- What callers do within an hour. -#}

{#-
    The busiest hour of each caller and day: of `hours` (one row per `caller`, hour and event_date, with value, first_at and
    last_at) the clock hour with the greatest value, or two in a row whose requests all lie within one hour.
-#}
{% macro busiest_hours(hours) -%}
select
    caller,
    value,
    first_at,
    last_at,
    event_date

from (
    select
        *,
        row_number() over (partition by caller, event_date order by value desc, first_at asc) as nth

    from (
        select
            caller,
            event_date,
            first_at,
            if(is_one_hour, value + next_value, value) as value,
            if(is_one_hour, next_last_at, last_at) as last_at

        from (
            select
                *,
                lead(value) over (partition by caller, event_date order by hour) as next_value,
                lead(last_at) over (partition by caller, event_date order by hour) as next_last_at,
                coalesce(
                    lead(last_at) over (partition by caller, event_date order by hour) <= date_add('hour', 1, first_at), false
                ) as is_one_hour

            from {{ hours }}
        ) as neighbours
    ) as windows
) as ranked

where nth = 1
{%- endmacro %}

{#-
    Three CTEs: what each caller of `rows` did by the hour, its busiest hour, and the rows in it. `rows` have an hour, the caller
    in a column `by`, requests, first_at and last_at. `value` is what is counted of them, `more` are further columns.
-#}
{% macro bursts(rows, by, value, more={}) -%}
hours as (

    select
        {{ by ~ (' as caller' if by != 'caller' else '') }},
        hour,
        cast({{ value }} as double) as value,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from {{ rows }}

    group by {{ by }}, hour, event_date

),

busiest as (

    {{ busiest_hours('hours') | indent(4) }}

),

bursts as (

    select
        busiest.caller,
        busiest.value,
        busiest.first_at,
        busiest.last_at,
        busiest.event_date,
        {%- for column, expression in more.items() %}
        {{ expression }} as {{ column }},
        {%- endfor %}
        array_agg(distinct rows_of.bucket_name) as bucket_names,
        sum(rows_of.requests) as requests

    from busiest

    inner join {{ rows }} as rows_of
        on
            busiest.caller = rows_of.{{ by }}
            and busiest.event_date = rows_of.event_date
            and busiest.first_at <= rows_of.last_at
            and busiest.last_at >= rows_of.first_at

    group by busiest.caller, busiest.value, busiest.first_at, busiest.last_at, busiest.event_date

)
{%- endmacro %}

{#-
    Two CTEs, to count what differs: two hours may have the same, so their numbers cannot be added. `within_an_hour` has each
    row of `rows` once for every hour that it begins in, of all hours that begin in a minute in which a row of the caller
    begins (`started_at`). `rows` have the caller in a column `by`, first_at and event_date.
-#}
{% macro within_an_hour(rows, by) -%}
starts as (

    select distinct
        {{ by }},
        date_trunc('minute', first_at) as started_at,
        event_date

    from {{ rows }}

),

within_an_hour as (

    select
        starts.started_at,
        rows_of.*

    from starts

    inner join {{ rows }} as rows_of
        on
            starts.{{ by }} = rows_of.{{ by }}
            and starts.event_date = rows_of.event_date
            and starts.started_at <= rows_of.first_at
            and date_add('hour', 1, starts.started_at) > rows_of.first_at

)
{%- endmacro %}
