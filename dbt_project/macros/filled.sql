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
