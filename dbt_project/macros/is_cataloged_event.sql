{#-
    A row of a CloudTrail file that the day's catalog holds. A file that arrived after the catalog was written waits for
    the next run.
-#}
{% macro is_cataloged_event() -%}
    delivered_day = {{ delivery_day_text() }}
    and log_object in (
        select log_objects.log_object
        from {{ ref('stg_evidence__log_objects') }} as log_objects
        where log_objects.delivered_on = {{ delivery_day() }} and log_objects.kind = 'cloudtrail'
    )
{%- endmacro %}
