{#- What the exports of findings to other schemas are made of. -#}

{% macro milliseconds(column) -%}
    date_diff('millisecond', timestamp '1970-01-01 00:00:00', {{ column }})
{%- endmacro %}

{#- From the least severe on, as OCSF numbers them from 1. -#}
{% macro severities() -%}
    {{ return(['informational', 'low', 'medium', 'high', 'critical']) }}
{%- endmacro %}

{#- The number of a word among words, from 1 on; 0 if it is none of them. -#}
{% macro nth_of(column, words) -%}
    array_position({{ quoted_array(words) }}, {{ column }})
{%- endmacro %}

{% macro capitalized(column) -%}
    upper(substr({{ column }}, 1, 1)) || substr({{ column }}, 2)
{%- endmacro %}

{#- Who calls may also be named by its service: `lambda.amazonaws.com`. A SIEM refuses a row with such an address. -#}
{% macro is_ip_address(column) -%}
    regexp_like({{ column }}, '^([0-9]{1,3}[.]){3}[0-9]{1,3}$|^[0-9A-Fa-f]*:[0-9A-Fa-f:.]+$')
{%- endmacro %}
