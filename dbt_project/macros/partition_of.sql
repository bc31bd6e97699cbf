{#- The partition of AWS that a Region is in, as its ARNs have it. -#}
{% macro partition_of(region) -%}
    case
        when {{ region }} like 'cn-%' then 'aws-cn'
        when {{ region }} like 'us-gov-%' then 'aws-us-gov'
        when {{ region }} like 'us-isob-%' then 'aws-iso-b'
        when {{ region }} like 'us-isof-%' then 'aws-iso-f'
        when {{ region }} like 'us-iso-%' then 'aws-iso'
        when {{ region }} like 'eu-isoe-%' then 'aws-iso-e'
        when {{ region }} like 'eusc-%' then 'aws-eusc'
        else 'aws'
    end
{%- endmacro %}
