{{ config(materialized='ephemeral', tags=['event_days']) }}

-- a day whose logs were not read, if it is over or not
select
    days.delivered_on,
    cast(null as varchar) as bucket_name

from (values {{ event_day_rows(after=var('lateness_days')) }}) as days (delivered_on)

left join {{ ref('int_seen_days') }} as seen_days
    on days.delivered_on = seen_days.delivered_on

where seen_days.delivered_on is null

union all

-- a place that could not be listed: the logs of its buckets were not seen
select distinct
    delivered_on,
    bucket_name

from {{ ref('stg_evidence__listed_buckets') }}

where
    delivered_on in {{ event_days(after=var('lateness_days')) }}
    and kind = 'access_log'
    and error_code is not null
