{%- set entry = detection('instance_credentials_outside_aws') -%}

with

requests as (

    select
        bucket_name,
        principal,
        session_name,
        remote_ip,
        coalesce(regexp_extract(remote_ip, '^[0-9]+[.][0-9]+[.][0-9]+[.]'), remote_ip) as network,
        network_class,
        source_region,
        via_service,
        witness,
        bytes_sent,
        requested_at,
        event_date

    from {{ ref('fct_object_requests') }}

    where event_date in {{ event_days() }}

),

-- S3 names the Region of a caller inside AWS, in its newer lines only: an older line may be of a network that it named.
inside as (

    select
        network,
        event_date

    from requests

    where source_region is not null

    group by network, event_date

),

telling as (

    select
        bucket_name,
        event_date

    from requests

    where source_region is not null

    group by bucket_name, event_date

),

sessions as (

    select *

    from requests

    where
        {{ entry.evidence }}
        and not {{ is_in_networks('remote_ip') }}

),

outside as (

    select
        sessions.principal,
        sessions.session_name,
        array_agg(distinct sessions.bucket_name) as bucket_names,
        {{ some_of('sessions.remote_ip') | indent(8) }} as remote_ips,
        count(*) as requests,
        sum(sessions.bytes_sent) as bytes_sent,
        min(sessions.requested_at) as first_at,
        max(sessions.requested_at) as last_at,
        sessions.event_date

    from sessions

    inner join telling
        on
            sessions.bucket_name = telling.bucket_name
            and sessions.event_date = telling.event_date

    left join inside
        on
            sessions.network = inside.network
            and sessions.event_date = inside.event_date

    where inside.network is null

    group by sessions.principal, sessions.session_name, sessions.event_date

)

{{ detected(
    entry,
    'outside',
    bucket_names='bucket_names',
    subject="principal || '/' || session_name",
    remote_ips='remote_ips',
    value='requests',
    bytes_sent='bytes_sent',
) }}
