{#- What is matched beside the request id: the keys of a batch delete share one, so each is matched by its key. -#}
{% macro item_of_record() -%}
    if(operation = 'BATCH.DELETE.OBJECT', object_key, '')
{%- endmacro %}
