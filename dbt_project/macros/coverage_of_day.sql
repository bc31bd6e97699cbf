{#-
    How the trails covered a mode of a bucket on the event day: what they cover now, as far as they were
    started then. Of the time before a start nothing is known: another trail may have recorded it.
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
