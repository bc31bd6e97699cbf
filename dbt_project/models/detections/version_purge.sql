{%- set entry = detection('version_purge') -%}

with

purged as (

    select
        bucket_name,
        coalesce(principal, remote_ip, 'anonymous') as who,
        min(principal) as principal,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        {{ different("if(result = 'deleted', object_key || ' ' || version_id)") }} as deleted,
        count(*) as requests,
        {{ different("object_key || ' ' || version_id") }} as objects,
        min(deleted_at) as first_at,
        max(deleted_at) as last_at,
        event_date

    from {{ ref('fct_deletions') }}

    where
        event_date in {{ event_days() }}
        and result in ('deleted', 'refused')
        and version_id is not null
        and actor_class not in ('aws_service', 'lifecycle')

    group by bucket_name, coalesce(principal, remote_ip, 'anonymous'), event_date

)

{{ detected(
    entry,
    'purged',
    bucket_name='bucket_name',
    subject='who',
    remote_ips='remote_ips',
    severity="if(deleted = 0, 'medium')",
    value='objects',
    objects='objects',
) }}
