{{ config(materialized='ephemeral', tags=['event_days']) }}

with

accounts as (

    select *

    from {{ ref('stg_evidence__accounts') }}

    where {{ is_snapshot_of_event_days() }}

),

observed as (

    {{ judging_snapshots('accounts') | indent(4) }}

)

select
    observed.event_date,
    array_sort(array_agg(distinct accounts.account_id)) as account_ids

from observed

inner join accounts
    on observed.observed_at = accounts.observed_at

group by observed.event_date
