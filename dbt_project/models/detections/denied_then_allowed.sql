{%- set entry = detection('denied_then_allowed') -%}

with

requests as (

    select
        *,
        min(if(outcome = 'success', requested_at)) over (
            partition by event_date, bucket_name, principal, action
        ) as first_allowed_at

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

),

-- The same caller, the same thing on the same object, and nothing of the kind carried out in the bucket before.
keys as (

    select
        bucket_name,
        principal,
        action,
        md5(to_utf8(coalesce(object_key, ''))) as key_hash,
        min(remote_ip) as remote_ip,
        count(*) as requests,
        min(if(outcome = 'denied', requested_at)) as denied_at,
        min(if(outcome = 'success', requested_at)) as allowed_at,
        min(first_allowed_at) as first_allowed_at,
        event_date

    from requests

    group by bucket_name, principal, action, md5(to_utf8(coalesce(object_key, ''))), event_date

),

allowed as (

    select
        bucket_name,
        principal,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        sum(requests) as requests,
        count(distinct key_hash) as objects,
        min(denied_at) as first_at,
        max(allowed_at) as last_at,
        event_date

    from keys

    where
        denied_at < first_allowed_at
        and allowed_at is not null

    group by bucket_name, principal, event_date

),

-- Did the caller itself change in between who may do what in the bucket?
changes as (

    select
        allowed.bucket_name,
        allowed.principal,
        allowed.event_date,
        array_agg(distinct changes.event_id) as event_ids

    from allowed

    inner join {{ ref('int_configuration_changes') }} as changes
        on
            allowed.bucket_name = changes.bucket_name
            and allowed.principal = {{ without_session('changes.identity_arn') }}
            and changes.changed_at between allowed.first_at and allowed.last_at

    where
        changes.event_date in {{ event_days() }}
        and changes.error_code is null
        and changes.control in ('policy', 'acl', 'ownership', 'public_access_block', 'access_point', 'access_point_policy')

    group by allowed.bucket_name, allowed.principal, allowed.event_date

),

described as (

    select
        allowed.*,
        coalesce(changes.event_ids, cast(array[] as array(varchar))) as event_ids

    from allowed

    left join changes
        on
            allowed.bucket_name = changes.bucket_name
            and allowed.principal = changes.principal
            and allowed.event_date = changes.event_date

)

{{ detected(
    entry,
    'described',
    bucket_name='bucket_name',
    subject='principal',
    remote_ips='remote_ips',
    severity="if(cardinality(event_ids) > 0, 'high')",
    value='objects',
    objects='objects',
    cause_event_ids='event_ids',
) }}
