{#- A text of the seeds with its words in braces replaced: `values` is a column or an expression by word. -#}
{% macro filled(text, values) -%}
    {{ 'replace(' * (values | length) }}{{ text }}
    {%- for word, value in values.items() -%}
    , '{{ '{' ~ word ~ '}' }}', {{ value }})
    {%- endfor -%}
{%- endmacro %}

{#-
    A value that people copy into a shell or a policy, or `stand_in` where that could take it for more than a name: whoever
    may set a prefix must not write a command for the person on call.
-#}
{% macro safe_to_copy(column, stand_in) -%}
    if(not regexp_like({{ column }}, '[^A-Za-z0-9._/=+@:-]'), {{ column }}, '{{ stand_in }}')
{%- endmacro %}

{#- What data events cost, as the words of a call: `cents` a month at this many requests a day. -#}
{% macro cost_a_month(cents, requests) -%}
    if({{ cents }} = 0, ', less than USD 0.01', ', about USD ') || if(
        {{ cents }} = 0, '', cast({{ cents }} / 100 as varchar) || '.' || substr(cast(100 + {{ cents }} % 100 as varchar), 2)
    ) || ' a month for all its reads and writes, at the ' || cast({{ requests }} as varchar) || ' of this day'
{%- endmacro %}
