{{ config(materialized='ephemeral', tags=['event_days']) }}

with

-- Buckets that received logs on the day or the day before: a bucket that was deleted since is in no later listing.
log_buckets as (

    select distinct
        listings.log_bucket,
        days.event_date

    from {{ ref('stg_evidence__listings') }} as listings

    inner join (values {{ event_day_rows() }}) as days (event_date)
        on days.event_date in (listings.delivered_on, date_add('day', 1, listings.delivered_on))

    where listings.delivered_on in {{ event_days(before=1) }}

),

-- Where a bucket's logs went at the end of the day and at its start.
places as (

    select
        config.bucket_name,
        config.target_bucket,
        config.target_prefix,
        days.event_date

    from {{ ref('int_logging_config') }} as config

    inner join (values {{ event_day_rows() }}) as days (event_date)
        on days.event_date in (config.event_date, date_add('day', 1, config.event_date))

    where
        config.event_date in {{ event_days(before=1) }}
        and config.logging_state = 'on'

),

-- Several trails may record one change.
changes as (

    select
        *,
        row_number() over (partition by event_date, event_id order by log_object) as nth

    from {{ ref('int_configuration_changes') }}

    where
        event_date in {{ event_days() }}
        and about is not null

),

redirected as (

    select distinct
        changes.event_id,
        changes.event_date

    from changes

    inner join places
        on
            changes.bucket_name = places.bucket_name
            and changes.event_date = places.event_date

    where
        changes.effect = 'on'
        and changes.about = 'bucket'
        and (
            changes.target_bucket <> places.target_bucket
            or coalesce(changes.target_prefix, '') <> coalesce(places.target_prefix, changes.target_prefix, '')
        )

)

select
    changes.changed_at,
    changes.about,
    changes.bucket_name,
    changes.trail_name,
    cast(if(redirected.event_id is null, changes.effect, 'redirected') as varchar) as effect,
    changes.event_name,
    changes.error_code,
    changes.identity_type,
    changes.identity_arn,
    changes.remote_ip,
    changes.user_agent,
    changes.request_parameters,
    changes.event_source,
    changes.event_region,
    changes.account_id,
    changes.event_id,
    changes.log_object,
    changes.trail_arn,
    changes.target_bucket,
    changes.target_prefix,
    changes.event_date

from changes

left join log_buckets
    on
        changes.bucket_name = log_buckets.log_bucket
        and changes.event_date = log_buckets.event_date

left join redirected
    on
        changes.event_id = redirected.event_id
        and changes.event_date = redirected.event_date

where
    changes.nth = 1
    and (changes.about <> 'log_bucket' or log_buckets.log_bucket is not null)
