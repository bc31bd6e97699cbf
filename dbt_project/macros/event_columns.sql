{#- What only a data event says of a request, each with its type. Null where no event has the request. -#}
{% macro event_columns() -%}
    {{ return({
        'identity_type': 'varchar', 'identity_account_id': 'varchar', 'principal_id': 'varchar',
        'access_key_id': 'varchar', 'session_issuer_arn': 'varchar', 'session_created_at': 'timestamp(3)',
        'is_mfa_authenticated': 'boolean', 'is_console_credential': 'boolean', 'invoked_by': 'varchar',
        'vpc_endpoint_id': 'varchar', 'bucket_account_id': 'varchar', 'bytes_received': 'bigint',
        'copy_source': 'varchar', 'list_prefix': 'varchar', 'canned_acl': 'varchar', 'sse_applied': 'varchar',
        'sse_customer_algorithm': 'varchar', 'kms_key_arn': 'varchar', 'signed_at': 'timestamp(3)',
        'expires_seconds': 'bigint', 'error_message': 'varchar', 'addendum_reason': 'varchar',
    }) }}
{%- endmacro %}
