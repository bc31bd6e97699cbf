{#-
    A row of a CloudTrail file that the day's catalog holds and could read. A file that arrived after the catalog was
    written waits for the next run. Unreadable files are literals: Athena must never open them, because one truncated
    gzip fails the whole query.
-#}
{% macro is_cataloged_event() -%}
    delivered_on = {{ delivery_day() }}
    {% set unreadable = var('unreadable_objects') or [] -%}
    {% if unreadable -%}
    and log_object not in ('{{ unreadable | map('replace', "'", "''") | join("', '") }}')
    {% endif -%}
    and log_object in (
        select log_objects.log_object
        from {{ ref('stg_evidence__log_objects') }} as log_objects
        where log_objects.delivered_on = {{ delivery_day() }} and log_objects.kind = 'cloudtrail'
    )
{%- endmacro %}
