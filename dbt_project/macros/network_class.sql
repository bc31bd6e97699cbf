{#-
    Where a request came from: `aws` if S3 names the Region of the caller, `service` if a service stands in place of the
    address, `private` (RFC 1918, RFC 6598 and unique local addresses, which only VPC endpoints show) or `internet`.
-#}
{% macro network_class(remote_ip, source_region) -%}
    case
        when {{ source_region }} is not null then 'aws'
        when {{ remote_ip }} is null then 'none'
        when not regexp_like({{ remote_ip }}, '^(?:[0-9]{1,3}(?:[.][0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$') then 'service'
        when regexp_like(
            {{ remote_ip }},
            '^(?:10[.]|192[.]168[.]|172[.](?:1[6-9]|2[0-9]|3[01])[.]|100[.](?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])[.]|[fF][cCdD][0-9a-fA-F]{2}:)'
        ) then 'private'
        else 'internet'
    end
{%- endmacro %}
