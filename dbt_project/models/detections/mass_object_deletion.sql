{%- set entry = detection('mass_object_deletion') -%}

with

deletions as (

    select
        *,
        bucket_name || ' ' || coalesce(principal, remote_ip, 'anonymous') as caller,
        date_trunc('hour', deleted_at) as hour,
        deleted_at as first_at,
        deleted_at as last_at,
        1 as requests

    from {{ ref('fct_deletions') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence | replace("action = 'delete_object' and outcome = 'success'", "result = 'deleted'") }}

),

{{ bursts('deletions', 'caller', different("object_key || ' ' || coalesce(version_id, '')"), {
    'bucket_name': 'min(rows_of.bucket_name)',
    'principal': 'min(rows_of.principal)',
    'who': "coalesce(min(rows_of.principal), min(rows_of.remote_ip), 'anonymous')",
    'remote_ips': some_of('rows_of.remote_ip'),
}) }}

{{ detected(
    entry,
    'bursts',
    bucket_name='bucket_name',
    subject='who',
    remote_ips='remote_ips',
    value='value',
    objects='value',
) }}
