{#- The later of two times, of which either may be null: greatest() is null as soon as one of them is. -#}
{% macro later(one, other) -%}
    coalesce(greatest({{ one }}, {{ other }}), {{ one }}, {{ other }})
{%- endmacro %}
