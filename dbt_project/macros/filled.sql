{#- A text of the seeds with its words in braces replaced: `values` is a column or an expression by word. -#}
{% macro filled(text, values) -%}
    {{ 'replace(' * (values | length) }}{{ text }}
    {%- for word, value in values.items() -%}
    , '{{ '{' ~ word ~ '}' }}', {{ value }})
    {%- endfor -%}
{%- endmacro %}

{#-
    The exact call of a remedy, with the values of a row of int_logging_advice: every word in braces that the seed
    reasons may use.
-#}
{% macro filled_call(call) -%}
    {{ filled(call, {
        'bucket': safe_to_copy('bucket_name', 'BUCKET'),
        'account': safe_to_copy('account_id', 'ACCOUNT'),
        'region': safe_to_copy('region', 'REGION'),
        'partition': partition_of('region'),
        'log_bucket': safe_to_copy('target_bucket', 'LOG_BUCKET'),
        'prefix': safe_to_copy('target_prefix', 'PREFIX'),
        'offered_log_bucket': safe_to_copy('offered_log_bucket', 'LOG_BUCKET'),
        'day': 'cast(event_date as varchar)',
        'cost': 'cost',
        'recorder': safe_to_copy('recorder', 'ARN'),
        'recorder_region': safe_to_copy("split_part(recorder, ':', 4)", 'HOME_REGION'),
        'newline': 'chr(10)',
    }) }}
{%- endmacro %}

{#-
    A value that people copy into a shell or a policy, or `stand_in` if the shell could take it for more than a name: a
    person who may set a prefix must not write commands for the person on call.
-#}
{% macro safe_to_copy(column, stand_in) -%}
    if(not regexp_like({{ column }}, '[^A-Za-z0-9._/=+@:-]'), {{ column }}, '{{ stand_in }}')
{%- endmacro %}

{#- What data events cost, in brackets within a call: `cents` a month at this many requests a day. -#}
{% macro cost_a_month(cents, requests) -%}
    if({{ cents }} = 0, ' (less than USD 0.01', ' (about USD ') || if(
        {{ cents }} = 0, '', cast({{ cents }} / 100 as varchar) || '.' || substr(cast(100 + {{ cents }} % 100 as varchar), 2)
    ) || ' a month, if each day has ' || cast({{ requests }} as varchar) || ' reads and writes)'
{%- endmacro %}
