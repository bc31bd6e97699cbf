{#- What the marts of requests share. -#}

{#- The rows of a CTE, each with how much of its bucket's day was provably seen. A bucket of no snapshot has no proof. -#}
{% macro with_coverage(rows) -%}
select
    {{ rows }}.*,
    coalesce(day_coverage.coverage, 0) as coverage,
    coalesce(day_coverage.coverage_basis, 'unwitnessed') as coverage_basis

from {{ rows }}

left join {{ ref('int_day_coverage') }} as day_coverage
    on
        {{ rows }}.bucket_name = day_coverage.bucket_name
        and {{ rows }}.event_date = day_coverage.event_date
{%- endmacro %}

{#- The first of a group's values in their order, each once; of the rows of a condition. -#}
{% macro some_of(value, most=20, condition=none) -%}
    slice(
        array_sort(
            array_agg(distinct {{ value }}) filter (where {{ value }} is not null{{ ' and ' ~ condition if condition }})
        ),
        1,
        {{ most }}
    )
{%- endmacro %}

{#- Was the request carried out? What S3 does by itself has no outcome of its own. -#}
{% macro is_done(outcome='outcome') -%}
    {{ outcome }} in ('success', 'none')
{%- endmacro %}
