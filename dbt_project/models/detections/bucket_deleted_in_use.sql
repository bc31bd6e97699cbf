{%- set entry = detection('bucket_deleted_in_use') -%}

with

deleted as (

    select
        bucket_name,
        {{ without_session('min(identity_arn)') }} as principal,
        coalesce(min(identity_arn), 'somebody whom no trail names') as who,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        array_agg(distinct event_id) as event_ids,
        min(changed_at) as first_at,
        max(changed_at) as last_at,
        event_date

    from {{ ref('fct_protection_changes') }}

    where
        event_date in {{ event_days() }}
        and event_name = 'DeleteBucket'
        and error_code is null
        and bucket_name is not null

    group by bucket_name, event_date

),

-- A name that was observed after the day is in use again.
gone as (

    select deleted.*

    from deleted

    left join {{ ref('int_logging_config') }} as observed
        on
            deleted.bucket_name = observed.bucket_name
            and deleted.event_date = observed.event_date

    where observed.bucket_name is null

),

used as (

    select
        gone.bucket_name,
        gone.principal,
        gone.who,
        gone.remote_ips,
        gone.event_ids,
        gone.first_at,
        gone.last_at,
        count(distinct coalesce(hours.principal, 'nobody who signed')) as callers,
        sum(hours.requests) as requests,
        cast(max(hours.last_at) as varchar) as last_used_at,
        gone.event_date

    from gone

    inner join {{ ref('fct_principal_hours') }} as hours
        on
            gone.bucket_name = hours.bucket_name
            and date_add('day', -{{ entry.days_before }}, gone.event_date) <= hours.event_date
            and gone.first_at > hours.first_at

    where
        hours.event_date in {{ event_days(before=entry.days_before or 0) }}
        and hours.outcome = 'success'
        and hours.action in (
            'read_object', 'copy_read', 'head_object', 'list_objects', 'list_versions', 'write_object', 'write_part'
        )
        -- of services only CloudFront shows that others use the bucket
        and (
            hours.actor_class not in ('aws_service', 'lifecycle')
            or regexp_like(hours.principal, '^svc:cloudfront[.]|^arn:[^:]*:iam::cloudfront:')
        )
        and coalesce(hours.principal <> gone.principal, true)

    group by
        gone.bucket_name, gone.principal, gone.who, gone.remote_ips, gone.event_ids, gone.first_at, gone.last_at, gone.event_date

)

{{ detected(
    entry,
    'used',
    bucket_name='bucket_name',
    subject='bucket_name',
    remote_ips='remote_ips',
    value='requests',
    cause_event_ids='event_ids',
) }}
