{%- set entry = detection('key_enumeration') -%}

with

requests as (

    select
        bucket_name || ' ' || coalesce(principal, remote_ip) as caller,
        bucket_name,
        coalesce(principal, remote_ip) as who,
        principal,
        remote_ip,
        requested_at,
        object_key,
        key_class,
        key_prefix,
        outcome,
        {{ entry.evidence }} as is_miss,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and action in ('read_object', 'head_object')
        and coalesce(principal, remote_ip) is not null
        and outcome in ('denied', 'not_found', 'success')

),

hours as (

    select
        caller,
        bucket_name,
        who,
        min(principal) as principal,
        date_trunc('hour', requested_at) as hour,
        cast({{ different('if(is_miss, object_key)') }} as double) as value,
        count_if(outcome = 'success') as hits,
        count_if(is_miss) as misses,
        count_if(outcome = 'success' and key_class not in ('none', 'log', 'code')) as secret_hits,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        min(if(is_miss, requested_at)) as first_at,
        max(requested_at) as last_at,
        event_date

    from requests

    group by caller, bucket_name, who, date_trunc('hour', requested_at), event_date

),

ranked as (

    select
        *,
        row_number() over (partition by caller, event_date order by value desc, hour asc) as nth

    from hours

    where misses >= {{ entry.share_missed }} * (misses + hits)

),

busiest as (

    select *

    from ranked

    where nth = 1

)

{{ detected(
    entry,
    'busiest',
    bucket_name='bucket_name',
    subject='who',
    principal='principal',
    remote_ips='remote_ips',
    severity="if(secret_hits > 0, 'high')",
    value='value',
    requests='misses',
    objects='value',
) }}
