{#- Is logging off on a bucket that LACUNA_UNLOGGED_BUCKETS names? `verdicts` has logging_state and bucket_name. -#}
{% macro is_off_on_purpose(verdicts) -%}
    coalesce({{ verdicts }}.logging_state = 'off', false) and regexp_like({{ verdicts }}.bucket_name, '{{ var('unlogged_pattern') }}')
{%- endmacro %}
