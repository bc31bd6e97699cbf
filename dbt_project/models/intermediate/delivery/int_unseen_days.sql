{{ config(materialized='ephemeral', tags=['event_days']) }}

with

cataloged_days as (

    select delivered_on

    from {{ ref('stg_evidence__catalogued_days') }}

    where {{ is_judging_day() | indent(4) }}

),

newest as (

    select max(delivered_on) as delivered_on

    from cataloged_days

)

-- a day before the newest that was never cataloged: no log bucket was listed
select
    days.delivered_on,
    cast(null as varchar) as bucket_name

from (values {{ event_day_rows(after=var('lateness_days')) }}) as days (delivered_on)

inner join newest
    on days.delivered_on < newest.delivered_on

left join cataloged_days
    on days.delivered_on = cataloged_days.delivered_on

where cataloged_days.delivered_on is null

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
