{#-
    Clients by how their user agent begins, or by a word in it: class, the AWS service that it names, pattern. The first
    that matches counts. The agents are from AWS's documentation and from published logs; the reference of each is the
    service's own name in it. A user agent is a claim, not a proof.
-#}
{% macro client_agents() -%}
    {{ return([
        ('cli', none, '^(?:\\[)?aws-cli/'),
        ('console', none, 'S3Console/|AWS ?Console|signin[.]amazonaws[.]com|console[.]amazonaws[.]com|console[.]amazonaws[.]cn'),
        ('service_agent', 'athena', '^(?:AWS_ATHENA|Athena|athena[.]amazonaws[.]com)'),
        ('service_agent', 'emr', '^(?:ElasticMapReduce|EMRFS|elasticmapreduce[.]amazonaws[.]com|emr-serverless[.]amazonaws[.]com)'),
        ('service_agent', 'redshift', '^(?:AWS|aws|Amazon|amazon)?[ _-]?[Rr]edshift'),
        ('service_agent', 'glue', '^(?:AWS|aws|Amazon|amazon)?[ _-]?[Gg]lue'),
        ('service_agent', 'cloudfront', '^(?:Amazon CloudFront|cloudfront[.]amazonaws[.]com)'),
        ('service_agent', 'cloudtrail', '^(?:AWSCloudTrail|cloudtrail[.]amazonaws[.]com)'),
        ('service_agent', 'other', '^[a-z0-9.-]+[.]amazonaws[.]com(?:[.]cn)?$|(?:^|[ ,;\\[])aws-internal/|^AWS Internal'),
        ('sdk', none, '(?:^|[ ,;/#\\[])(?:aws-sdk-|AWSSDK|aws-crt|Boto|boto|aiobotocore|Botocore)'),
        ('sdk', none, '^(?:APN/|[Ss]3fs|[Hh]adoop|MinIO|minio|rclone/|HashiCorp|[Tt]erraform|[Ss]park|[Tt]rino|[Pp]resto|[Dd]atabricks|[Ss]nowflake|mountpoint-s3|s5cmd|s3cmd|[Cc]yberduck|S3 Browser|WinSCP|[Rr]estic|[Vv]eeam|duckdb|object_store|GDAL|ClickHouse|fluent-bit)'),
        ('crawler', none, '[Bb]ot[/; )_-]|[Bb]ot$|[Cc]rawl|[Ss]pider|[Ss]canner|zgrab|[Nn]map|[Mm]asscan'),
        ('browser', none, '^Mozilla/'),
        ('http_client', none, '^(?:curl|Wget|python-requests|python-httpx|Python-urllib|Python/[0-9.]+ aiohttp|aiohttp|Go-http-client|okhttp|Java|Apache-HttpClient|axios|GuzzleHttp|Dalvik)/'),
    ]) }}
{%- endmacro %}

{#-
    What kind of client asked, by its own words. Services and the lifecycle engine are known by their requester, which
    clients cannot choose. Varchar without a length: a table keeps the type of the longest word it was made with.
-#}
{% macro client_class(requester, user_agent) -%}
    cast(
        case
            when {{ requester }} = 'AmazonS3' then 'lifecycle'
            when {{ requester }} like 'svc:%' then 'aws_service'
            when {{ user_agent }} is null then 'unknown'
            {%- for client_class, service, pattern in client_agents() %}
            when regexp_like({{ user_agent }}, '{{ pattern }}') then '{{ client_class }}'
            {%- endfor %}
            else 'unknown'
        end
        as varchar
    )
{%- endmacro %}

{#- The AWS service that a user agent names; null if it names none. -#}
{% macro claimed_service(user_agent) -%}
    case
        {%- for client_class, service, pattern in client_agents() %}
        when regexp_like({{ user_agent }}, '{{ pattern }}') then {{ "'" ~ service ~ "'" if service else 'null' }}
        {%- endfor %}
    end
{%- endmacro %}
