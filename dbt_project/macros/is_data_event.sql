{#- Is a row of int_data_events a data event? Rows of days that an older version parsed have no kind, and all of them are. -#}
{% macro is_data_event(record_kind='record_kind') -%}
    coalesce({{ record_kind }}, 'data_event') = 'data_event'
{%- endmacro %}
