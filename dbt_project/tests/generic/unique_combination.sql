{#- No two rows of the partitions just built have the same values in all of `columns`. -#}
{% test unique_combination(model, columns, partition) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as copies

from {{ model }}

where {{ is_built(partition) }}

group by {{ columns | join(', ') }}

having count(*) > 1

{% endtest %}
