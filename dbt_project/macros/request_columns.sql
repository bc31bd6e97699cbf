{#- What an access-log record says of a request, and what the models of requests pass on from one to the next. -#}
{% macro request_columns() -%}
    {{ return([
        'request_id', 'requested_at', 'bucket_name', 'operation', 'object_key', 'object_key_raw', 'http_status',
        'error_code', 'bytes_sent', 'object_size', 'total_time_ms', 'turn_around_time_ms', 'remote_ip', 'requester',
        'request_uri', 'referrer', 'user_agent', 'client_class', 'version_id', 'host_id', 'signature_version',
        'cipher_suite', 'auth_type', 'host_header', 'tls_version', 'access_point_arn', 'acl_required', 'source_region',
        'bucket_owner', 'extra_fields',
    ]) }}
{%- endmacro %}
