{#-
    What kind of client asked, by its own words: a user agent is a claim, not a proof.
    Services and the lifecycle engine are known by their requester, which clients cannot choose.
    Varchar without a length: a table keeps the type of the longest word it was made with.
-#}
{% macro client_class(requester, user_agent) -%}
    cast(
        case
            when {{ requester }} = 'AmazonS3' then 'lifecycle'
            when {{ requester }} like 'svc:%' then 'aws_service'
            when {{ user_agent }} is null then 'unknown'
            when {{ user_agent }} like 'aws-cli/%' then 'cli'
            when {{ user_agent }} like 'S3Console/%' or {{ user_agent }} like '%signin.amazonaws.com%'
                or {{ user_agent }} like '%console.amazonaws.com%' or {{ user_agent }} like 'aws-internal/%'
                then 'console'
            when regexp_like({{ user_agent }}, '^(?:aws-sdk-|Boto|boto|Botocore/|APN/|s3fs|S3fs|Hadoop|MinIO|rclone/|HashiCorp|Terraform)')
                then 'sdk'
            when regexp_like({{ user_agent }}, '[Bb]ot[/; )_-]|[Bb]ot$|[Cc]rawl|[Ss]pider|[Ss]canner|zgrab|[Nn]map|[Mm]asscan')
                then 'crawler'
            when {{ user_agent }} like 'Mozilla/%' then 'browser'
            when regexp_like({{ user_agent }}, '^(?:curl|Wget|python-requests|Python-urllib|Go-http-client|okhttp|Java)/')
                then 'http_client'
            else 'unknown'
        end
        as varchar
    )
{%- endmacro %}
