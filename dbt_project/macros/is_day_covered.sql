{#- Was a bucket's day seen well enough to say what did not happen on it? -#}
{% macro is_day_covered() -%}
    hours_unseen = 0 and coverage >= {{ var('covered_day') }}
{%- endmacro %}
