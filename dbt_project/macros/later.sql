{#- The later of two times. Either may be null: greatest() is null if one of them is. -#}
{% macro later(one, other) -%}
    coalesce(greatest({{ one }}, {{ other }}), {{ one }}, {{ other }})
{%- endmacro %}
