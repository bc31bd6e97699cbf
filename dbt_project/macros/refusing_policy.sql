{#-
    What kind of policy refused, by the words of the error that an event holds; null if it does not say. Only what follows
    the resource counts: its name is the client's text.
-#}
{% macro refusing_policy(message) -%}
    case
        {%- for policy in [
            'service control policy', 'resource control policy', 'VPC endpoint policy', 'permissions boundary',
            'session policy', 'resource-based policy', 'identity-based policy',
        ] %}
        when strpos(regexp_extract({{ message }}, '" (?:because|with) [^"]*$'), '{{ policy }}') > 0 then '{{ policy | replace(' ', '_') | replace('-', '_') | lower }}'
        {%- endfor %}
    end
{%- endmacro %}
