{#- A CloudTrail file that was changed after signing, or that no digest names although all files have digests. -#}
{% macro is_untrusted_file() -%}
    digest_state in ('altered', 'disowned')
{%- endmacro %}
