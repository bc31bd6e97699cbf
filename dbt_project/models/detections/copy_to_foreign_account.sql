{%- set entry = detection('copy_to_foreign_account') -%}

with

own_accounts as (

    select *

    from {{ ref('int_own_accounts') }}

),

copies as (

    select
        bucket_name,
        principal,
        object_key,
        operation,
        action,
        outcome,
        requested_at,
        remote_ip,
        bucket_account_id,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and outcome = 'success'
        and principal is not null
        and actor_class not in ('aws_service', 'lifecycle')
        and (
            action = 'copy_read'
            or operation in ('REST.COPY.OBJECT', 'REST.COPY.PART', 'CopyObject', 'UploadPartCopy')
        )

),

-- The writing half of a copy is made by the same caller in the same seconds, in whichever bucket of ours. One that an
-- event shows in the bucket of another account is where the object went.
halves as (

    select
        copies.principal,
        copies.requested_at

    from copies

    left join own_accounts
        on copies.event_date = own_accounts.event_date

    where
        copies.action <> 'copy_read'
        and (
            coalesce(contains(own_accounts.account_ids, copies.bucket_account_id), true)
            or {{ is_listed('partners', 'copies.bucket_account_id') }}
        )

),

alone as (

    select
        copies.bucket_name,
        copies.principal,
        copies.object_key,
        copies.requested_at,
        copies.remote_ip,
        copies.event_date

    from copies

    left join halves
        on
            copies.principal = halves.principal
            and halves.requested_at between date_add('second', -5, copies.requested_at)
            and date_add('second', 5, copies.requested_at)

    where
        copies.action = 'copy_read'
        and halves.principal is null

),

grouped as (

    select
        bucket_name,
        principal,
        {{ some_of('remote_ip') | indent(8) }} as remote_ips,
        count(*) as requests,
        {{ different('object_key') }} as objects,
        min(requested_at) as first_at,
        max(requested_at) as last_at,
        event_date

    from alone

    group by bucket_name, principal, event_date

)

{{ detected(
    entry,
    'grouped',
    bucket_name='bucket_name',
    subject='principal',
    remote_ips='remote_ips',
    value='objects',
    objects='objects',
) }}
