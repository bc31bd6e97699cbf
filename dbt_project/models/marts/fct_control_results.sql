{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

coverage as (

    select
        account_id,
        region,
        bucket_name,
        verdict,
        reasons,
        is_log_bucket,
        read_coverage,
        write_coverage,
        coverage_reasons,
        logging_state,
        event_date

    from {{ ref('fct_logging_coverage') }}

    where event_date in {{ event_days() }}

),

trail_buckets as (

    select distinct
        log_bucket,
        delivered_on

    from {{ source('evidence', 'listings') }}

    where
        delivered_on in {{ event_days() }}
        and kind = 'cloudtrail'

),

access_log as (

    select
        *,
        case
            when verdict = 'unknown' then 'unknown'
            when verdict not in ('delivering', 'idle') then 'failed'
            when
                any_match(
                    reasons,
                    one -> one in ('hours_missing', 'hours_partly_missing', 'logging_interrupted', 'logging_seen_off')
                )
                then 'passed_with_losses'
            when any_match(reasons, one -> one in ('logging_turned_on', 'logging_redirected')) then 'unknown'
            else 'passed'
        end as result,
        case logging_state when 'on' then true when 'off' then false end as is_configured

    from coverage

),

data_events as (

    select
        modes.asks,
        coverage.account_id,
        coverage.region,
        coverage.bucket_name,
        case
            when any_match(modes.found, one -> one in ('partly_covered', 'not_covered')) then 'failed'
            when contains(modes.found, 'unknown') then 'unknown'
            else 'passed'
        end as result,
        coverage.coverage_reasons,
        coverage.event_date

    from coverage

    cross join unnest(
        array['reads', 'writes', 'reads_and_writes'],
        array[
            array[coverage.read_coverage],
            array[coverage.write_coverage],
            array[coverage.read_coverage, coverage.write_coverage]
        ]
    ) as modes (asks, found)

),

answers as (

    -- a bucket that receives access logs would log its own deliveries without end
    select
        'access_log' as asks,
        account_id,
        region,
        bucket_name,
        case
            when is_log_bucket then 'not_applicable'
            when is_log_bucket is null and result = 'failed' then 'unknown'
            else result
        end as result,
        is_configured,
        reasons,
        event_date

    from access_log

    union all

    select
        'trail_bucket_access_log' as asks,
        access_log.account_id,
        access_log.region,
        access_log.bucket_name,
        access_log.result,
        access_log.is_configured,
        access_log.reasons,
        access_log.event_date

    from access_log

    inner join trail_buckets
        on
            access_log.bucket_name = trail_buckets.log_bucket
            and access_log.event_date = trail_buckets.delivered_on

    union all

    select
        asks,
        account_id,
        region,
        bucket_name,
        result,
        case result when 'passed' then true when 'failed' then false end as is_configured,
        coverage_reasons as reasons,
        event_date

    from data_events

)

select
    controls.framework,
    controls.control,
    answers.account_id,
    answers.region,
    answers.bucket_name,
    cast(answers.result as varchar) as result,
    answers.reasons,
    answers.is_configured,
    answers.event_date

from answers

inner join {{ ref('controls') }} as controls
    on answers.asks = controls.asks
