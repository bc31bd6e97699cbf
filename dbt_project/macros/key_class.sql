{#- What the name of an object lets one expect in it: class and pattern of the key in lower case. The first that matches counts. -#}
{% macro key_classes() -%}
    {{ return([
        ('credential', '(?:^|/)(?:[.]env(?:[.][^/]*)?|[.]?credentials(?:[.][a-z]+)?|[.](?:npmrc|pypirc|netrc|git-credentials|htpasswd|pgpass)|id_(?:rsa|dsa|ecdsa|ed25519)|[^/]*accesskeys[.]csv|secrets?[.](?:ya?ml|json|env|txt)|[^/]*service[-_]account[^/]*[.]json)$'),
        ('key_material', '[.](?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg)$'),
        ('database_dump', '[.](?:sql|dump|dmp|bak|mdb|sqlite3?|rdb)(?:[.](?:gz|zip|bz2|xz|zst))?$'),
        ('log', '(?:^|/)awslogs/|[.]log(?:[.](?:gz|zip|bz2|xz|zst))?$'),
        ('code', '[.](?:tf|tfstate|py|js|ts|go|java|rb|php|sh|ps1|jar|war|whl)$'),
    ]) }}
{%- endmacro %}

{% macro key_class(key) -%}
    case
        when {{ key }} is null then null
        {%- for key_class, pattern in key_classes() %}
        when regexp_like(lower({{ key }}), '{{ pattern }}') then '{{ key_class }}'
        {%- endfor %}
        else 'none'
    end
{%- endmacro %}

{#- The first folders of a key, with dates, numbers and hashes folded to `*`, so that they group. Empty at the top. -#}
{% macro key_prefix(key) -%}
    regexp_replace(
        regexp_replace(
            regexp_extract({{ key }}, '^(?:[^/]*/){0,{{ var("prefix_depth") }}}'),
            '[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){2,}[0-9a-fA-F]*',
            '*'
        ),
        '[0-9]{2,}(?:[-_.][0-9]{2,})*',
        '*'
    )
{%- endmacro %}
