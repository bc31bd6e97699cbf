{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

coverage as (

    select *

    from {{ ref('fct_logging_coverage') }}

    where event_date in {{ event_days() }}

),

-- Of a day on which no trail was listed, what the day before and after it had.
trail_buckets_around as (

    select
        listings.log_bucket,
        days.event_date,
        bool_or(listings.delivered_on = days.event_date) as is_of_day

    from {{ ref('stg_evidence__listings') }} as listings

    inner join (values {{ event_day_rows() }}) as days (event_date)
        on listings.delivered_on between date_add('day', -1, days.event_date) and date_add('day', 1, days.event_date)

    where
        listings.delivered_on in {{ event_days(before=1, after=1) }}
        and listings.kind = 'cloudtrail'

    group by listings.log_bucket, days.event_date

),

trail_buckets as (

    select
        *,
        bool_or(is_of_day) over (partition by event_date) as is_day_listed

    from trail_buckets_around

),

-- What does not exist cannot be logged, nor hold a trail's files.
missing_trail_buckets as (

    select
        missing.log_bucket,
        config.event_date,
        min(config.account_id) as account_id

    from {{ ref('int_logging_config') }} as config

    cross join unnest(config.missing_trail_buckets) as missing (log_bucket)

    where config.event_date in {{ event_days() }}

    group by missing.log_bucket, config.event_date

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
                    reason -> reason in ('hours_missing', 'hours_partly_missing', 'logging_interrupted', 'logging_seen_off')
                )
                then 'passed_with_losses'
            when any_match(reasons, reason -> reason in ('logging_turned_on', 'logging_redirected')) then 'unknown'
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
            when any_match(modes.coverages, state -> state in ('partly_covered', 'not_covered')) then 'failed'
            when contains(modes.coverages, 'unknown') then 'unknown'
            else 'passed'
        end as result,
        filter(coverage.coverage_reasons, reason -> not starts_with(reason, modes.others)) as coverage_reasons,
        coverage.event_date

    from coverage

    cross join unnest(
        array['reads', 'writes', 'reads_and_writes'],
        -- how reasons about the other mode begin
        array['writes_', 'reads_', '-'],
        array[
            array[coverage.read_coverage],
            array[coverage.write_coverage],
            array[coverage.read_coverage, coverage.write_coverage]
        ]
    ) as modes (asks, others, coverages)

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
        coalesce(access_log.account_id, missing.account_id) as account_id,
        access_log.region,
        trail_buckets.log_bucket as bucket_name,
        case
            -- it is unknown whether it was still a trail's bucket
            when not trail_buckets.is_of_day then 'unknown'
            when missing.log_bucket is not null then 'failed'
            -- nor into a bucket of another account
            else coalesce(access_log.result, 'unknown')
        end as result,
        if(missing.log_bucket is null, access_log.is_configured, false) as is_configured,
        coalesce(
            access_log.reasons,
            array[if(missing.log_bucket is null, 'not_observed', 'trail_bucket_missing')]
        ) as reasons,
        trail_buckets.event_date

    from trail_buckets

    left join access_log
        on
            trail_buckets.log_bucket = access_log.bucket_name
            and trail_buckets.event_date = access_log.event_date

    left join missing_trail_buckets as missing
        on
            trail_buckets.log_bucket = missing.log_bucket
            and trail_buckets.event_date = missing.event_date

    where trail_buckets.is_of_day or not trail_buckets.is_day_listed

    union all

    select
        asks,
        account_id,
        region,
        bucket_name,
        result,
        case result when 'passed' then true when 'failed' then false end as is_configured,
        if(result = 'passed', cast(array[] as array(varchar)), coverage_reasons) as reasons,
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
