{#-
    Text of a client without the values that let somebody else act as the client: signatures, security tokens, passwords,
    keys. S3 logs a request line and a referer as they came, and a presigned URL may be either. Names are kept. A value of
    fewer than eight characters is a mask of S3's own, or a word.
-#}
{% macro without_secrets(text) -%}
    {%- set names = [
        'signature', 'sig', 'token', 'secret', 'secret[-_]?(?:access[-_]?)?key', 'password', 'passwd',
        'customer-key(?:-md5)?', 'api[-_]?key', 'authorization',
    ] -%}
    {%- set patterns = [] -%}
    {%- for name in names -%}
        {%- do patterns.append(any_case(name)) -%}
    {%- endfor -%}
    {#- a pattern without a first letter of its own is slow, and few texts have such a word -#}
    if(
        {%- for word in ['sig', 'token', 'secret', 'passw', 'key', 'authorization'] %}
        {{ 'or ' if not loop.first }}strpos(lower({{ text }}), '{{ word }}') > 0
        {%- endfor %},
        regexp_replace({{ text }}, '({{ patterns | join("|") }})(=|%(?:25)*3[dD]|\\?" *: *\\?")[^& "\\]{8,}', '$1$2***'),
        {{ text }}
    )
{%- endmacro %}

{#-
    A key without the signature and the token of a presigned URL, which somebody has requested as if it was a key. What
    else may be a secret elsewhere is part of a name here: folders are called token=… too. Both logs lose the same.
-#}
{% macro key_without_secrets(key) -%}
    {%- set equals = '(?:=|%(?:25)*3[dD])' -%}
    {%- set dash = '(?:-|%(?:25)*2[dD])' -%}
    {%- set amz = any_case('x') ~ dash ~ any_case('amz') ~ dash -%}
    {%- set token = amz ~ any_case('security') ~ dash ~ any_case('token') -%}
    {%- set base64 = '(?:[A-Za-z0-9+/=]|%(?:25)*(?:2[bBfF]|3[dD])){8,}' -%}
    {%- set older = '(?:[?&;]|%(?:25)*(?:3[fF]|26))' ~ any_case('signature') -%}
    if(
        strpos(lower({{ key }}), 'signature') > 0 or strpos(lower({{ key }}), 'token') > 0,
        regexp_replace(
            regexp_replace({{ key }}, '({{ amz ~ any_case('signature') ~ equals }})[0-9a-fA-F]{8,}', '$1***'),
            '((?:{{ token }}|{{ older }}){{ equals }}){{ base64 }}',
            '$1***'
        ),
        {{ key }}
    )
{%- endmacro %}

{#- A pattern of the text, whatever the case of its letters. `(?i)` means Unicode's letters to one engine and not to another. -#}
{% macro any_case(text) -%}
    {%- for letter in text -%}
        {{ '[' ~ letter | lower ~ letter | upper ~ ']' if letter | lower != letter | upper else letter }}
    {%- endfor -%}
{%- endmacro %}
