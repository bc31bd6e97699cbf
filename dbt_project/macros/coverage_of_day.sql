{#-
    How the trails covered a mode of a bucket on the event day: what they cover now, if they were started by then. The
    time before a start is unknown: another trail may have recorded it.
-#}
{% macro coverage_of_day(coverage, covered_since) -%}
    case
        when {{ coverage }} in ('covered', 'partly_covered')
            then case
                when date_add('day', 1, cast(event_date as timestamp)) <= {{ covered_since }} then 'unknown'
                when cast(event_date as timestamp) < {{ covered_since }} then 'partly_covered'
                else {{ coverage }}
            end
        else {{ coverage }}
    end
{%- endmacro %}
