{#- The days a run is about, as literals: a partition column compared with anything else is not pruned. -#}

{#- dbt parses a project before it knows the variables; a run without them fails with dbt's own message. -#}
{% macro day(value) -%}
    {% if execute or value %}date '{{ modules.datetime.date.fromisoformat(value) }}'{% endif %}
{%- endmacro %}

{% macro delivery_day() -%}
    {{ day(var('delivery_day')) }}
{%- endmacro %}

{#- The same as text: the partition key of a raw table is a string, since Glue finds only those by their value. -#}
{% macro delivery_day_text() -%}
    {% if execute or var('delivery_day') %}'{{ modules.datetime.date.fromisoformat(var('delivery_day')) }}'{% endif %}
{%- endmacro %}

{#- The event days of the run as a list of dates, each with its neighbours from -`before` to +`after` days. -#}
{% macro event_day_range(before=0, after=0) -%}
    {%- set days = [] -%}
    {%- for text in var('event_days') or [] -%}
        {%- set event_day = modules.datetime.date.fromisoformat(text) -%}
        {%- for offset in range(-before, after + 1) -%}
            {%- do days.append(event_day + modules.datetime.timedelta(days=offset)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(days | unique | sort) }}
{%- endmacro %}

{#- `(date '…', date '…')`, for use after `in`. A run without event days matches none. -#}
{% macro event_days(before=0, after=0) -%}
    {%- set days = event_day_range(before, after) -%}
    (
    {%- for event_day in days -%}
        date '{{ event_day }}'{{ ', ' if not loop.last }}
    {%- else -%}
        cast(null as date)
    {%- endfor -%}
    )
{%- endmacro %}

{#- The same as rows of one column, for use after `values`. -#}
{% macro event_day_rows(before=0, after=0) -%}
    {%- for event_day in event_day_range(before, after) -%}
        (date '{{ event_day }}'){{ ', ' if not loop.last }}
    {%- else -%}
        (cast(null as date))
    {%- endfor -%}
{%- endmacro %}

{#- May a record of the event days arrive on this delivery day, or is the day as new as the run's? -#}
{% macro is_judging_day() -%}
    (
        delivered_on in {{ event_days(after=var('lateness_days')) }}
        or delivered_on >= {{ delivery_day() }}
    )
{%- endmacro %}

{#- Literal bounds of the days whose snapshots can say how the event days were configured. -#}
{% macro is_snapshot_of_event_days(day='observed_on') -%}
    {%- set days = event_day_range() -%}
    {%- set age = var('config_max_age_days') -%}
    {%- if days -%}
        {{ day }} between date '{{ (days | first) - modules.datetime.timedelta(days=age) }}'
        and date '{{ (days | last) + modules.datetime.timedelta(days=1 + age) }}'
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{#- Is a row in a partition of this run? Tests read no other partition, so they cost the same every day. -#}
{% macro is_built(partition) -%}
    {{ partition }} in {{ '(' ~ delivery_day() ~ ')' if partition == 'delivered_on' else event_days() }}
{%- endmacro %}

{#-
    The snapshot that judges each event day: the first at or after its end, within config_max_age_days. `snapshots` is a
    CTE of rows with observed_at and observed_on.
-#}
{% macro judging_snapshots(snapshots) -%}
select
    event_days.event_date,
    min({{ snapshots }}.observed_at) as observed_at

from (values {{ event_day_rows() }}) as event_days (event_date)

inner join {{ snapshots }}
    on
        date_add('day', 1, cast(event_days.event_date as timestamp)) <= {{ snapshots }}.observed_at
        and date_add('day', {{ 1 + var('config_max_age_days') }}, event_days.event_date) >= {{ snapshots }}.observed_on

group by event_days.event_date
{%- endmacro %}
