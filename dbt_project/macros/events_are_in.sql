{#- Data events arrive within minutes and get an hour of grace. `as_of`: up to when what was delivered is known. -#}
{% macro events_are_in(hour, as_of) -%}
    date_add('hour', 2, {{ hour }}) <= {{ as_of }}
{%- endmacro %}
