{#-
    Empty every partition that this run rewrites, before its rows are inserted.

    dbt-athena's own macro empties the partitions that hold new rows and that Glue knows. That leaves two
    kinds of old rows behind: a day that has become empty, and files of an INSERT that was killed before it registered
    its partition in Glue (the next run would then count them twice). So: by prefix, not by rows, and with the closing
    slash, since `event_date=2026-11-2` is also the beginning of the 21st.
-#}
{% macro delete_overlapping_partitions(target_relation, tmp_relation, partitioned_by) %}
    {%- set key = partitioned_by[0] -%}
    {%- set days = [var('delivery_day')] if key == 'delivered_on' else var('event_days') -%}
    {%- set location = adapter.get_glue_table_location(target_relation).rstrip('/') -%}
    {%- set known = [] -%}
    {%- for text in days -%}
        {%- set value = modules.datetime.date.fromisoformat(text) -%}
        {%- do adapter.delete_from_s3(location ~ '/' ~ key ~ '=' ~ value ~ '/') -%}
        {%- do known.append(key ~ "='" ~ value ~ "'") -%}
    {%- endfor -%}
    {%- if known -%}
        {%- do adapter.clean_up_partitions(target_relation, known) -%}
    {%- endif -%}
{% endmacro %}
