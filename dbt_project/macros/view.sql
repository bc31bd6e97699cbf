{#-
    Make a view only if it is not the one that the lake has. dbt's own makes each again on every run.

    A view keeps the types that what it reads had when it was made, so the columns of that count too. So does the text in
    the lake: an older version, or a person, may have made another view since. And so do comments on its columns.
-#}
{% materialization view, adapter='athena' %}
    {%- set columns = with_comments(model).columns if config.persist_column_docs() else {} -%}
    {%- for unique_id in model.depends_on.nodes if unique_id in graph.nodes -%}
        {%- do ensure_published(graph.nodes[unique_id]) -%}
    {%- endfor -%}
    {%- set comments = columns.values() | map(attribute='description') | list -%}
    {%- set wanted = ([compiled_code, columns_read_by(model)] + comments) | string -%}
    {%- if load_cached_relation(this) and glue_table(this).get('Parameters', {}).get('view') == view_fingerprint(wanted) -%}
        {%- call noop_statement('main', 'unchanged') -%}{%- endcall -%}
    {%- else -%}
        {%- do create_or_replace_view(run_outside_transaction_hooks=False) -%}
        {%- do adapter.expire_glue_table_versions(this, 4, False) -%}
        {%- set notes = {'view': view_fingerprint(wanted)} -%}
        {#- its comment says that it is a view: Trino finds none that has another -#}
        {%- set mark = glue_table(this)['Parameters']['comment'] -%}
        {%- set noted = dict(model, columns=columns, description=mark, config={'meta': notes}) -%}
        {%- do adapter.persist_docs_to_glue(this, noted, true, true) -%}
    {%- endif -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}

{% macro view_fingerprint(wanted) -%}
    {{ return(local_md5(wanted ~ glue_table(this).get('ViewOriginalText'))) }}
{%- endmacro %}

{% macro glue_table(relation) -%}
    {{ return(adapter.get_glue_table(relation)['Table']) }}
{%- endmacro %}

{#- The columns of all tables and views that a model reads, with their types. -#}
{% macro columns_read_by(node) -%}
    {%- set columns = [] -%}
    {%- for unique_id in node.depends_on.nodes | sort -%}
        {%- set read = graph.nodes.get(unique_id) or graph.sources[unique_id] -%}
        {%- if read.config.materialized == 'ephemeral' -%}
            {%- do columns.extend(columns_read_by(read)) -%}
        {%- else -%}
            {%- set relation = api.Relation.create(
                database=read.database, schema=read.schema, identifier=read.alias or read.identifier
            ) -%}
            {%- for column in adapter.get_columns_in_relation(relation) -%}
                {%- do columns.append(unique_id ~ ' ' ~ column.column ~ ' ' ~ column.dtype) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
