{#-
    A row of a CloudTrail file that the day's catalogue holds and found readable. What appeared in the folder after
    it was catalogued waits for the next run: nobody has looked at it.
-#}
{% macro is_of_catalogue() -%}
    delivered_on = {{ delivery_day() }}
    and {{ readable('log_object') }}
    and log_object in (
        select log_objects.log_object
        from {{ source('evidence', 'log_objects') }} as log_objects
        where log_objects.delivered_on = {{ delivery_day() }} and log_objects.kind = 'cloudtrail'
    )
{%- endmacro %}
