{#- What is matched beside the request id: the keys of a batch delete share one, so each is matched by its key. -#}
{% macro item_of_record() -%}
    if(operation = 'BATCH.DELETE.OBJECT', object_key, '')
{%- endmacro %}

{#- The same of an event: S3 writes an event of its own for each key of a batch delete. -#}
{% macro item_of_event() -%}
    if(event_type = 'AwsServiceEvent' and event_name = 'DeleteObject', object_key, '')
{%- endmacro %}

{#-
    What copies of an event have in common: its id, or its shared id if they are for other accounts, and its request. The
    length before each part keeps two events apart whose parts differ and give one text.
-#}
{% macro event_identity() -%}
    coalesce(
        's' || {{ measured('shared_event_id') }},
        'e' || {{ measured('event_id') }} || coalesce({{ measured('recipient_account_id') }}, '-')
    ) || coalesce({{ measured('request_id') }}, '-')
{%- endmacro %}

{% macro measured(text) -%}
    cast(length({{ text }}) as varchar) || ':' || {{ text }}
{%- endmacro %}
