{%- set entry = detection('anonymous_access_to_private_bucket') -%}

with

config as (

    select
        bucket_name,
        bool_or(is_sensitive) as is_sensitive,
        event_date

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

    group by bucket_name, event_date

),

accesses as (

    select
        bucket_name,
        array_distinct(flatten(array_agg(addresses))) as remote_ips,
        max(distinct_addresses) as addresses,
        sum(requests) as requests,
        sum(objects) as objects,
        sum(bytes_sent) as bytes_sent,
        min(first_at) as first_at,
        max(last_at) as last_at,
        event_date

    from {{ ref('fct_external_access') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence | replace('actor_class', 'party_kind') }}
        and not {{ is_listed('public_buckets', 'bucket_name') }}

    group by bucket_name, event_date

),

described as (

    select
        accesses.*,
        coalesce(config.is_sensitive, false) as is_sensitive

    from accesses

    left join config
        on
            accesses.bucket_name = config.bucket_name
            and accesses.event_date = config.event_date

)

{{ detected(
    entry,
    'described',
    bucket_name='bucket_name',
    subject="'anonymous'",
    principal='null',
    remote_ips='remote_ips',
    severity="if(is_sensitive, 'critical')",
    value='requests',
    objects='objects',
    bytes_sent='bytes_sent',
) }}
