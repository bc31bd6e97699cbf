{#-
    Make a view only if it is not the one that the lake has. dbt's own makes each again on every run.

    A view keeps the types that what it reads had when it was made, so the columns of that count too. So does the text in
    the lake: an older version, or a person, may have made another view since. And so do comments on its columns.

    A view that has checks (meta.is_checked) is made for the run as well.
-#}
{% materialization view, adapter='athena' %}
    {%- set columns = with_comments(model).columns if config.persist_column_docs() else {} -%}
    {%- for node in tables_read_by(model) if node.resource_type == 'model' -%}
        {%- do ensure_published(node) -%}
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
    {%- set made = [this.incorporate(type='view')] -%}
    {%- if config.get('meta').get('is_checked') -%}
        {%- call statement('own') -%}
            create or replace view {{ own_relation(this) }} as {{ as_seen_by_run(compiled_code) }}
        {%- endcall -%}
        {%- do made.append(own_relation(this)) -%}
    {%- endif -%}
    {{ return({'relations': made}) }}
{% endmaterialization %}

{#-
    The text of a view over what this run has built and not published yet: its checks read that. dbt names every table the
    same way, in quotes.
-#}
{% macro as_seen_by_run(sql) -%}
    {%- set seen = namespace(sql=sql) -%}
    {%- for node in tables_read_by(model) if node.resource_type == 'model' -%}
        {%- set read = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
        {%- set own = own_relation(read) -%}
        {%- if adapter.get_relation(own.database, own.schema, own.identifier) -%}
            {%- set seen.sql = seen.sql | replace(read | string, own | string) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(seen.sql) }}
{%- endmacro %}

{% macro view_fingerprint(wanted) -%}
    {{ return(local_md5(wanted ~ glue_table(this).get('ViewOriginalText'))) }}
{%- endmacro %}

{% macro glue_table(relation) -%}
    {{ return(adapter.get_glue_table(relation)['Table']) }}
{%- endmacro %}

{#- The nodes of all tables and views that a model reads, also by way of an ephemeral model. -#}
{% macro tables_read_by(node) -%}
    {%- set tables = [] -%}
    {%- for unique_id in node.depends_on.nodes | sort -%}
        {%- set read = graph.nodes.get(unique_id) or graph.sources[unique_id] -%}
        {%- do tables.extend(tables_read_by(read) if read.config.materialized == 'ephemeral' else [read]) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}

{#- Their columns with their types. -#}
{% macro columns_read_by(node) -%}
    {%- set columns = [] -%}
    {%- for read in tables_read_by(node) -%}
        {%- set relation = api.Relation.create(
            database=read.database, schema=read.schema, identifier=read.alias or read.identifier
        ) -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- do columns.append(read.unique_id ~ ' ' ~ column.column ~ ' ' ~ column.dtype) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
