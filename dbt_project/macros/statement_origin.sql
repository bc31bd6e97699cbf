{#-
    The comment in front of each of dbt's statements: the run and the step that sent it, and the model that it is for.
    A test belongs to its model. lacuna.tables.statements reads it back from Athena's history.
-#}
{% macro statement_origin(node) -%}
    {%- set tested = (node.attached_node or '').split('.') | last if node else '' -%}
    lacuna day={{ var('build_version', '')[:10] }} step={{ var('step', 'by_hand') }} {# -#}
    kind={{ node.resource_type if node else 'query' }} model={{ tested or (node.name if node else '') }}
{%- endmacro %}
