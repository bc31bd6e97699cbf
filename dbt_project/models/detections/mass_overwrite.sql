{%- set entry = detection('mass_overwrite') -%}

{#- A copy of an object onto itself reads it too. -#}
{%- set is_read -%}
action in ('read_object', 'copy_read')
or {{ decoded('copy_source') }} in (bucket_name || '/' || object_key, '/' || bucket_name || '/' || object_key)
{%- endset %}

with

keys as (

    select
        bucket_name,
        principal,
        md5(to_utf8(object_key)) as key_hash,
        array[min(if({{ is_read }}, requested_at)), max(if({{ is_read }}, requested_at))] as reads_at,
        array[min(if(action = 'write_object', requested_at)), max(if(action = 'write_object', requested_at))] as writes_at,
        min(remote_ip) as remote_ip,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and {{ entry.evidence }}

    group by bucket_name, principal, md5(to_utf8(object_key)), event_date

),

marked as (

    select
        *,
        reads_at[1] as read_at,
        writes_at[2] as written_at,
        -- of several reads and writes the first and the last; the access log has whole seconds
        coalesce(
            any_match(
                reads_at,
                one -> any_match(
                    writes_at, other -> other >= one and other <= date_add('minute', {{ entry.minutes }}, one)
                )
            ),
            false
        ) as is_overwritten

    from keys

),

grouped as (

    select
        bucket_name,
        principal,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        count_if(is_overwritten) as overwritten,
        count_if(written_at is not null) as written,
        min(if(is_overwritten, read_at)) as first_at,
        max(if(is_overwritten, written_at)) as last_at,
        event_date

    from marked

    group by bucket_name, principal, event_date

),

replaced as (

    select *

    from grouped

    where overwritten >= {{ entry.share_overwritten }} * written

)

{{ detected(
    entry,
    'replaced',
    bucket_name='bucket_name',
    subject='principal',
    remote_ips='remote_ips',
    value='overwritten',
    requests='null',
    objects='overwritten',
) }}
