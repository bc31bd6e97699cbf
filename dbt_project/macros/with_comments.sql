{#- A model whose descriptions of columns Glue takes as comments: 255 characters at most, cut at the end of a sentence. -#}
{% macro with_comments(node) -%}
    {%- set columns = {} -%}
    {%- for name, column in node.columns.items() -%}
        {%- set text = column.description.split() | join(' ') -%}
        {%- set whole = text if text | length <= 255 else text[:256].rpartition('. ')[0] ~ '.' -%}
        {%- do columns.update({name: dict(column, description=whole)}) -%}
    {%- endfor -%}
    {{ return(dict(node, columns=columns)) }}
{%- endmacro %}
