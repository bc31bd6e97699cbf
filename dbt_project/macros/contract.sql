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

{#-
    Compare what was written with the contract, as Glue describes it. dbt asks Athena instead, by two statements a model,
    before it writes; but here nobody reads what was written.
-#}
{% macro hold_contract(columns) -%}
    {%- set wanted, found = [], [] -%}
    {%- for column in model.columns.values() -%}
        {%- do wanted.append(contract_line(column.name, glue_type(column.data_type))) -%}
    {%- endfor -%}
    {%- for column in columns -%}
        {%- do found.append(contract_line(column.name, column.dtype)) -%}
    {%- endfor -%}
    {%- if wanted | map(attribute='formatted') | sort != found | map(attribute='formatted') | sort -%}
        {%- do exceptions.raise_contract_error(wanted, found) -%}
    {%- endif -%}
{%- endmacro %}

{% macro contract_line(name, type) -%}
    {{ return({'name': name, 'data_type': type, 'formatted': name ~ ' ' ~ type}) }}
{%- endmacro %}

{#- `array(row(code varchar, is_action boolean))` is `array<struct<code:string,is_action:boolean>>` in Glue. -#}
{% macro glue_type(type) -%}
    {{ return(
        (ddl_data_type(type) | trim).replace('row<', 'struct<').replace(', ', ',').replace(' ', ':')
    ) }}
{%- endmacro %}

{#- What dbt-athena would put in front of each query; nothing if hold_contract compares later. -#}
{% macro athena__get_assert_columns_equivalent(sql) -%}
    {{ '' if config.get('materialized') == 'staged' else default__get_assert_columns_equivalent(sql) }}
{%- endmacro %}
