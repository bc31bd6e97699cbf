{{ config(materialized='ephemeral', tags=['event_days']) }}

with

places as (

    select *

    from {{ ref('stg_evidence__trail_places') }}

    where delivered_on in {{ event_days(after=1) }}

)

select
    named.trail_arn as named_arn,
    places.trail_arn,
    places.account_id,
    places.home_region,
    places.is_organization,
    places.is_multi_region,
    places.log_bucket,
    places.delivered_on

from places as named

inner join places
    on
        named.delivered_on = places.delivered_on
        and named.log_bucket = places.log_bucket
        and named.key_prefix = places.key_prefix
        and named.is_organization = places.is_organization
