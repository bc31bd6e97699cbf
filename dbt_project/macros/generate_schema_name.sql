{#- The Glue database a model names, as it is: analysts ask `lacuna`, not `lacuna_staging_lacuna`. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
