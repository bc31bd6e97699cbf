{#-
    Rules that every row of the partitions just built must keep: one scan for all of them. Returns the rules
    that are broken, each with its number of rows; a rule that comes out null counts as broken.
-#}
{% test rows_hold(model, rules, partition) %}

with

built as (

    select *

    from {{ model }}

    where {{ is_built(partition) }}

),

broken as (

    {% for name, rule in rules.items() %}
    select
        '{{ name }}' as rule,
        count_if(not coalesce({{ rule }}, false)) as broken_rows

    from built
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select
    rule,
    broken_rows

from broken

where broken_rows > 0

{% endtest %}
