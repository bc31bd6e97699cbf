{#- The request was not signed. Older logs give everybody a canonical id, or spell it out. -#}
{% macro is_anonymous(requester) -%}
    coalesce({{ requester }} in ('Anonymous', '65a011a29cdf8ec533ec3d1ccaae921c'), true)
{%- endmacro %}
