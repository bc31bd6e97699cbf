{#-
    What both logs can show (docs: AWS's comparison of the two). Everything else is one-sided by
    design and says nothing about completeness: lifecycle, services, website, failed authentications,
    bucket configuration, preflights, the source half of a copy.
-#}

{#- A record that must have an event if the trail's selectors cover its mode. -#}
{% macro is_comparable_record() -%}
    operation like 'REST.%'
    and operation not like 'REST.OPTIONS.%'
    and substr(operation, length(operation) - 3) <> '_GET'
    and (object_key_raw is not null or operation = 'REST.POST.MULTI_OBJECT_DELETE')
    and coalesce(requester, '-') <> 'AmazonS3'
    and coalesce(requester, '-') not like 'svc:%'
    and (
        http_status between 200 and 299
        or coalesce(http_status, 0) = 304
        or coalesce(error_code, '-') = 'AccessDenied'
    )
{%- endmacro %}

{#- An event of a request that S3 logs too if the bucket is logged. -#}
{% macro is_comparable_event() -%}
    event_source = 's3.amazonaws.com'
    and event_type = 'AwsApiCall'
    and (object_key is not null or event_name = 'DeleteObjects')
    and coalesce(identity_type, '-') <> 'AWSService'
    and invoked_by is null
    and (error_code is null or error_code = 'AccessDenied')
    and event_name <> 'PreflightRequest'
{%- endmacro %}
