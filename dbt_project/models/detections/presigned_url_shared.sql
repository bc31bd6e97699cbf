{%- set entry = detection('presigned_url_shared') -%}

with

links as (

    select
        *,
        -- of IPv6 the first half, which is one network
        cardinality(
            array_distinct(
                transform(
                    addresses, one -> coalesce(regexp_extract(one, '^(?:(?:[0-9]+[.]){3}|(?:[0-9a-fA-F]+:){1,4})'), one)
                )
            )
        ) as networks,
        presigned_key_id || ' ' || coalesce(object_key, '') || ' ' || coalesce(cast(signed_at as varchar), '')
        || coalesce(' ' || cast(expires_seconds as varchar), '') as link

    from {{ ref('fct_presigned_urls') }}

    where
        event_date in {{ event_days() }}
        and action = 'read_object'
        and successes > 0
        and not is_claimed_console_transfer
        and presigned_key_id is not null

)

{{ detected(
    entry,
    'links',
    bucket_name='bucket_name',
    subject='link',
    principal='null',
    remote_ips='addresses',
    severity="if(is_sensitive, 'high')",
    value='networks',
    object_key='object_key',
    requests='uses',
    objects='1',
    bytes_sent='bytes_sent',
    first_at='first_use_at',
    last_at='last_use_at',
) }}
