{#-
    Every code in the array `columns` of the partitions just built is a row of the seed reasons. The seed is not a ref:
    dbt would run the test with the seed too, before the model.
-#}
{% test codes_are_reasons(model, columns, partition) %}

with

built as (

    select *

    from {{ model }}

    where {{ is_built(partition) }}

)

select
    codes.code,
    count(*) as uses

from built

cross join unnest(
    {% for column in columns -%}
    coalesce(built.{{ column }}, cast(array[] as array(varchar))){{ ' || ' if not loop.last }}
    {%- endfor %}
) as codes (code)

left join lacuna_staging.reasons as reasons
    on codes.code = reasons.code

where reasons.code is null

group by codes.code

{% endtest %}
