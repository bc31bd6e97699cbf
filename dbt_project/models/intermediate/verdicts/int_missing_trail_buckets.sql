{{ config(materialized='ephemeral', tags=['event_days']) }}

with

config as (

    select *

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

accounts as (

    select *

    from {{ ref('stg_evidence__accounts') }}

    where {{ is_snapshot_of_event_days() }}

),

-- as for the rows of buckets
observed as (

    {{ judging_snapshots('accounts') | indent(4) }}

),

found as (

    select
        accounts.account_id,
        missing.log_bucket,
        observed.event_date

    from observed

    inner join accounts
        on observed.observed_at = accounts.observed_at

    cross join unnest(accounts.missing_trail_buckets) as missing (log_bucket)

    union all

    -- an older version kept them with the account's buckets only
    select
        config.account_id,
        missing.log_bucket,
        config.event_date

    from config

    cross join unnest(config.missing_trail_buckets) as missing (log_bucket)

)

select
    log_bucket,
    event_date,
    min(account_id) as account_id

from found

group by log_bucket, event_date
