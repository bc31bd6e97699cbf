{#-
    Load a seed only if it is not the one that the lake has. dbt's own drops and makes every seed on every run, and a run
    that is killed between the two leaves no seed.

    A new seed is made beside the old one, in a place of its own, and one call to Glue puts it in the old one's stead. The
    files of the old one stay until the next change, for a run of another day that may be reading them.
-#}
{% materialization seed, adapter='athena' %}
    {%- set agate_table = load_agate_table() -%}
    {%- set wanted = seed_fingerprint(agate_table) -%}
    {%- set published = load_cached_relation(this) -%}
    {%- set beside = this.incorporate(path={'identifier': this.identifier ~ '__beside'}) -%}
    {%- set table = adapter.get_glue_table(this)['Table'] if published else {} -%}
    {%- set properties = table.get('Parameters', {}) -%}
    {%- set is_new = properties.get('seed') != wanted or should_full_refresh() -%}
    {%- if load_cached_relation(beside) -%}
        {#- only the entry that a killed run left: its files may be those of the seed -#}
        {%- do adapter.delete_from_glue_catalog(beside) -%}
    {%- endif -%}
    {%- if is_new -%}
        {%- set made = beside if published else this -%}
        {%- do create_csv_table(dict(model, alias=made.identifier), agate_table) -%}
        {%- set place = table.get('StorageDescriptor', {}).get('Location') -%}
        {%- set notes = {'seed': wanted, 'seed_before': place} if place else {'seed': wanted} -%}
        {%- do adapter.persist_docs_to_glue(made, dict(model, config={'meta': notes}), true) -%}
        {%- if published -%}
            {%- do adapter.swap_table(beside, this) -%}
            {%- do adapter.delete_from_glue_catalog(beside) -%}
        {%- endif -%}
        {%- if 'seed_before' in properties -%}
            {%- do adapter.delete_from_s3(properties['seed_before']) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do store_result('agate_table', response='OK', agate_table=agate_table) -%}
    {%- call noop_statement('main', 'loaded' if is_new else 'unchanged') -%}{%- endcall -%}
    {{ return({'relations': [this]}) }}
{% endmaterialization %}

{#- What a table depends on that is made of a seed. -#}
{% macro seed_fingerprint(agate_table) -%}
    {%- set rows = agate_table.rows | map('list') | list -%}
    {{ return(local_md5([agate_table.column_names | list, rows, config.get('column_types'), dbt_version] | string)) }}
{%- endmacro %}
