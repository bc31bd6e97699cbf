{{ config(materialized='ephemeral', tags=['event_days']) }}

with

config as (

    select *

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

listings as (

    select *

    from {{ ref('stg_evidence__listings') }}

    where
        delivered_on in {{ event_days(after=1) }}
        and kind = 'cloudtrail'
        and error_code is not null

),

writers as (

    select *

    from {{ ref('int_trail_writers') }}

),

-- Whose events a folder hides. If an older version did not say whose folder it was, those of all trails of the bucket.
folders as (

    select
        listings.log_bucket,
        listings.error_code,
        listings.delivered_on,
        writers.trail_arn,
        coalesce(listings.account_id, if(not writers.is_organization, writers.account_id)) as account_id,
        coalesce(listings.region, if(not writers.is_multi_region, writers.home_region)) as region

    from listings

    left join writers
        on
            listings.log_bucket = writers.log_bucket
            and listings.delivered_on = writers.delivered_on
            and coalesce(listings.trail_arn = writers.named_arn, true)

)

select distinct
    account_id,
    region,
    trail_arn,
    if(log_bucket = '', 'trails_unlisted', 'folder_unlisted') as reason,
    delivered_on

from folders

where error_code <> 'NoSuchBucket'

union all

-- If the snapshot saw the bucket missing, the trail already counts for nothing. If the bucket was deleted after the
-- snapshot, the events that the trail had recorded went with it.
select distinct
    config.account_id,
    folders.region,
    folders.trail_arn,
    'folder_unlisted' as reason,
    folders.delivered_on

from folders

inner join config
    on
        config.event_date between date_add('day', -1, folders.delivered_on) and folders.delivered_on
        and coalesce(folders.account_id = config.account_id, true)

where
    folders.error_code = 'NoSuchBucket'
    and not contains(config.missing_trail_buckets, folders.log_bucket)
