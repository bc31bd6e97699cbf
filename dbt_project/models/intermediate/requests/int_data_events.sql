{{ config(partitioned_by=['delivered_on', 'event_date'], tags=['delivery_day']) }}

{#- What is kept of a data event and of a configuration change. -#}
{%- set kept = [
    'event_id', 'shared_event_id', 'recipient_account_id', 'request_id', 'bucket_name', 'object_key', 'version_id',
    'host_id', 'identity_arn', 'is_anonymous', 'event_source', 'event_name', 'event_type', 'error_code', 'remote_ip',
    'user_agent', 'signature_version', 'cipher_suite', 'auth_type', 'acl_required', 'host_header', 'tls_version',
    'event_region', 'request_parameters', 'bytes_sent', 'is_read', 'occurred_at',
] + event_columns() | list %}

-- CloudTrail's files are read once: every record of them is a row here. Of one that is not used, only its kind is kept.
select
    {% for column in kept %}
    case when record_kind in ('data_event', 'configuration_change') then {{ column }} end as {{ column }},
    {% endfor %}
    record_kind,
    set_aside_reason,
    log_object,
    trail_arn,
    account_id,
    region,
    delivered_on,
    case
        when record_kind in ('data_event', 'configuration_change') then cast(occurred_at as date)
        else delivered_on
    end as event_date

from {{ ref('stg_cloudtrail__records') }}

where
    {{ is_cataloged_event() }}
