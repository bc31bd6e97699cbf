{{ config(materialized='ephemeral', tags=['event_days']) }}

with

cataloged_days as (

    select *

    from {{ ref('stg_evidence__catalogued_days') }}

    where {{ is_judging_day() | indent(4) }}

),

parsed_days as (

    select *

    from {{ ref('stg_evidence__parsed_days') }}

    where {{ is_judging_day() | indent(4) }}

)

-- Objects that were cataloged and not parsed lie in S3 unread: that they are in no table proves nothing.
select cataloged_days.delivered_on

from cataloged_days

inner join parsed_days
    on
        cataloged_days.delivered_on = parsed_days.delivered_on
        -- a day that was cataloged again since is parsed only in part
        and cataloged_days.catalogued_at = parsed_days.catalogued_at
