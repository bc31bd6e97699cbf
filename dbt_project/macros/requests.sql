{#- What the marts of requests share. -#}

{#- The rows of a CTE, each with how much of its bucket's day was provably seen. A bucket of no snapshot has no proof. -#}
{% macro with_coverage(rows) -%}
    {{ joined_with_coverage(rows, ref('int_day_coverage'), 'event_date') }}
{%- endmacro %}

{#- The same by the hour, for rows that have one. -#}
{% macro with_hourly_coverage(rows) -%}
    {{ joined_with_coverage(rows, ref('int_covered_hours'), 'hour') }}
{%- endmacro %}

{% macro joined_with_coverage(rows, covered, time) -%}
select
    {{ rows }}.*,
    coalesce(covered.coverage, 0) as coverage,
    coalesce(covered.coverage_basis, 'unwitnessed') as coverage_basis

from {{ rows }}

left join {{ covered }} as covered
    on
        {{ rows }}.bucket_name = covered.bucket_name
        and {{ rows }}.{{ time }} = covered.{{ time }}
{%- endmacro %}

{#- How many different keys: by their hashes, because a client chooses how long they are and how many. -#}
{% macro different(key) -%}
    count(distinct md5(to_utf8({{ key }})))
{%- endmacro %}

{#- Two of many values, without keeping the others. -#}
{% macro first_and_last(value, condition) -%}
    array_distinct(
        filter(array[min(if({{ condition }}, {{ value }})), max(if({{ condition }}, {{ value }}))], one -> one is not null)
    )
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

{#- The id of a group's first request, which leads back to its row. -#}
{% macro first_request() -%}
    min_by(request_id, cast(requested_at as varchar) || request_id)
{%- endmacro %}

{#- Was the request carried out? What S3 does by itself has no outcome of its own. -#}
{% macro is_done(outcome='outcome') -%}
    {{ outcome }} in ('success', 'none')
{%- endmacro %}
