{#-
    Replaces dbt-athena's macro, which puts Glue's names of nested types into SQL. A unit test's rows need it: a column
    that they leave out is a null of the column's type.
-#}
{% macro athena__safe_cast(field, type) -%}
    {%- if 'struct<' in type -%}
        {%- set type = modules.re.sub('([a-z_]+):', '\\1 ', type) -%}
        {%- set type = type.replace('struct<', 'row(').replace('array<', 'array(').replace('>', ')').replace('string', 'varchar') -%}
    {%- endif -%}
    try_cast({{ field }} as {{ type }})
{%- endmacro %}
