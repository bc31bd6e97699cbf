{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

-- What received logs on the day or the day before it: a bucket that was deleted since is in no later listing.
log_buckets as (

    select distinct log_bucket

    from {{ source('evidence', 'listings') }}

    where delivered_on in {{ event_days(before=1) }}

),

-- Several trails may record one change.
changes as (

    select
        *,
        row_number() over (partition by event_date, event_id order by log_object) as nth

    from {{ ref('int_configuration_changes') }}

    where event_date in {{ event_days() }}

)

select
    changes.changed_at,
    changes.about,
    changes.bucket_name,
    changes.trail_name,
    changes.effect,
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
    changes.event_date

from changes

left join log_buckets
    on changes.bucket_name = log_buckets.log_bucket

where
    changes.nth = 1
    and (changes.about <> 'log_bucket' or log_buckets.log_bucket is not null)
