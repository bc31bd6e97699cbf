{#-
    The key as the bucket knows it. S3 percent-encodes keys twice in its log, but once where it acts by
    itself or in a batch. What does not decode, or decodes to bytes that are no text, stays as it was
    written: a key is shown as well as can be, never rejected.
-#}
{% macro object_key(operation, raw) -%}
    case
        when strpos({{ raw }}, '%') = 0
            then if({{ operation }} = 'BATCH.DELETE.OBJECT' or {{ operation }} like 'S3.%', replace({{ raw }}, '+', ' '), {{ raw }})
        when not {{ is_encoded(raw) }} then {{ raw }}
        when strpos(url_decode({{ raw }}), chr(65533)) > 0 then {{ raw }}
        when {{ operation }} = 'BATCH.DELETE.OBJECT' or {{ operation }} like 'S3.%' then url_decode({{ raw }})
        when not {{ is_encoded('url_decode(' ~ raw ~ ')') }} then url_decode({{ raw }})
        when strpos(url_decode(url_decode({{ raw }})), chr(65533)) > 0 then url_decode({{ raw }})
        else url_decode(url_decode({{ raw }}))
    end
{%- endmacro %}

{#- Is every percent sign the beginning of an encoded byte? url_decode fails on any other. -#}
{% macro is_encoded(text) -%}
    regexp_like({{ text }}, '^(?:[^%]|%[0-9A-Fa-f]{2})*$')
{%- endmacro %}
