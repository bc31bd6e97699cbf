{#- The key in s3://bucket/key; keys may hold anything, slashes too. -#}
{% macro key_of_url(url) -%}
    regexp_extract({{ url }}, '(?s)^s3://[^/]*/(.*)$', 1)
{%- endmacro %}
