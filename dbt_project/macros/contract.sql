{#-
    The columns of the model's contract, in its order: a mart lists them once, in its yml. dbt's unit tests know no
    contract; in them it is every column of what is selected from.
-#}
{% macro contract_columns() -%}
    {{ model.columns | join(',\n    ') or '*' }}
{%- endmacro %}

{#-
    The columns of a snapshot that a mart shows as they were observed: in the mart's yml they have the tag `snapshot`. The
    models on the way pass them on and decide nothing by them. dbt's unit tests, which know no other model, have none.
-#}
{% macro snapshot_columns() -%}
    {%- set names = [] -%}
    {%- for node in graph.get('nodes', {}).values() -%}
        {%- for column in node.columns.values() if 'snapshot' in column.tags and column.name not in names -%}
            {%- do names.append(column.name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
