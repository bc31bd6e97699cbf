{%- set entry = detection('root_object_access') -%}

with

touched as (

    select
        bucket_name,
        coalesce('account ' || min(principal_account_id), 'the account') as whose,
        -- the access log has a canonical id, and CloudTrail an ARN
        if(count(distinct principal) = 1, min(principal)) as principal,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        count(*) as requests,
        {{ different('object_key') }} as objects,
        {{ different("if(action in ('read_object', 'copy_read'), object_key)") }} as objects_read,
        {{ different("if(action in ('write_object', 'write_part'), object_key)") }} as objects_written,
        {{ different("if(action = 'delete_object', object_key)") }} as objects_deleted,
        sum(bytes_sent) as bytes_sent,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and bucket_name is not null
        and {{ entry.evidence }}

    group by bucket_name, event_date

)

{{ detected(
    entry,
    'touched',
    bucket_name='bucket_name',
    subject="'root'",
    remote_ips='remote_ips',
    value='requests',
    objects='objects',
    bytes_sent='bytes_sent',
) }}
