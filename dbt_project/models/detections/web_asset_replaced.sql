{%- set entry = detection('web_asset_replaced') -%}

with

-- Buckets that served a website on the day, or were seen to have one.
sites as (

    select
        bucket_name,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and outcome = 'success'
        and (
            operation like 'WEBSITE.%'
            or (via_service = 'cloudfront' and via_proof <> 'claim')
            or actor_reason = 'origin_access_identity'
        )

    union

    select
        states.bucket_name,
        days.event_date

    from {{ ref('stg_evidence__protection_states') }} as states

    cross join (values {{ event_day_rows() }}) as days (event_date)

    where
        states.observed_on in {{ event_days(after=1) }}
        and states.control = 'website'
        and states.error_code is null
        and cardinality(states.openings) > 0
        and states.observed_on between days.event_date and date_add('day', 1, days.event_date)

),

files as (

    select
        bucket_name,
        object_key,
        principal,
        remote_ip,
        requested_at,
        {{ entry.evidence }} as is_written,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and outcome = 'success'
        and action in ('read_object', 'head_object', 'write_object')
        and regexp_like(lower(object_key), '{{ entry.assets }}')

),

-- What was there before the write on this day was replaced.
marked as (

    select
        *,
        min(if(not is_written, requested_at)) over (partition by bucket_name, object_key, event_date) as first_served_at,
        max(if(not is_written, requested_at)) over (partition by bucket_name, object_key, event_date) as last_served_at

    from files

),

replaced as (

    select
        marked.bucket_name,
        marked.principal,
        {{ some_of('marked.remote_ip') | indent(8) }} as remote_ips,
        count(*) as requests,
        {{ different('marked.object_key') }} as objects,
        {{ different('if(marked.last_served_at >= marked.requested_at, marked.object_key)') }} as served_since,
        min(marked.object_key) as example,
        min(marked.requested_at) as first_at,
        max(marked.requested_at) as last_at,
        marked.event_date

    from marked

    inner join sites
        on
            marked.bucket_name = sites.bucket_name
            and marked.event_date = sites.event_date

    where
        marked.is_written
        and marked.first_served_at < marked.requested_at
        and not {{ is_listed('automation_roles', 'marked.principal') }}

    group by marked.bucket_name, marked.principal, marked.event_date

)

{{ detected(
    entry,
    'replaced',
    bucket_name='bucket_name',
    subject='principal',
    remote_ips='remote_ips',
    value='objects',
    objects='objects',
) }}
