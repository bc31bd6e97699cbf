{#-
    What CloudTrail records say, whatever their version and however odd they are. One record that a stranger put into a
    trail's folder must neither fail a query nor make a partition of its own.
-#}

{#-
    Records before version 1.07 have no eventCategory. Of S3's, those that name an object are data events. AWS leaves out
    large parameters, but not the resources.
-#}
{% macro event_category() -%}
    coalesce(
        nullif(eventcategory, ''),
        case
            when any_match(resources, resource -> resource.type = 'AWS::S3::Object') then 'Data'
            when eventsource like 's3.%' and json_extract_scalar(requestparameters, '$.key') is not null then 'Data'
            else 'Management'
        end
    )
{%- endmacro %}

{#- Services of China may sign with the domain of their endpoints. -#}
{% macro event_source() -%}
    regexp_replace(eventsource, '\.amazonaws\.com\.cn$', '.amazonaws.com')
{%- endmacro %}

{#-
    The file that a record is in, by the name that the catalog knows. Athena reads a folder in place, or its readable
    files as copies of the same names.
-#}
{% macro trail_log_object() -%}
    if(
        starts_with("$path", place),
        "$path",
        place || replace(delivered_on, '-', '/') || '/' || regexp_extract("$path", '[^/]*$')
    )
{%- endmacro %}

{#- CloudTrail's time, as it always writes it, as a timestamp; null if it is none. -#}
{% macro event_time(text='eventtime') -%}
    case
        when regexp_like({{ text }}, '^20[0-9]{2}-(?:0[1-9]|1[0-2])-[0-3][0-9]T[0-2][0-9](?::[0-5][0-9]){2}Z$')
            then try(date_parse({{ text }}, '%Y-%m-%dT%H:%i:%sZ'))
    end
{%- endmacro %}

{#- A number of CloudTrail's JSON, which may be `12`, `12.0` or `1.2E1`; null if it is none. -#}
{% macro whole_number(text) -%}
    try_cast(
        try_cast(
            regexp_extract({{ text }}, '^[0-9]{1,18}(?:[.][0-9]{1,18})?(?:E[0-9]{1,2})?$') as double
        ) as bigint
    )
{%- endmacro %}

{#- A member of a JSON object that most records do not have: to parse a document costs much more than to search it. -#}
{% macro json_member(document, name) -%}
    if(strpos({{ document }}, '"{{ name }}"') > 0, json_extract_scalar({{ document }}, '$["{{ name }}"]'))
{%- endmacro %}
