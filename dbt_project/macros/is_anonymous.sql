{#-
    The request was not signed. One whose signature was malformed has no requester either, but a signature version.
    Older logs give everybody a canonical id, or spell it out.
-#}
{% macro is_anonymous() -%}
    (
        coalesce(requester in ('Anonymous', '65a011a29cdf8ec533ec3d1ccaae921c'), true)
        and signature_version is null
        and auth_type is null
        and coalesce(operation not like 'S3.%', true)
    )
{%- endmacro %}
