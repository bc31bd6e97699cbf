{#-
    What readers are shown of a model: what a view for readers selects from. ref() would find what the run has built, which
    is gone after the run.
-#}
{% macro published(name) -%}
    {{ return(builtins.ref(name)) }}
{%- endmacro %}

{#-
    How far each bucket's day was seen, of days of which it is known what callers did: an older version built days without
    fct_principal_hours.
-#}
{% macro days_with_callers() -%}
select
    days.bucket_name,
    days.coverage,
    days.hours_unseen,
    days.event_date

from {{ published('fct_bucket_days') }} as days

where days.event_date in (select hours.event_date from {{ published('fct_principal_hours') }} as hours)
{%- endmacro %}

{#-
    The published table of a model that no run has published yet, without a row: a view needs it. Publishing creates the
    others (lacuna.lake.publishing).
-#}
{% macro ensure_published(node) -%}
    {%- set table = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
    {%- if node.config.materialized == 'staged' and not adapter.get_relation(table.database, table.schema, table.identifier) -%}
        {%- set columns = adapter.get_columns_in_relation(own_relation(table)) -%}
        {%- set keys = node.config.partitioned_by -%}
        {%- call statement('ensure_published') %}
            create external table if not exists {{ table.render_hive() }} (
                {%- for column in columns if column.name not in keys %}
                `{{ column.name }}` {{ column.dtype }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
            partitioned by ({% for key in keys %}`{{ key }}` date{{ ', ' if not loop.last }}{% endfor %})
            stored as parquet
            location '{{ node.config.s3_data_dir }}/{{ table.identifier }}/'
            tblproperties ('classification'='parquet')
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}
