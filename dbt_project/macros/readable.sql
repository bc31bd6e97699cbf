{#-
    Not one of the files that the catalogue found unreadable. Literals, so that Athena never opens them:
    one truncated gzip fails the whole query.
-#}
{% macro readable(log_object) -%}
    {%- for url in var('unreadable_objects') or [] -%}
        {{ log_object ~ ' not in (' if loop.first }}'{{ url | replace("'", "''") }}'{{ ', ' if not loop.last else ')' }}
    {%- else -%}
        true
    {%- endfor -%}
{%- endmacro %}
