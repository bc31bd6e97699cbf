{#- Does a witness gap concern a bucket? A gap or a bucket without a known Region or account concerns them all. -#}
{% macro concerns(gaps, buckets) -%}
    {{ buckets }}.event_date = {{ gaps }}.event_date
    and coalesce({{ buckets }}.region = {{ gaps }}.region, true)
    and coalesce({{ buckets }}.account_id = {{ gaps }}.account_id, true)
{%- endmacro %}
