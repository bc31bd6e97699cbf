{#-
    Build the days of a run where nobody reads them: publishing (lacuna.lake.publishing) shows them when they are tested.

    Each row is written once, to a folder that only this build has: <table>/run=<version>/<key>=…/. It is no folder below a
    partition, because Athena reads those with all that lies below. ref() finds a view: what is published without these
    days, and the new rows. Nothing here deletes files: what an earlier build wrote may be published.
-#}
{% materialization staged, adapter='athena' %}
    {%- set key = config.get('partitioned_by')[0] -%}
    {%- set days = [var('delivery_day')] if key == 'delivered_on' else var('event_days') -%}
    {%- set published = adapter.get_relation(this.database, this.schema, this.identifier) -%}
    {%- set own = own_relation(this) -%}
    {%- set rows = api.Relation.create(
        database=own.database,
        schema=own.schema,
        identifier=own.identifier ~ '__rows',
        type='table',
        s3_path_table_part=this.identifier ~ '/run=' ~ build_version() ~ '-' ~ invocation_id[:8],
    ) -%}

    {{ run_hooks(pre_hooks) }}

    {%- do adapter.delete_from_glue_catalog(rows) -%}
    {%- set statements = statements_of(compiled_code) -%}
    {%- do safe_create_table_as(False, rows, statements[0]) -%}
    {%- set columns = adapter.get_columns_in_relation(rows) -%}
    {%- for sql in statements[1:] -%}
        {%- for some in days | batch(100) -%}
            {%- do run_query(insert_of_days(rows, columns, sql, key, some)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if config.get('contract').enforced -%}
        {%- do hold_contract(columns) -%}
    {%- endif -%}
    {%- if published -%}
        {%- do process_schema_changes(config.get('on_schema_change'), rows, published) -%}
    {%- endif -%}
    {%- if config.persist_column_docs() -%}
        {#- the published table takes over those of the rows that it is made of; later it is changed only if they differ -#}
        {%- do adapter.persist_docs_to_glue(published or rows, with_comments(model), false, true, true) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        create or replace view {{ own }} as {{ with_published(rows, columns, published, key, days) }}
    {%- endcall -%}

    {{ run_hooks(post_hooks) }}

    {{ return({'relations': [own]}) }}
{% endmaterialization %}

{#- Athena writes 100 partitions in a statement at most. -#}
{% macro insert_of_days(rows, columns, sql, key, days) -%}
    insert into {{ rows }}
    select {{ columns | map(attribute='quoted') | join(', ') }} from ({{ sql }}) as rows_of_slice
    where {{ key }} in {{ days_in_brackets(days) }}
{%- endmacro %}

{% macro with_published(rows, columns, published, key, days) -%}
    {%- set names = columns | map(attribute='quoted') | join(', ') -%}
    {%- if published %}
    select {{ names }} from {{ published }}
        {%- if days %}
    where {{ key }} not in {{ days_in_brackets(days) }}
        {%- endif %}
    union all
    {%- endif %}
    select {{ names }} from {{ rows }}
{%- endmacro %}

{% macro days_in_brackets(days) -%}
    (
    {%- for text in days %}{{ day(text) }}{{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}

{#-
    A model as this run sees it: what it has built and not published yet, or else what is published. Unit tests and
    `dbt compile --no-introspect` ask no catalog.
-#}
{% macro ref() -%}
    {%- set published = builtins.ref(*varargs, **kwargs) -%}
    {%- if execute and flags.INTROSPECT and var('delivery_day', none) and not published.is_cte -%}
        {%- set own = own_relation(published) -%}
        {{ return(adapter.get_relation(own.database, own.schema, own.identifier) or published) }}
    {%- endif -%}
    {{ return(published) }}
{%- endmacro %}

{#- The view that a run has of a model of its own. Runs of two days share none, and may go side by side. -#}
{% macro own_relation(published) -%}
    {%- set of_run = build_version()[:10] ~ '_' ~ var('delivery_day') -%}
    {{ return(api.Relation.create(
        database=published.database,
        schema='lacuna_build',
        identifier=published.identifier ~ '__' ~ of_run | replace('-', ''),
        type='view',
    )) }}
{%- endmacro %}

{#- `<delivery day of the run>.<time>`. Of two builds of a day the one of the later time is shown. -#}
{% macro build_version() -%}
    {%- set by_hand = var('delivery_day') ~ '.' ~ run_started_at.strftime('%Y%m%dT%H%M%S.%f') -%}
    {{ return(var('build_version', by_hand)) }}
{%- endmacro %}
