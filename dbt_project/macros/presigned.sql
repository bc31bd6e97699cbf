{#-
    What a presigned URL says of itself: the key that signed it, when, and for how long. S3 masks the signature, and
    without_secrets the rest that could be used again.
-#}
{% macro presigned_part(uri, name, value) -%}
    regexp_extract({{ uri }}, '[?&]{{ name }}=({{ value }})', 1)
{%- endmacro %}

{#- `20261120T101500Z` as a timestamp, null if it is none. -#}
{% macro signing_time(text) -%}
    case
        when regexp_like({{ text }}, '^20[0-9]{6}T[0-9]{6}Z$') then try(date_parse({{ text }}, '%Y%m%dT%H%i%sZ'))
    end
{%- endmacro %}

{#- The referer of S3's console, in each partition of AWS. -#}
{% macro console_pattern() -%}
    ^https://[a-z0-9.-]*console[.](?:aws[.]amazon[.]com|amazonaws[.]cn|amazonaws-us-gov[.]com)/
{%- endmacro %}

{#- Hadoop's S3A writes who runs which job into the referer. -#}
{% macro audited(name) -%}
    if(
        regexp_like(referrer, '^https?://audit[.][^/]+/hadoop/'),
        {{ decoded("regexp_extract(referrer, '[?&]" ~ name ~ "=([^&]+)', 1)") }}
    )
{%- endmacro %}
