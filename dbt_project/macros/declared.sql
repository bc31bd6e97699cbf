{#- What users declare in tables of theirs: lacuna.declared hands it over. -#}

{#- Is what a column holds on a list of the user's? (LACUNA_LISTS_TABLE) -#}
{% macro is_listed(kind, column) -%}
    {%- set values = var('lists', {}).get(kind, []) -%}
    {%- if values -%}
        coalesce({{ column }} in ({% for one in values %}{{ quoted(one) }}{{ ', ' if not loop.last }}{% endfor %}), false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{#- Is an address in one of the user's networks? IPv4 of whole numbers: 192.0.2.0/24 is `192.0.2.`. -#}
{% macro is_in_networks(column) -%}
    {%- set networks = var('lists', {}).get('trusted_networks', []) -%}
    {%- if networks -%}
        coalesce({% for one in networks %}starts_with({{ column }}, {{ quoted(one) }}){{ ' or ' if not loop.last }}{% endfor %}, false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
