{#-
    The key as the bucket knows it. S3 percent-encodes keys twice in its log, but once if it acts by itself or in a
    batch. A key that does not decode, or decodes to bytes that are no text, stays as it was written and is never
    rejected.
-#}
{% macro object_key(operation, raw) -%}
    case
        when strpos({{ raw }}, '%') = 0 and strpos({{ raw }}, '+') = 0 then {{ raw }}
        when {{ operation }} = 'BATCH.DELETE.OBJECT' or {{ operation }} like 'S3.%'
            then coalesce({{ decoded(raw) }}, {{ raw }})
        -- a plus sign is encoded like the rest: a bare one was written by something else than S3's encoding
        when strpos({{ raw }}, '%') = 0 then {{ raw }}
        else coalesce({{ decoded(decoded(raw)) }}, {{ decoded(raw) }}, {{ raw }})
    end
{%- endmacro %}

{#- Null where a percent sign begins no byte, or the bytes are no text: U+FFFD or an error, as the engine likes. -#}
{% macro decoded(text) -%}
    case when strpos(try(url_decode({{ text }})), chr(65533)) = 0 then try(url_decode({{ text }})) end
{%- endmacro %}
