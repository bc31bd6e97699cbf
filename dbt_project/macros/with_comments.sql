{#- A model whose descriptions of columns Glue takes as comments: 255 characters at most, cut after a sentence or a word. -#}
{% macro with_comments(node) -%}
    {%- set columns = {} -%}
    {%- for name, column in node.columns.items() -%}
        {%- set text = column.description.split() | join(' ') -%}
        {%- set sentences = text[:256].rpartition('. ')[0] -%}
        {%- set cut = sentences ~ '.' if sentences else text[:251].rpartition(' ')[0] ~ ' ...' -%}
        {%- set whole = text if text | length <= 255 else cut -%}
        {%- do columns.update({name: dict(column, description=whole)}) -%}
    {%- endfor -%}
    {{ return(dict(node, columns=columns)) }}
{%- endmacro %}
